package io.idempotent.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Journal.Event;
import io.idempotent.kill.Payments.Payment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link Verdict} on histories that were made up: each rule is broken once. */
class VerdictTest {

    private static final String KEY = "4711";
    private static final long SECOND = 1_000_000;
    private static final long FIRST = 100 * SECOND;
    private static final long SECOND_CLAIM = 103 * SECOND;

    private final List<Entry> entries = new ArrayList<>();
    private final List<Payment> payments = new ArrayList<>();
    private final List<Kill> kills = new ArrayList<>();

    @Test
    void onePaymentAndEqualAnswersAreAsTheyShouldBe() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        happened(1, Event.COMPLETED, FIRST, FIRST + 2);
        answered("a");
        answered("a");

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained()).isEmpty();
        assertThat(leased().summary()).isEqualTo("0 kills, 1 keys, 2 answers, 1 claims, 0 take-overs, 1 payments");
    }

    @Test
    void aSecondPaymentIsExplainedByAKillBetweenPaymentAndCompletion() {
        paidTwice();
        killed(1, FIRST + SECOND);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained())
                .containsExactly("4711: paid by process 1, killed 1000.0 ms later without completing,"
                        + " taken over 2000.0 ms after that");
        assertThat(leased().report()).contains("1 second payments, each explained:");
    }

    @Test
    void aSecondPaymentIsExplainedByAnOwnerThatWasTooSlowAndToldSo() {
        paidTwice();
        happened(1, Event.LOST, FIRST, SECOND_CLAIM + 5);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained()).singleElement().asString().contains("so slow that its lease ended");
    }

    @Test
    void aSecondPaymentIsExplainedByAnOwnerWhoseJvmWasAtAStandstill() {
        paidTwice();
        // It lives on after the take-over, and is killed before it is told anything.
        happened(1, Event.ASKED, 0, SECOND_CLAIM + 1);
        killed(1, SECOND_CLAIM + 2);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained()).singleElement().asString().contains("so slow that its lease ended");
    }

    @Test
    void aSecondPaymentWhoseFirstOwnerLivedOnIsNotExplained() {
        paidTwice();
        happened(1, Event.ASKED, 0, SECOND_CLAIM - SECOND / 2);
        assertThat(leased().violations())
                .containsExactly("4711 was paid by process 1, and again by process 2," + " though the first was alive");
    }

    @Test
    void aSecondPaymentThatWasMadeBeforeTheKillIsNotExplainedByIt() {
        paidTwice();
        happened(1, Event.ASKED, 0, SECOND_CLAIM - SECOND / 2);
        killed(1, SECOND_CLAIM + SECOND);

        assertThat(leased().violations()).singleElement().asString().contains("though the first was alive");
    }

    @Test
    void differentAnswersAreAViolation() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        answered("a");
        answered("b");

        assertThat(leased().violations()).containsExactly("4711 has 2 different answers");
    }

    @Test
    void noAnswerIsAViolation() {
        happened(1, Event.ASKED, 0, FIRST);

        assertThat(leased().violations()).containsExactly("4711 has 0 different answers");
    }

    @Test
    void anAnswerThatIsNotTheLastPaymentsIsAViolation() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        claimed(2, SECOND_CLAIM);
        paid(2, SECOND_CLAIM, "b");
        killed(1, FIRST + SECOND);
        answered("a");

        assertThat(leased().violations())
                .containsExactly("4711 is answered with a receipt that is not its last payment's");
    }

    @Test
    void aClaimBeforeTheLeaseHasEndedIsAViolationWhoeverWasKilled() {
        claimed(1, FIRST);
        claimed(2, FIRST + SECOND);
        paid(2, FIRST + SECOND, "b");
        killed(1, FIRST + 1);
        answered("b");

        assertThat(leased().violations())
                .containsExactly("4711 had two live owners: claimed 1000.0 ms before the last lease ended");
    }

    @Test
    void aClaimBeforeARenewedLeaseHasEndedIsAViolation() {
        paidTwice();
        killed(1, SECOND_CLAIM - 1);
        happened(1, Event.RENEWED, FIRST, SECOND_CLAIM - SECOND);

        assertThat(leased().violations()).singleElement().asString().contains("had two live owners");
    }

    @Test
    void aClaimAfterAReleaseMayBeEarly() {
        claimed(1, FIRST);
        happened(1, Event.RELEASED, FIRST, FIRST + 1);
        claimed(2, FIRST + 2);
        paid(2, FIRST + 2, "b");
        answered("b");

        assertThat(leased().violations()).isEmpty();
    }

    @Test
    void aClaimAfterCompletionIsAViolation() {
        paidTwice();
        killed(1, FIRST + SECOND);
        happened(1, Event.COMPLETED, FIRST, FIRST + 2);

        assertThat(leased().violations())
                .containsExactly("4711 was claimed 3000.0 ms after a claim that was completed");
    }

    @Test
    void aPaymentWithoutAClaimAndTwoUnderOneAreViolations() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        paid(2, FIRST, "b");
        answered("b");

        assertThat(leased().violations())
                .anySatisfy(violation -> assertThat(violation).contains("under one claim"))
                .anySatisfy(violation -> assertThat(violation).contains("which it has not claimed"));
    }

    @Test
    void wherePaymentsAreAtomicNoKillExplainsASecondOne() {
        paidTwice();
        killed(1, FIRST + SECOND);

        assertThat(Verdict.onAtomic(history()).violations())
                .singleElement()
                .asString()
                .startsWith("4711 was paid twice: by process 1");
    }

    private Verdict leased() {
        return Verdict.onLeased(history(), Duration.ofSeconds(2));
    }

    private History history() {
        return new History(entries, payments, kills);
    }

    private void paidTwice() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        claimed(2, SECOND_CLAIM);
        paid(2, SECOND_CLAIM, "b");
        answered("b");
    }

    private void claimed(long process, long token) {
        happened(process, Event.CLAIMED, token, token);
    }

    private void paid(long process, long token, String receipt) {
        payments.add(new Payment(KEY, token, process, receipt, token));
    }

    private void killed(long process, long at) {
        kills.add(new Kill(process, at, at));
    }

    private void answered(String receipt) {
        entries.add(new Entry(9, Event.ANSWERED, KEY, 0, 0, receipt));
    }

    private void happened(long process, Event event, long token, long at) {
        entries.add(new Entry(process, event, KEY, token, at, "-"));
    }
}
