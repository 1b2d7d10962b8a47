package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.engine.Scenario.Transactions;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every interleaving of two or three callers on one key, with everything going wrong that can, on the real engine and a
 * model store: all that {@link Promises} says holds in every state. {@code -Dexplore.depth=…} explores deeper than
 * {@value #DEPTH}: each step costs several times as much as the one before.
 */
@OnOneJdk("the same schedules")
final class EveryInterleavingTest {

    private static final int DEPTH = 4;

    private static void explore(WhenAbandoned policy, String what, Function<WhenAbandoned, Scenario> scenario) {
        explore(policy, what, scenario, Integer.getInteger("explore.depth", DEPTH));
    }

    private static void explore(
            WhenAbandoned policy, String what, Function<WhenAbandoned, Scenario> scenario, int depth) {
        Explorer.Report report = Explorer.explore(scenario.apply(policy).deep(depth));
        System.out.println("Every interleaving of " + what + ", " + policy + ", depth " + depth + ": " + report.told());
        assertThat(report.broken()).as(report.told()).isNull();
    }

    @ParameterizedTest
    @EnumSource
    void twoCallersOnTwoNodes(WhenAbandoned policy) {
        explore(policy, "two callers", it -> Scenario.impatient(it).on(0, 1));
    }

    @ParameterizedTest
    @EnumSource
    void threeCallersOnTwoNodes(WhenAbandoned policy) {
        explore(policy, "three callers", it -> Scenario.impatient(it).on(0, 0, 1));
    }

    @ParameterizedTest
    @EnumSource
    void callersThatWaitForEachOtherOnOneNode(WhenAbandoned policy) {
        explore(
                policy,
                "two waiting callers on one node",
                it -> Scenario.waiting(it).on(0, 0));
    }

    @ParameterizedTest
    @EnumSource
    void callersThatWaitForEachOtherOnTwoNodes(WhenAbandoned policy) {
        explore(
                policy,
                "two waiting callers on two nodes",
                it -> Scenario.waiting(it).on(0, 1));
    }

    @ParameterizedTest
    @EnumSource
    void callersThatSayDifferentThings(WhenAbandoned policy) {
        explore(policy, "two requests", it -> Scenario.impatient(it).on(0).withAnotherRequestOn(1));
    }

    @ParameterizedTest
    @EnumSource
    void callersThatGiveUpAStoreAtOnce(WhenAbandoned policy) {
        explore(policy, "hasty callers", it -> Scenario.impatient(it).on(0, 1).givingUpAtOnce());
    }

    @ParameterizedTest
    @EnumSource
    void callersWhoseWorkIsDoneInSteps(WhenAbandoned policy) {
        explore(
                policy,
                "two callers in steps",
                it -> Scenario.impatient(it).on(0, 1).inSteps());
    }

    @ParameterizedTest
    @EnumSource
    void callersInStepsThatGiveUpAStoreAtOnce(WhenAbandoned policy) {
        explore(
                policy,
                "two hasty callers in steps",
                it -> Scenario.impatient(it).on(0, 1).inSteps().givingUpAtOnce());
    }

    @ParameterizedTest
    @EnumSource(names = {"RUN_AGAIN", "RECONCILE"})
    void callersWhoseStepsAreUndone(WhenAbandoned policy) {
        explore(
                policy,
                "two callers whose steps are undone",
                it -> Scenario.impatient(it).on(0, 1).compensated());
    }

    @ParameterizedTest
    @EnumSource(names = {"RUN_AGAIN", "RECONCILE"})
    void aCallerWhoseStepsAreUndoneAndARecoverer(WhenAbandoned policy) {
        explore(
                policy,
                "a caller whose steps are undone, and a recoverer",
                it -> Scenario.impatient(it).on(0).withRecovererOn(1).compensated());
    }

    @ParameterizedTest
    @EnumSource(names = {"RUN_AGAIN", "RECONCILE"})
    void callersWithoutAThreadWhoseStepsAreUndoneAndThatGiveUpAStoreAtOnce(WhenAbandoned policy) {
        explore(
                policy,
                "two hasty callers without a thread, whose steps are undone",
                it -> Scenario.impatient(it)
                        .on(0, 1)
                        .compensated()
                        .givingUpAtOnce()
                        .async());
    }

    @ParameterizedTest
    @EnumSource
    void callersInTransactionsThatAreNotTheStores(WhenAbandoned policy) {
        explore(
                policy,
                "two transactions",
                it -> Scenario.impatient(it).on(0, 1).in(Transactions.ELSEWHERE));
    }

    @ParameterizedTest
    @EnumSource
    void callersInTransactionsOfTheStores(WhenAbandoned policy) {
        explore(
                policy,
                "two transactions of the store's",
                it -> Scenario.impatient(it).on(0, 1).in(Transactions.OF_THE_STORE));
    }

    @ParameterizedTest
    @EnumSource
    void callersWithoutAThreadOnTwoNodes(WhenAbandoned policy) {
        explore(
                policy,
                "two callers without a thread",
                it -> Scenario.impatient(it).on(0, 1).async());
    }

    @ParameterizedTest
    @EnumSource
    void callersWithoutAThreadThatWaitForEachOther(WhenAbandoned policy) {
        // Not as deep as the others, since each pause is one of many.
        explore(
                policy,
                "two waiting callers without a thread",
                it -> Scenario.waiting(it).on(0, 1).async(),
                Integer.getInteger("explore.depth", DEPTH) - 1);
    }

    @ParameterizedTest
    @EnumSource
    void callersWithoutAThreadWhoseWorkIsDoneInSteps(WhenAbandoned policy) {
        explore(
                policy,
                "two callers without a thread, in steps",
                it -> Scenario.impatient(it).on(0, 1).inSteps().async());
    }
}
