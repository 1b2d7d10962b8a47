package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.Scenario.Transactions;
import io.idempotent.engine.Schedule.Choice;
import io.idempotent.engine.Schedule.Kind;
import io.idempotent.engine.Schedule.Move;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A caller whose node is killed before and after each of its requests to the store and before and after its work's
 * effect, in turn, and a second caller on another node, which comes when the lease is over: how often it was done, and
 * what the second caller got. Of what a killed node still does, nothing takes effect.
 */
final class KilledAtEveryStepTest {

    // For a fault, a crash, the end of a lease, and who takes over.
    private static final int DEEP_ENOUGH = 10;

    private static Crew crew;

    @BeforeAll
    static void gather() {
        crew = new Crew();
    }

    @AfterAll
    static void dismiss() {
        crew.close();
    }

    /**
     * Lets the first caller go on so many times, kills its node, lets its lease end, and has the second caller call.
     */
    private static final class Killing implements Schedule.Chooser {

        private final int after;
        private final Move work;
        private final Move reconciler;
        private int steps;
        private int ticks;
        private @Nullable String at;

        Killing(int after, Move work, Move reconciler) {
            this.after = after;
            this.work = work;
            this.reconciler = reconciler;
        }

        @Override
        public int choose(Schedule schedule, List<Choice> choices) {
            if (at == null) {
                if (schedule.hasEnded(0)) {
                    return -1;
                }
                if (steps++ < after) {
                    boolean working = schedule.at(0).equals("in its work");
                    return index(choices, Kind.GO, 0, working ? work : Move.GOES_ON);
                }
                at = schedule.at(0);
                return index(choices, Kind.CRASH, 0, Move.GOES_ON);
            }
            if (ticks++ < 2) {
                return index(choices, Kind.TICK, 0, Move.GOES_ON);
            }
            boolean asked = schedule.at(1).equals("in the reconciler of charge");
            return index(choices, Kind.GO, 1, asked ? reconciler : Move.GOES_ON);
        }

        private static int index(List<Choice> choices, Kind kind, int index, Move move) {
            for (int number = 0; number < choices.size(); number++) {
                Choice choice = choices.get(number);
                if (choice.kind() == kind && choice.index() == index && choice.move() == move) {
                    return number;
                }
            }
            throw new IllegalStateException("Not to be chosen now: " + kind + " " + index + " " + move);
        }
    }

    /** What became of it, for each moment at which the first caller can be killed once it has called. */
    private static List<String> killAtEveryStep(WhenAbandoned policy, Transactions transactions, Move work) {
        return killAtEveryStep(() -> Scenario.impatient(policy).on(0, 1).in(transactions), work, Move.GOES_ON);
    }

    private static List<String> killAtEveryStep(Supplier<Scenario> scenarios, Move work, Move reconciler) {
        List<String> told = new ArrayList<>();
        for (int after = 1; ; after++) {
            Scenario scenario = scenarios.get();
            Killing killing = new Killing(after, work, reconciler);
            Schedule schedule = new Schedule(crew, killing, scenario.nodes(), DEEP_ENOUGH, true);
            ModelWorld world = new ModelWorld(scenario, schedule);
            schedule.play(world);
            if (killing.at == null) {
                return told;
            }
            String done = scenario.steps
                    ? world.promises().stepsDone()
                    : String.valueOf(world.promises().effects());
            if (schedule.isFinished()) {
                world.checkEnd();
            }
            assertThat(schedule.failure())
                    .as(String.join("\n", schedule.story()))
                    .isNull();
            ModelCall second = world.calls().get(1);
            String got = second.thrown() == null
                    ? String.valueOf(second.answer())
                    : second.thrown().getClass().getSimpleName();
            told.add(killing.at + ": done " + done + ", then " + got);
        }
    }

    @Test
    void whatIsRunAgainIsDoneTwiceOnlyIfItWasDoneAndNotRecorded() {
        assertThat(killAtEveryStep(WhenAbandoned.RUN_AGAIN, Transactions.NONE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 1, then paid by B under claim 2",
                        "in its work: done 1, then paid by B under claim 2",
                        "after it has done it: done 2, then paid by B under claim 2",
                        "before its completion: done 2, then paid by B under claim 2",
                        "after its completion: done 1, then paid by A under claim 1");
    }

    @Test
    void whatIsReconciledIsDoneOnceWhereverItsFirstOwnerIsKilled() {
        assertThat(killAtEveryStep(WhenAbandoned.RECONCILE, Transactions.NONE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 1, then paid by B under claim 2",
                        "in its work: done 1, then paid by B under claim 2",
                        "after it has done it: done 1, then found by B under claim 2",
                        "before its completion: done 1, then found by B under claim 2",
                        "after its completion: done 1, then paid by A under claim 1");
    }

    @Test
    void whatIsRefusedIsNotRunAgainOnceItWasClaimed() {
        assertThat(killAtEveryStep(WhenAbandoned.REFUSE, Transactions.NONE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 0, then IdempotencyOutcomeUnknownException",
                        "in its work: done 0, then IdempotencyOutcomeUnknownException",
                        "after it has done it: done 1, then IdempotencyOutcomeUnknownException",
                        "before its completion: done 1, then IdempotencyOutcomeUnknownException",
                        "after its completion: done 1, then paid by A under claim 1");
    }

    @Test
    void oneThatFailedFreesItsKeyAndIsAbandonedBeforeThat() {
        assertThat(killAtEveryStep(WhenAbandoned.REFUSE, Transactions.NONE, Move.THROWS))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 0, then IdempotencyOutcomeUnknownException",
                        "in its work: done 0, then IdempotencyOutcomeUnknownException",
                        "before its release: done 0, then IdempotencyOutcomeUnknownException",
                        "after its release: done 1, then paid by B under claim 2");
    }

    @Test
    void aFailureAfterWhichNobodyKnowsStaysUnknownWhereverItsOwnerIsKilled() {
        assertThat(killAtEveryStep(WhenAbandoned.RECONCILE, Transactions.NONE, Move.THROWS_UNKNOWN_DONE))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 1, then paid by B under claim 2",
                        "in its work: done 1, then paid by B under claim 2",
                        "after it has done it: done 1, then found by B under claim 2",
                        "before its abandonment: done 1, then found by B under claim 2",
                        "after its abandonment: done 1, then found by B under claim 2");
    }

    @Test
    void workInATransactionOfTheStoresIsDoneOnceWhereverItsOwnerIsKilled() {
        assertThat(killAtEveryStep(WhenAbandoned.RUN_AGAIN, Transactions.OF_THE_STORE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 1, then paid by B under claim 2",
                        "in its work: done 1, then paid by B under claim 2",
                        "after it has done it: done 1, then paid by B under claim 2",
                        "before the end of its transaction: done 1, then paid by B under claim 2",
                        "before it records in its transaction: done 1, then paid by B under claim 2",
                        "before the commit: done 1, then paid by B under claim 2",
                        "after the end of its transaction: done 1, then paid by A under claim 1");
    }

    @Test
    void workInATransactionElsewhereIsDoneTwiceOnlyIfKilledBetweenCommitAndRecord() {
        assertThat(killAtEveryStep(WhenAbandoned.RUN_AGAIN, Transactions.ELSEWHERE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1, then paid by B under claim 1",
                        "after its claim: done 1, then paid by B under claim 2",
                        "in its work: done 1, then paid by B under claim 2",
                        "after it has done it: done 1, then paid by B under claim 2",
                        "before the end of its transaction: done 1, then paid by B under claim 2",
                        "before the commit: done 1, then paid by B under claim 2",
                        "after the end of its transaction: done 2, then paid by B under claim 2",
                        "before its completion: done 2, then paid by B under claim 2",
                        "after its completion: done 1, then paid by A under claim 1");
    }

    private static List<String> killInSteps(WhenAbandoned policy, Move reconciler) {
        return killAtEveryStep(() -> Scenario.impatient(policy).on(0, 1).inSteps(), Move.GOES_ON, reconciler);
    }

    @Test
    void aStepThatRunsAtMostOnceIsReportedUnknownWhereNobodyCanTell() {
        assertThat(killInSteps(WhenAbandoned.RUN_AGAIN, Move.CANNOT_TELL))
                .containsExactly(
                        "before its claim: done 1 and 1, then paid by B under claim 1",
                        "after its claim: done 1 and 1, then paid by B under claim 2",
                        "in step reserve: done 1 and 1, then paid by B under claim 2",
                        "after it has done reserve: done 2 and 1, then paid by B under claim 2",
                        "before its record of reserve: done 2 and 1, then paid by B under claim 2",
                        "after its record of reserve: done 1 and 1, then paid by B under claim 2",
                        "before its record that it begins charge: done 1 and 1, then paid by B under claim 2",
                        "after its record that it begins charge: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "in step charge: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "after it has done charge: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "before its record of charge: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "after its record of charge: done 1 and 1, then paid by B under claim 2",
                        "before its completion: done 1 and 1, then paid by B under claim 2",
                        "after its completion: done 1 and 1, then paid by A under claim 1");
    }

    @Test
    void ofStepsThatAreRunAgainOnlyOneThatWasDoneAndNotRecordedIsDoneTwice() {
        assertThat(killInSteps(WhenAbandoned.RUN_AGAIN, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1 and 1, then paid by B under claim 1",
                        "after its claim: done 1 and 1, then paid by B under claim 2",
                        "in step reserve: done 1 and 1, then paid by B under claim 2",
                        "after it has done reserve: done 2 and 1, then paid by B under claim 2",
                        "before its record of reserve: done 2 and 1, then paid by B under claim 2",
                        "after its record of reserve: done 1 and 1, then paid by B under claim 2",
                        "before its record that it begins charge: done 1 and 1, then paid by B under claim 2",
                        "after its record that it begins charge: done 1 and 1, then paid by B under claim 2",
                        "in step charge: done 1 and 1, then paid by B under claim 2",
                        "after it has done charge: done 1 and 1, then paid by B under claim 2",
                        "before its record of charge: done 1 and 1, then paid by B under claim 2",
                        "after its record of charge: done 1 and 1, then paid by B under claim 2",
                        "before its completion: done 1 and 1, then paid by B under claim 2",
                        "after its completion: done 1 and 1, then paid by A under claim 1");
    }

    @Test
    void ofStepsThatAreReconciledOnlyOneThatWasDoneAndNotRecordedIsDoneTwice() {
        assertThat(killInSteps(WhenAbandoned.RECONCILE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1 and 1, then paid by B under claim 1",
                        "after its claim: done 1 and 1, then paid by B under claim 2",
                        "in step reserve: done 1 and 1, then paid by B under claim 2",
                        "after it has done reserve: done 2 and 1, then paid by B under claim 2",
                        "before its record of reserve: done 2 and 1, then paid by B under claim 2",
                        "after its record of reserve: done 1 and 1, then paid by B under claim 2",
                        "before its record that it begins charge: done 1 and 1, then paid by B under claim 2",
                        "after its record that it begins charge: done 1 and 1, then paid by B under claim 2",
                        "in step charge: done 1 and 1, then paid by B under claim 2",
                        "after it has done charge: done 1 and 1, then found by B under claim 2",
                        "before its record of charge: done 1 and 1, then found by B under claim 2",
                        "after its record of charge: done 1 and 1, then found by B under claim 2",
                        "before its completion: done 1 and 1, then found by B under claim 2",
                        "after its completion: done 1 and 1, then paid by A under claim 1");
    }

    @Test
    void stepsOfWhatIsRefusedAreNotRunAgainOnceItWasClaimed() {
        assertThat(killInSteps(WhenAbandoned.REFUSE, Move.GOES_ON))
                .containsExactly(
                        "before its claim: done 1 and 1, then paid by B under claim 1",
                        "after its claim: done 0 and 0, then IdempotencyOutcomeUnknownException",
                        "in step reserve: done 0 and 0, then IdempotencyOutcomeUnknownException",
                        "after it has done reserve: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "before its record of reserve: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "after its record of reserve: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "before its record that it begins charge: done 1 and 0, then"
                                + " IdempotencyOutcomeUnknownException",
                        "after its record that it begins charge: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "in step charge: done 1 and 0, then IdempotencyOutcomeUnknownException",
                        "after it has done charge: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "before its record of charge: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "after its record of charge: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "before its completion: done 1 and 1, then IdempotencyOutcomeUnknownException",
                        "after its completion: done 1 and 1, then paid by A under claim 1");
    }

    private static List<String> killWhileUndoing(UnaryOperator<Scenario> scenario) {
        return killAtEveryStep(
                () -> scenario.apply(Scenario.impatient(WhenAbandoned.RUN_AGAIN))
                        .compensated(),
                Move.THROWS_FINALLY,
                Move.GOES_ON);
    }

    /** What becomes of it, but before the first claim and after the completion. */
    private static final List<String> WHERE_STEPS_ARE_UNDONE = List.of(
            "after its claim: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "in step reserve: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "after it has done reserve: done 2 and 1, undone 0 and 0, then paid by B under claim 2",
            "before its record of reserve: done 2 and 1, undone 0 and 0, then paid by B under claim 2",
            "after its record of reserve: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "before its record that it begins charge: done 1 and 1, undone 0 and 0, then" + " paid by B under claim 2",
            "after its record that it begins charge: done 1 and 1, undone 0 and 0, then paid" + " by B under claim 2",
            "in step charge: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "after it has done charge: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "before its record of charge: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "after its record of charge: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "in its work: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "before its record that it begins compensate:charge: done 1 and 1, undone 0 and"
                    + " 0, then paid by B under claim 2",
            "after its record that it begins compensate:charge: done 1 and 1, undone 0 and"
                    + " 0, then paid by B under claim 2",
            "before its record that it begins compensate:reserve: done 1 and 1, undone 0 and"
                    + " 0, then paid by B under claim 2",
            "after its record that it begins compensate:reserve: done 1 and 1, undone 0 and"
                    + " 0, then paid by B under claim 2",
            "before its record of compensate:: done 1 and 1, undone 0 and 0, then paid by B under claim 2",
            "after its record of compensate:: done 1 and 1, undone 1 and 1, then FinalException",
            "in the undo of charge: done 1 and 1, undone 1 and 1, then FinalException",
            "after it has undone charge: done 1 and 1, undone 1 and 2, then FinalException",
            "before its record of compensate:charge: done 1 and 1, undone 1 and 2, then FinalException",
            "after its record of compensate:charge: done 1 and 1, undone 1 and 1, then FinalException",
            "in the undo of reserve: done 1 and 1, undone 1 and 1, then FinalException",
            "after it has undone reserve: done 1 and 1, undone 2 and 1, then FinalException",
            "before its record of compensate:reserve: done 1 and 1, undone 2 and 1, then FinalException",
            "after its record of compensate:reserve: done 1 and 1, undone 1 and 1, then FinalException",
            "before its completion: done 1 and 1, undone 1 and 1, then FinalException");

    @Test
    void stepsThatAreUndoneGoOnBackwardWhereverTheirOwnerIsKilledAndNeverForward() {
        assertThat(killWhileUndoing(scenario -> scenario.on(0, 1)))
                .startsWith("before its claim: done 1 and 1, undone 0 and 0, then paid by B under claim 1")
                .containsSequence(WHERE_STEPS_ARE_UNDONE)
                .endsWith("after its completion: done 1 and 1, undone 1 and 1, then FinalException")
                .hasSize(WHERE_STEPS_ARE_UNDONE.size() + 2);
    }

    @Test
    void aRecovererUndoesWhatACallerWouldHaveUndone() {
        assertThat(killWhileUndoing(scenario -> scenario.on(0).withRecovererOn(1)))
                .startsWith("before its claim: done 0 and 0, undone 0 and 0, then null")
                .containsSequence(WHERE_STEPS_ARE_UNDONE)
                .endsWith("after its completion: done 1 and 1, undone 1 and 1, then null")
                .hasSize(WHERE_STEPS_ARE_UNDONE.size() + 2);
    }
}
