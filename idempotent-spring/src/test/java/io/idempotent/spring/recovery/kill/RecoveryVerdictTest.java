package io.idempotent.spring.recovery.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.Effect;
import io.idempotent.kill.order.Told;
import io.idempotent.kill.order.Told.Event;
import io.idempotent.spring.recovery.kill.OrderPlan.Declined;
import io.idempotent.spring.recovery.kill.RecoveryHistory.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * {@link RecoveryVerdict} on histories that were made up: each rule is broken once. There are two orders: one that is
 * placed, and one that is declined. Process 1 is the callers', and is killed.
 */
class RecoveryVerdictTest {

    private static final int PLACED = first(Declined.NEVER);
    private static final int DECLINED = first(Declined.ALWAYS);
    private static final int AT_FIRST = first(Declined.AT_FIRST);

    private static final long CALLER = 1;
    private static final long RECOVERER = 2;

    private static final long KILLED_AT = 1_000_000;
    private static final long ENDED_AT = 2_500_000;
    private static final Duration BOUND = Duration.ofSeconds(2);

    private final List<Told> told = new ArrayList<>();
    private final List<Effect> effects = new ArrayList<>();
    private final List<Kill> kills = new ArrayList<>(List.of(new Kill(CALLER, KILLED_AT, KILLED_AT + 1)));
    private final Map<Integer, Ending> endings = new HashMap<>();

    private static int first(Declined declined) {
        return IntStream.range(0, OrderPlan.PERIOD * 2)
                .filter(number -> new OrderPlan(number).declined() == declined)
                .findFirst()
                .orElseThrow();
    }

    @BeforeEach
    void cutOff() {
        claimed(CALLER, PLACED);
        claimed(CALLER, DECLINED);
    }

    @Test
    void everyPointHasItsOrderAndEveryKindOfOrderIsKilledAgain() {
        List<OrderPlan> plans =
                IntStream.range(0, OrderPlan.PERIOD).mapToObj(OrderPlan::new).toList();

        assertThat(plans.stream().map(OrderPlan::firstCrash).collect(Collectors.toSet()))
                .isEqualTo(OrderPlan.points());
        assertThat(plans.stream()
                        .filter(plan -> plan.secondCrash() != null)
                        .map(OrderPlan::declined)
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(Declined.values());
    }

    @Test
    void stepsThatAreDoneOnceAndUndoneInReverseAreAsTheyShouldBe() {
        placed(PLACED);
        declined(DECLINED);

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().explained()).isEmpty();
        assertThat(verdict().summary())
                .isEqualTo("2 orders, 1 with a value, 1 declined and undone; 1 JVMs killed, with 0 executions at their"
                        + " points; 9 steps done and 4 undone; 2 recovered, in the median 1500 ms and at most 1500 ms"
                        + " after the kill");
    }

    @Test
    void repetitionsOfWhatIsDoneAndUndoneAreExplainedByAKillBeforeTheRecord() {
        done(CALLER, PLACED, "reserve");
        told.add(new Told(CALLER, Event.AT, PLACED, 0, "AFTER_EFFECT:reserve"));
        placed(PLACED);
        declined(DECLINED);
        effects.add(effects.size() - 1, undone(CALLER, DECLINED, "reserve"));
        told.add(new Told(CALLER, Event.AT, DECLINED, 0, "AFTER_EFFECT:compensate:reserve"));

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().explained())
                .hasSize(2)
                .anyMatch(line -> line.startsWith("order " + PLACED + ": reserve was done by process 1"))
                .anyMatch(line -> line.startsWith("order " + DECLINED + ": compensate:reserve was done by process 1"));
        assertThat(verdict().killedAt())
                .isEqualTo(Map.of(
                        CrashPoint.parse("AFTER_EFFECT:reserve"), 1,
                        CrashPoint.parse("AFTER_EFFECT:compensate:reserve"), 1));
        assertThat(verdict().report()).contains("2 repetitions, each explained:");
    }

    @Test
    void aRepetitionThatNoKillExplainsIsAViolation() {
        done(0, PLACED, "reserve");
        placed(PLACED);
        declined(DECLINED);

        assertThat(verdict().violations()).singleElement().asString().endsWith("though the first was not killed");
    }

    @Test
    void aRepetitionOfWhatIsUndoneAndRecordedIsAViolationWhoeverWasKilled() {
        placed(PLACED);
        declined(DECLINED);
        effects.add(effects.size() - 1, undone(CALLER, DECLINED, "reserve"));
        told.add(new Told(CALLER, Event.RECORDED, DECLINED, CALLER, "compensate:reserve"));

        assertThat(verdict().violations()).singleElement().asString().endsWith("though the first had recorded it");
    }

    @Test
    void aRepetitionOfWhatRunsAtMostOnceIsAViolationWhoeverWasKilled() {
        done(CALLER, PLACED, "charge");
        placed(PLACED);
        declined(DECLINED);

        assertThat(verdict().violations()).singleElement().asString().endsWith("though it runs at most once");
    }

    @Test
    void anOrderThatHasNotEndedIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        endings.remove(PLACED);

        assertThat(verdict().violations()).containsExactly("order " + PLACED + " has not ended after 2 claims");
    }

    @Test
    void anOrderThatEndedTooLateIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        endings.compute(PLACED, (order, ending) -> new Ending(false, ending.text(), ENDED_AT + 1_000_000));

        assertThat(verdict().violations())
                .containsExactly("order " + PLACED + " ended 2500.0 ms after the kill, later than 2000 ms");
    }

    @Test
    void anOrderIsNotLateIfItWasClaimedByAProcessThatWasKilledLater() {
        placed(PLACED);
        declined(DECLINED);
        claimed(3, PLACED);
        kills.add(new Kill(3, KILLED_AT + 1_000_000, KILLED_AT + 1_000_001));
        endings.compute(PLACED, (order, ending) -> new Ending(false, ending.text(), ENDED_AT + 1_000_000));

        assertThat(verdict().violations()).isEmpty();
    }

    @Test
    void anOrderThatItsCallerEndedIsNotRecovered() {
        placed(PLACED);
        declined(DECLINED);
        endings.compute(PLACED, (order, ending) -> new Ending(false, ending.text(), KILLED_AT - 1));

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().summary()).contains("1 recovered");
    }

    @Test
    void aValueWithoutAStepIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        effects.removeIf(effect -> effect.order() == PLACED && effect.step().equals("pack"));

        assertThat(verdict().violations()).singleElement().asString().contains(",nothing,");
    }

    @Test
    void aValueOfWhatIsUndoneIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        effects.add(undone(RECOVERER, PLACED, "ship"));

        assertThat(verdict().violations())
                .containsExactly("order %d has a value, and undo-%d-ship-1 was done".formatted(PLACED, PLACED));
    }

    @Test
    void aValueOfWhatIsDeclinedIsAViolation() {
        placed(DECLINED);
        placed(PLACED);

        assertThat(verdict().violations()).containsExactly("order " + DECLINED + " is declined, and has a value");
    }

    @Test
    void aValueOfWhatWasToBeUndoneIsAViolation() {
        placed(AT_FIRST);
        told.add(new Told(CALLER, Event.RECORDED, AT_FIRST, CALLER, "compensate:"));

        assertThat(verdict(AT_FIRST).violations())
                .containsExactly("order " + AT_FIRST + " has a value, and was to be undone");
    }

    @Test
    void whatIsDeclinedAtFirstMayHaveAValueOrBeUndone() {
        placed(AT_FIRST);
        assertThat(verdict(AT_FIRST).violations()).isEmpty();

        effects.clear();
        declined(AT_FIRST);
        assertThat(verdict(AT_FIRST).violations()).isEmpty();
    }

    @Test
    void aFailureOfWhatIsNotDeclinedIsAViolation() {
        declined(PLACED);
        declined(DECLINED);

        assertThat(verdict().violations()).containsExactly("order " + PLACED + " has a failure, and is not declined");
    }

    @Test
    void aStepThatIsNotUndoneIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        effects.removeIf(effect -> effect.step().equals(Undone.effectOf(receipt(DECLINED, "pack"))));

        assertThat(verdict().violations())
                .containsExactly("order " + DECLINED + " is declined, and pack was not undone");
    }

    @Test
    void aStepThatIsUndoneWithAReceiptThatWasSupersededIsAViolation() {
        done(CALLER, DECLINED, "reserve");
        placed(PLACED);
        declined(DECLINED);
        effects.removeIf(effect -> effect.step().startsWith("undo-" + DECLINED + "-reserve"));
        effects.add(undone(RECOVERER, DECLINED, DECLINED + "-reserve-1", 1));

        assertThat(verdict().violations())
                .containsExactly("order %1$d: undo-%1$d-reserve-1 was done, and what was to be undone is %1$d-reserve-2"
                        .formatted(DECLINED));
    }

    @Test
    void aConfirmationOfWhatIsDeclinedIsAViolation() {
        placed(PLACED);
        done(CALLER, DECLINED, "confirm");
        declined(DECLINED);

        assertThat(verdict().violations()).containsExactly("order " + DECLINED + " is declined, and confirm was done");
    }

    @Test
    void aStepThatIsDoneAfterAnythingIsUndoneIsAViolation() {
        placed(PLACED);
        declined(DECLINED);
        Effect ship = effects.stream()
                .filter(effect -> effect.order() == DECLINED && effect.step().equals("ship"))
                .findAny()
                .orElseThrow();
        effects.remove(ship);
        effects.add(ship);

        assertThat(verdict().violations())
                .containsExactly("order " + DECLINED + ": ship was done after reserve was undone");
    }

    @Test
    void stepsThatAreUndoneInAnotherOrderAreAViolation() {
        placed(PLACED);
        declined(DECLINED);
        effects.add(effects.remove(effects.size() - 2));

        assertThat(verdict().violations()).containsExactly("order " + DECLINED + ": charge was undone after reserve");
    }

    private RecoveryVerdict verdict() {
        return verdict(PLACED, DECLINED);
    }

    private RecoveryVerdict verdict(Integer... orders) {
        return RecoveryVerdict.of(new RecoveryHistory(List.of(orders), told, effects, kills, endings), BOUND);
    }

    private void placed(int order) {
        claimed(RECOVERER, order);
        OrderPlan.STEPS.forEach(step -> done(RECOVERER, order, step));
        String value =
                OrderPlan.STEPS.stream().map(step -> receipt(order, step)).collect(Collectors.joining(","));
        endings.put(order, new Ending(false, value, ENDED_AT));
    }

    private void declined(int order) {
        claimed(RECOVERER, order);
        List<String> steps =
                OrderPlan.STEPS.stream().filter(OrderPlan::isUndone).toList();
        steps.forEach(step -> done(RECOVERER, order, step));
        for (int index = steps.size() - 1; index >= 0; index--) {
            effects.add(undone(RECOVERER, order, steps.get(index)));
        }
        endings.put(order, new Ending(true, "declined", ENDED_AT));
    }

    private void claimed(long process, int order) {
        told.add(new Told(process, Event.CLAIMED, order, process, "claim"));
    }

    private void done(long process, int order, String step) {
        effects.add(effect(process, order, step, order + "-" + step + "-" + (count(order, step) + 1)));
    }

    private Effect undone(long process, int order, String step) {
        return undone(process, order, receipt(order, step), process);
    }

    private Effect undone(long process, int order, String receipt, long number) {
        return effect(process, order, Undone.effectOf(receipt), "undone-" + number);
    }

    /** An effect under a claim whose token is the process' number. */
    private static Effect effect(long process, int order, String step, String receipt) {
        return new Effect(order, step, process, process, process, receipt);
    }

    private String receipt(int order, String step) {
        return order + "-" + step + "-" + count(order, step);
    }

    private long count(int order, String step) {
        return effects.stream()
                .filter(effect -> effect.order() == order && effect.step().equals(step))
                .count();
    }
}
