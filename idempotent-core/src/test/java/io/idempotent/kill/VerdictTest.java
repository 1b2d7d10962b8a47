package io.idempotent.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Journal.Event;
import io.idempotent.kill.Payments.Payment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** {@link Verdict} on histories that were made up: each rule is broken once. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class VerdictTest {

    private static final String KEY = "4711";
    private static final long SECOND = 1_000_000;
    private static final long FIRST = 100 * SECOND;
    private static final long SECOND_CLAIM = 103 * SECOND;

    private final List<Entry> entries = new ArrayList<>();
    private final List<Payment> payments = new ArrayList<>();
    private final List<Kill> kills = new ArrayList<>();

    @Test
    void one_payment_and_equal_answers_are_as_they_should_be() {
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
    void a_second_payment_is_explained_by_a_kill_between_payment_and_completion() {
        paidTwice();
        killed(1, FIRST + SECOND);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained())
                .containsExactly("4711: paid by process 1, killed 1000.0 ms later without completing,"
                        + " taken over 2000.0 ms after that");
        assertThat(leased().report()).contains("1 second payments, each explained:");
    }

    @Test
    void a_second_payment_is_explained_by_an_owner_that_was_too_slow_and_told_so() {
        paidTwice();
        happened(1, Event.LOST, FIRST, SECOND_CLAIM + 5);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained()).singleElement().asString().contains("so slow that its lease ended");
    }

    @Test
    void a_second_payment_is_explained_by_an_owner_whose_jvm_was_at_a_standstill() {
        paidTwice();
        // It lives on after the take-over, and is killed before it is told anything.
        happened(1, Event.ASKED, 0, SECOND_CLAIM + 1);
        killed(1, SECOND_CLAIM + 2);

        assertThat(leased().violations()).isEmpty();
        assertThat(leased().explained()).singleElement().asString().contains("so slow that its lease ended");
    }

    @Test
    void a_second_payment_whose_first_owner_lived_on_is_not_explained() {
        paidTwice();
        happened(1, Event.ASKED, 0, SECOND_CLAIM - SECOND / 2);
        assertThat(leased().violations())
                .containsExactly("4711 was paid by process 1, and again by process 2," + " though the first was alive");
    }

    @Test
    void a_second_payment_that_was_made_before_the_kill_is_not_explained_by_it() {
        paidTwice();
        happened(1, Event.ASKED, 0, SECOND_CLAIM - SECOND / 2);
        killed(1, SECOND_CLAIM + SECOND);

        assertThat(leased().violations()).singleElement().asString().contains("though the first was alive");
    }

    @Test
    void different_answers_are_a_violation() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        answered("a");
        answered("b");

        assertThat(leased().violations()).containsExactly("4711 has 2 different answers");
    }

    @Test
    void no_answer_is_a_violation() {
        happened(1, Event.ASKED, 0, FIRST);

        assertThat(leased().violations()).containsExactly("4711 has 0 different answers");
    }

    @Test
    void an_answer_that_is_not_the_last_payments_is_a_violation() {
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
    void a_claim_before_the_lease_has_ended_is_a_violation_whoever_was_killed() {
        claimed(1, FIRST);
        claimed(2, FIRST + SECOND);
        paid(2, FIRST + SECOND, "b");
        killed(1, FIRST + 1);
        answered("b");

        assertThat(leased().violations())
                .containsExactly("4711 had two live owners: claimed 1000.0 ms before the last lease ended");
    }

    @Test
    void a_claim_before_a_renewed_lease_has_ended_is_a_violation() {
        paidTwice();
        killed(1, SECOND_CLAIM - 1);
        happened(1, Event.RENEWED, FIRST, SECOND_CLAIM - SECOND);

        assertThat(leased().violations()).singleElement().asString().contains("had two live owners");
    }

    @Test
    void a_claim_after_a_release_may_be_early() {
        claimed(1, FIRST);
        happened(1, Event.RELEASED, FIRST, FIRST + 1);
        claimed(2, FIRST + 2);
        paid(2, FIRST + 2, "b");
        answered("b");

        assertThat(leased().violations()).isEmpty();
    }

    @Test
    void a_claim_after_completion_is_a_violation() {
        paidTwice();
        killed(1, FIRST + SECOND);
        happened(1, Event.COMPLETED, FIRST, FIRST + 2);

        assertThat(leased().violations())
                .containsExactly("4711 was claimed 3000.0 ms after a claim that was completed");
    }

    @Test
    void a_payment_without_a_claim_and_two_under_one_are_violations() {
        claimed(1, FIRST);
        paid(1, FIRST, "a");
        paid(2, FIRST, "b");
        answered("b");

        assertThat(leased().violations())
                .anySatisfy(violation -> assertThat(violation).contains("under one claim"))
                .anySatisfy(violation -> assertThat(violation).contains("which it has not claimed"));
    }

    @Test
    void where_payments_are_atomic_no_kill_explains_a_second_one() {
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
