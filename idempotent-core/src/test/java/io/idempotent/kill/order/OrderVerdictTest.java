package io.idempotent.kill.order;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.Told.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * {@link OrderVerdict} on histories that were made up: each rule is broken once. There are two orders: 0, whose charge
 * somebody can be asked about, and 1, where nobody can.
 */
class OrderVerdictTest {

    private static final int KNOWN = 0;
    private static final int OTHER = 1;

    private static final long FIRST = 100;
    private static final long SECOND = 200;

    private final List<Told> told = new ArrayList<>();
    private final List<Effect> effects = new ArrayList<>();
    private final List<Kill> kills = new ArrayList<>();
    private final Map<Integer, Map<String, Boolean>> abandoned = new HashMap<>();

    @Test
    void stepsThatAreDoneOnceAndEqualValuesAreAsTheyShouldBe() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        told(2, Event.ANSWERED, OTHER, 0, value(OTHER));

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().explained()).isEmpty();
        assertThat(verdict().summary())
                .isEqualTo("2 orders; 0 JVMs killed, 0 of them at any time, and 0 orders at their points;"
                        + " 8 effects, 0 calls refused; 2 orders with a value, 0 unknown,"
                        + " of whose steps the ledger has 0 and has not 0");
    }

    @Test
    void aRepetitionIsExplainedByAKillBetweenTheEffectAndItsRecord() {
        done(KNOWN, "reserve", 1, FIRST);
        told(1, Event.AT, KNOWN, 0, "AFTER_EFFECT:reserve");
        killed(1);
        placed(KNOWN, 2, SECOND);
        placed(OTHER, 2, SECOND);

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().explained())
                .containsExactly("order 0: reserve was done by process 1, and again by process 2:"
                        + " the first was killed 0.9 ms after it, before it was recorded");
        assertThat(verdict().killedAt()).isEqualTo(Map.of(CrashPoint.parse("AFTER_EFFECT:reserve"), 1));
        assertThat(verdict().report())
                .contains("1 JVMs killed, 0 of them at any time, and 1 orders at their points")
                .contains("1 repetitions, each explained:");
    }

    @Test
    void aRepetitionOfWhatWasRecordedIsAViolationWhoeverWasKilled() {
        done(KNOWN, "reserve", 1, FIRST);
        told(1, Event.RECORDED, KNOWN, FIRST, "reserve");
        killed(1);
        placed(KNOWN, 2, SECOND);
        placed(OTHER, 2, SECOND);

        assertThat(verdict().violations())
                .containsExactly("order 0: reserve was done by process 1, and again by process 2,"
                        + " though the first had recorded it");
    }

    @Test
    void aRepetitionWhoseFirstProcessLivedOnIsAViolation() {
        done(KNOWN, "ship", 1, FIRST);
        placed(KNOWN, 2, SECOND);
        placed(OTHER, 2, SECOND);

        assertThat(verdict().violations()).singleElement().asString().endsWith("though the first was not killed");
    }

    @Test
    void aRepetitionUnderTheSameClaimIsAViolation() {
        done(KNOWN, "ship", 1, FIRST);
        killed(1);
        placed(KNOWN, 2, FIRST);
        placed(OTHER, 2, SECOND);

        assertThat(verdict().violations()).singleElement().asString().endsWith("though not under a later claim");
    }

    @Test
    void aRepetitionOfWhatRunsAtMostOnceIsAViolationWhoeverWasKilled() {
        done(KNOWN, "charge", 1, FIRST);
        killed(1);
        placed(KNOWN, 2, SECOND);
        placed(OTHER, 2, SECOND);

        assertThat(verdict().violations()).singleElement().asString().endsWith("though it runs at most once");
    }

    @Test
    void anOrderThatNeverEndedIsAViolation() {
        placed(KNOWN, 1, FIRST);

        assertThat(verdict().violations()).containsExactly("order 1 has 0 different values, and is not unknown");
    }

    @Test
    void differentValuesAreAViolation() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        told(1, Event.ANSWERED, OTHER, 0, "another");

        assertThat(verdict().violations()).containsExactly("order 1 has 2 different values, and is not unknown");
    }

    @Test
    void aValueOfWhatIsUnknownIsAViolation() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        told(1, Event.UNKNOWN, OTHER, 0, "-");

        assertThat(verdict().violations()).containsExactly("order 1 has 1 different values, and is unknown");
    }

    @Test
    void aValueWithoutAStepIsAViolation() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        effects.removeIf(effect -> effect.order() == OTHER && effect.step().equals("ship"));

        assertThat(verdict().violations())
                .singleElement()
                .asString()
                .contains("ship-1,")
                .contains(",nothing,");
    }

    @Test
    void aValueOfReceiptsThatWereSupersededIsAViolation() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        killed(1);
        told.removeIf(line -> line.event() == Event.RECORDED && line.text().equals("ship"));
        effects.add(new Effect(OTHER, "ship", SECOND, 2, SECOND, "1-ship-2"));

        assertThat(verdict().violations()).singleElement().asString().startsWith("order 1 has the value");
    }

    @Test
    void anOrderWithAValueThatIsAbandonedIsAViolation() {
        placed(KNOWN, 1, FIRST);
        placed(OTHER, 1, FIRST);
        abandoned.put(KNOWN, Map.of());

        assertThat(verdict().violations()).containsExactly("order 0 has a value, and is abandoned");
    }

    @Test
    void anOrderIsUnknownBecauseItsProcessWasKilledInAStepThatRunsAtMostOnce() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        killed(1);

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().summary())
                .endsWith("1 orders with a value, 1 unknown, of whose steps the ledger has 0 and has not 1");
    }

    @Test
    void anOrderIsUnknownWhetherOrNotTheStepWasDone() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        done(OTHER, "charge", 1, FIRST);
        killed(1);

        assertThat(verdict().violations()).isEmpty();
        assertThat(verdict().summary()).endsWith("of whose steps the ledger has 1 and has not 0");
    }

    @Test
    void anOrderThatIsUnknownThoughNobodyWasKilledIsAViolation() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);

        assertThat(verdict().violations())
                .containsExactly("order 1 is unknown for its step charge, and nobody was killed in that");
    }

    @Test
    void anOrderThatIsUnknownThoughTheStepWasRecordedBeforeTheKillIsAViolation() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        told(1, Event.RECORDED, OTHER, FIRST, "charge");
        killed(1);

        assertThat(verdict().violations()).singleElement().asString().endsWith("and nobody was killed in that");
    }

    @Test
    void anOrderThatIsUnknownThoughSomebodyCouldBeAskedIsAViolation() {
        unknown(KNOWN);
        placed(OTHER, 2, SECOND);
        killed(1);

        assertThat(verdict().violations()).singleElement().asString().endsWith("or been asked about");
    }

    @Test
    void anOrderThatIsUnknownAndNotListedIsAViolation() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        killed(1);
        abandoned.clear();

        assertThat(verdict().violations()).containsExactly("order 1 is unknown, and not abandoned");
    }

    @Test
    void anOrderThatIsUnknownWithoutAStepThatIsBegunIsAViolation() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        killed(1);
        abandoned.put(OTHER, Map.of("reserve", true));

        assertThat(verdict().violations())
                .contains("order 1 is unknown, and none of its steps is")
                .contains("order 1 is unknown after charge, which was not done or is not recorded");
    }

    @Test
    void anOrderThatIsUnknownAndWentOnIsAViolation() {
        placed(KNOWN, 2, SECOND);
        unknown(OTHER);
        killed(1);
        done(OTHER, "ship", 1, FIRST);

        assertThat(verdict().violations())
                .containsExactly("order 1 is unknown before ship, which was done or is recorded");
    }

    private OrderVerdict verdict() {
        return OrderVerdict.of(new OrderHistory(2, told, effects, kills, abandoned));
    }

    private void placed(int order, long process, long token) {
        for (String step : Order.STEPS) {
            if (new Order(order).isAtMostOnce(step)) {
                told(process, Event.BEGINS, order, token, step);
            }
            done(order, step, process, token);
            told(process, Event.RECORDED, order, token, step);
        }
        told(process, Event.ANSWERED, order, 0, value(order));
    }

    private void unknown(int order) {
        done(order, "reserve", 1, FIRST);
        told(1, Event.RECORDED, order, FIRST, "reserve");
        told(1, Event.BEGINS, order, FIRST, "charge");
        told(2, Event.UNKNOWN, order, 0, "-");
        abandoned.put(order, Map.of("reserve", true, "charge", false));
    }

    private String value(int order) {
        return String.join(
                ",",
                Order.STEPS.stream()
                        .map(step -> receipt(order, step, count(order, step)))
                        .toList());
    }

    private void done(int order, String step, long process, long token) {
        effects.add(new Effect(order, step, token, process, token, receipt(order, step, count(order, step) + 1)));
    }

    private long count(int order, String step) {
        return effects.stream()
                .filter(effect -> effect.order() == order && effect.step().equals(step))
                .count();
    }

    private static String receipt(int order, String step, long number) {
        return order + "-" + step + "-" + number;
    }

    private void killed(long process) {
        kills.add(new Kill(process, 1000, 1000));
    }

    private void told(long process, Event event, int order, long token, String text) {
        told.add(new Told(process, event, order, token, text));
    }
}
