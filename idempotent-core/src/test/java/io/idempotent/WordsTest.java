package io.idempotent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.RecordedOutcome.Encoded;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordsTest {

    private static final IdempotencyKey KEY = IdempotencyKey.of("payment-service-pay", "4711");
    private static final String SECRET = "DE89370400440532013000";

    // fingerprints

    @Test
    void fingerprintsMatchWhenTheyAreEqual() {
        assertThat(Fingerprint.ofContent("a").matches(Fingerprint.ofContent("a")))
                .isTrue();
        assertThat(Fingerprint.ofContent("a").matches(Fingerprint.ofContent("b")))
                .isFalse();
        assertThat(Fingerprint.ofContent(null).matches(Fingerprint.ofContent(null)))
                .isTrue();
        assertThat(Fingerprint.ofContent(null).matches(Fingerprint.ofContent("a")))
                .isFalse();
        assertThat(Fingerprint.ofContent("a").matches(Fingerprint.ofContent(null)))
                .isFalse();
        assertThat(Fingerprint.ofDigest("1:ab").matches(Fingerprint.ofDigest("1:ab")))
                .isTrue();
        assertThat(Fingerprint.ofDigest("1:ab").matches(Fingerprint.ofDigest("2:ab")))
                .isFalse();
        assertThat(Fingerprint.ofDigest("a").matches(Fingerprint.ofContent("a")))
                .isFalse();
        assertThat(Fingerprint.ofContent("a").matches(Fingerprint.ofDigest("a")))
                .isFalse();
    }

    @Test
    void contentIsComparedByItsOwnEquality() {
        Fingerprint fingerprint = Fingerprint.ofContent(List.of("a", 1));
        assertThat(fingerprint).isEqualTo(Fingerprint.ofContent(List.of("a", 1)));
        assertThat(fingerprint).hasSameHashCodeAs(Fingerprint.ofContent(List.of("a", 1)));
        assertThat(fingerprint).isNotEqualTo(Fingerprint.ofContent(List.of("a", 1L)));
    }

    @Test
    void theFingerprintThatSaysNothingMatchesEveryOneFromEitherSide() {
        for (Fingerprint other : List.of(
                Fingerprint.none(),
                Fingerprint.ofContent("a"),
                Fingerprint.ofContent(null),
                Fingerprint.ofDigest("1:a"))) {
            assertThat(Fingerprint.none().matches(other)).isTrue();
            assertThat(other.matches(Fingerprint.none())).isTrue();
        }
    }

    @Test
    void aDigestMustNotBeEmpty() {
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.ofDigest(""));
    }

    // outcomes

    @Test
    void anOutcomeGivesItsValueOrThrowsItsFailure() throws Throwable {
        IOException declined = new IOException("declined");
        assertThat(new Outcome.Value("receipt").get()).isEqualTo("receipt");
        assertThat(new Outcome.Value(null).get()).isNull();
        assertThat(catchThrowable(() -> new Outcome.Failure(declined).get())).isSameAs(declined);
    }

    @Test
    void encodedOutcomesAreEqualByTheirBytes() {
        Encoded encoded = new Encoded(Encoded.Kind.VALUE, new byte[] {1, 2});
        Encoded same = new Encoded(Encoded.Kind.VALUE, new byte[] {1, 2});
        assertThat(encoded).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(encoded).isNotEqualTo(new Encoded(Encoded.Kind.FAILURE, new byte[] {1, 2}));
        assertThat(encoded).isNotEqualTo(new Encoded(Encoded.Kind.VALUE, new byte[] {1, 3}));
    }

    // what must not be read in a log

    @Test
    void noTextShowsWhatARequestSaidOrWhatRunningItProduced() {
        Outcome value = new Outcome.Value(SECRET);
        Outcome failure = new Outcome.Failure(new IOException(SECRET));
        assertThat(List.of(
                        Fingerprint.ofContent(SECRET),
                        Fingerprint.ofContent(List.of(SECRET)),
                        value,
                        failure,
                        new RecordedOutcome.ByReference(value),
                        new RecordedOutcome.ByReference(failure),
                        new Encoded(Encoded.Kind.VALUE, SECRET.getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                .extracting(Object::toString)
                .noneMatch(text -> text.contains(SECRET));
    }

    @Test
    void textsSayWhatMayBeSaid() {
        assertThat(Fingerprint.ofContent(SECRET)).hasToString("Fingerprint[by equality]");
        assertThat(Fingerprint.ofDigest("1:ab")).hasToString("Fingerprint[1:ab]");
        assertThat(new Outcome.Value(SECRET)).hasToString("Outcome[value]");
        assertThat(new Outcome.Failure(new IOException(SECRET))).hasToString("Outcome[failure java.io.IOException]");
        assertThat(new Encoded(Encoded.Kind.FAILURE, new byte[3])).hasToString("RecordedOutcome[FAILURE, 3 bytes]");
        assertThat(new RecordedOutcome.NotReplayable("too large")).hasToString("NotReplayable[reason=too large]");
    }

    // exceptions

    private static IdempotencyInProgressException inProgress(Reason reason) {
        return new IdempotencyInProgressException(KEY, reason, Duration.ofMillis(1_234), Duration.ofMillis(28_800));
    }

    @Test
    void inProgressSaysSinceWhenUntilWhenAndWhatToDo() {
        String begin = "Idempotency key 'payment-service-pay:4711' is in progress (claimed 1.2 s ago, lease ends in"
                + " 28.8 s); ";
        assertThat(inProgress(Reason.NOT_WAITING)).hasMessage(begin + "retry in 1.2 s, or set waitAtMost");
        assertThat(inProgress(Reason.WAITED))
                .hasMessage(begin + "waited for waitAtMost in vain; retry in 1.2 s, or raise it");
        assertThat(inProgress(Reason.TOO_MANY_WAITERS))
                .hasMessage(begin + "retry in 1.2 s; as many callers as max-waiters or max-waiters-per-key allows are"
                        + " waiting already");
        assertThat(inProgress(Reason.INTERRUPTED)).hasMessage(begin + "the wait for its outcome was interrupted");
        assertThat(inProgress(Reason.REENTRANT))
                .hasMessage(begin
                        + "it is held by this very thread, in a call or a transaction that has not ended,"
                        + " and cannot wait for itself");

        IdempotencyInProgressException refusal = inProgress(Reason.WAITED);
        assertThat(refusal).isInstanceOf(IdempotencyConflictException.class);
        assertThat(refusal.key()).isEqualTo(KEY);
        assertThat(refusal.reason()).isEqualTo(Reason.WAITED);
        assertThat(refusal.claimedSince()).isEqualTo(Duration.ofMillis(1_234));
        assertThat(refusal.leaseRemaining()).isEqualTo(Duration.ofMillis(28_800));
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(1_234));
    }

    @ParameterizedTest
    @CsvSource({
        // how long it has run, what is left of its lease; after how long to repeat the call
        "PT0S, PT30S, PT1S",
        "PT0.2S, PT29.8S, PT1S",
        "PT1.5S, PT28.5S, PT1.5S",
        "PT15S, PT15S, PT15S",
        "PT20S, PT10S, PT10S",
        "PT1H, PT25S, PT25S",
        "PT0.2S, PT0.3S, PT0.3S",
        "PT40S, PT0S, PT0S",
        "PT40S, PT-1S, PT0S",
        "PT0.2S, , PT1S",
        "PT7S, , PT7S"
    })
    void aCallIsRepeatedAfterAsLongAsTheFirstHasRunButForASecondAtLeastAndItsLeaseAtMost(
            Duration age, @Nullable Duration leaseRemaining, Duration retryAfter) {
        IdempotencyInProgressException refusal = leaseRemaining == null
                ? new IdempotencyInProgressException(KEY, Reason.NOT_WAITING, age)
                : new IdempotencyInProgressException(KEY, Reason.NOT_WAITING, age, leaseRemaining);
        assertThat(refusal.retryAfter()).isEqualTo(retryAfter);
        assertThat(refusal.leaseRemaining()).isEqualTo(leaseRemaining);
    }

    @Test
    void aLostClaimSaysItsTokenAndWhatWasRefused() {
        IdempotencyClaimLostException lost = new IdempotencyClaimLostException(KEY, 17, "attempt 2 was not begun");
        assertThat(lost)
                .hasMessage("The claim of idempotency key 'payment-service-pay:4711' with fencing token 17 was lost;"
                        + " attempt 2 was not begun: repeat the call to learn the outcome that its successor records");
        assertThat(lost.fencingToken()).isEqualTo(17);
        assertThat(lost.key()).isEqualTo(KEY);
    }

    @Test
    void aKeyWithoutAnAnswerSaysWhyAndKeepsTheCause() {
        IOException cause = new IOException("unexpected end");
        IdempotencyOutcomeException unreadable =
                new IdempotencyOutcomeException(KEY, "the class Receipt has changed", cause);
        assertThat(unreadable)
                .hasMessage("Idempotency key 'payment-service-pay:4711' is completed, but its outcome cannot be"
                        + " replayed: the class Receipt has changed; the operation was not run again: read its result"
                        + " from where it left it")
                .hasCause(cause);
        assertThat(unreadable.key()).isEqualTo(KEY);

        IdempotencyStoreException down = new IdempotencyStoreException("The store is down", null, cause);
        assertThat(down).hasMessage("The store is down").hasCause(cause);
        assertThat(down.key()).isNull();
        assertThat(down.isTransient()).isTrue();
        assertThat(new IdempotencyStoreException("The store is down", KEY, cause, false).isTransient())
                .isFalse();
    }

    @Test
    void aKeyThatCouldNotBeHadKeepsItsCause() {
        IOException cause = new IOException("#request is null");
        IdempotencyKeyException refusal =
                new IdempotencyKeyException("payment-service-pay", "the expression '#request.id' failed", cause);
        assertThat(refusal)
                .hasMessageStartingWith(
                        "Operation 'payment-service-pay' was not run: the expression '#request.id' failed; ")
                .hasCause(cause);
    }

    @Test
    void aWrongConfigurationSaysWhatIsWrongAndWhatToDo() {
        IOException cause = new IOException("no");
        IdempotencyConfigurationException wrong =
                new IdempotencyConfigurationException("The lease is PT0S", "It has to be positive", cause);
        assertThat(wrong).hasMessage("The lease is PT0S. It has to be positive").hasCause(cause);
        assertThat(wrong.description()).isEqualTo("The lease is PT0S");
        assertThat(wrong.action()).isEqualTo("It has to be positive");
        assertThat(wrong.key()).isNull();
        assertThat(new IdempotencyConfigurationException("a", "b")).hasNoCause();
    }

    @Test
    void allExceptionsHaveOneRootThatNeedNotBeCaught() {
        assertThat(List.of(
                        inProgress(Reason.WAITED),
                        new IdempotencyKeyReusedException(KEY),
                        new IdempotencyClaimLostException(KEY, 1, "it"),
                        new IdempotencyOutcomeException(KEY, "it", null),
                        new IdempotencyStoreException("it", KEY, new IOException()),
                        new IdempotencyKeyException("pay", "it"),
                        new IdempotencyConfigurationException("it", "so")))
                .allMatch(IdempotencyException.class::isInstance)
                .allMatch(RuntimeException.class::isInstance);
    }
}
