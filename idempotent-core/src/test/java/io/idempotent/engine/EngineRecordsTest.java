package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What people say of an abandoned record whose operation was done, and failed. */
final class EngineRecordsTest {

    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("12.50");

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .whenAbandoned(WhenAbandoned.REFUSE)
            .recordFailures(List.of(IOException.class, Particular.class))
            .build();

    private static final IdempotencyKey KEY = PAY.key("4711");

    private final FakeTicker ticker = new FakeTicker();
    private final CaffeineIdempotencyStore store =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();
    private final List<ManualResolution> resolutions = new ArrayList<>();

    /** A failure that says more than its message, and would not come back as it was. */
    static final class Particular extends RuntimeException {

        private static final long serialVersionUID = 1;

        private final int number;

        Particular(int number) {
            super("number " + number);
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    static Stream<OutcomeCodec> codecs() {
        return Stream.of(new ReferenceOutcomeCodec(), JacksonOutcomeCodec.create());
    }

    private IdempotencyEngine engine(OutcomeCodec codec) {
        return IdempotencyEngine.builder(store)
                .codec(codec)
                .ticker(ticker)
                .listener(new IdempotencyListener() {
                    @Override
                    public void resolved(IdempotencyKey key, ManualResolution resolution) {
                        assertThat(key).isEqualTo(KEY);
                        resolutions.add(resolution);
                    }
                })
                .build();
    }

    private static IdempotencyRecords records(IdempotencyEngine engine) {
        return engine.records(name -> name.equals("pay") ? PAY : null);
    }

    private IdempotencyRecord die(IdempotencyKey key) {
        Claim claim = ((ClaimResult.Claimed) store.claim(
                        new ClaimRequest(key, UUID.randomUUID(), FINGERPRINT, Duration.ofSeconds(30), true)))
                .claim();
        assertThat(store.abandon(claim)).isTrue();
        return Objects.requireNonNull(store.find(key));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void anAbandonedRecordIsFailedByHandAndTheFailureIsReplayed(OutcomeCodec codec) {
        try (IdempotencyEngine engine = engine(codec)) {
            IdempotencyRecord dead = die(KEY);

            assertThat(records(engine)
                            .fail(KEY, dead.fencingToken(), new IOException("declined"), "Ada", "seen at the bank"))
                    .isTrue();

            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> engine.execute(PAY, KEY, FINGERPRINT, execution -> "paid again"))
                    .withMessage("declined");
            assertThat(resolutions)
                    .containsExactly(new ManualResolution(
                            ManualResolution.Act.FAILED, dead.fencingToken(), "Ada", "seen at the bank"));
        }
    }

    @Test
    void aFailureOfASubtypeIsRecordedAsThatWhichIsDeclared() {
        try (IdempotencyEngine engine = engine(JacksonOutcomeCodec.create())) {
            IdempotencyRecord dead = die(KEY);
            assertThatIllegalArgumentException()
                    .as("it would come back as another")
                    .isThrownBy(() -> records(engine).fail(KEY, dead.fencingToken(), new Particular(7), "Ada", "seen"))
                    .withMessageContaining("The failure cannot be recorded as an outcome of 'pay'");
            assertThat(records(engine)
                            .fail(KEY, dead.fencingToken(), new FileNotFoundException("no receipt"), "Ada", "seen"))
                    .isTrue();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> engine.execute(PAY, KEY, FINGERPRINT, execution -> "paid again"))
                    .withMessage("no receipt");
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aFailureThatTheOperationDoesNotRecordIsRefusedAndNothingTouched(OutcomeCodec codec) {
        try (IdempotencyEngine engine = engine(codec)) {
            IdempotencyRecord dead = die(KEY);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> records(engine)
                            .fail(KEY, dead.fencingToken(), new IllegalStateException("secret"), "Ada", "why"))
                    .withMessageContaining("'pay' does not record failures of java.lang.IllegalStateException")
                    .withMessageContaining("java.io.IOException")
                    .withMessageNotContaining("secret");
            assertThat(store.find(KEY)).isEqualTo(dead);
            assertThat(resolutions).isEmpty();
        }
    }

    @Test
    void aFailureOfAnOperationThatIsNotKnownHereIsRefused() {
        try (IdempotencyEngine engine = engine(new ReferenceOutcomeCodec())) {
            IdempotencyKey key = IdempotencyKey.of("renamed", "4711");
            IdempotencyRecord dead = die(key);
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            records(engine).fail(key, dead.fencingToken(), new IOException("declined"), "Ada", "why"))
                    .withMessageContaining("is not known here");
        }
    }

    @Test
    void nothingIsFailedThatIsAnotherByNowOrThatSomebodyHolds() {
        try (IdempotencyEngine engine = engine(new ReferenceOutcomeCodec())) {
            IdempotencyRecord dead = die(KEY);
            IOException declined = new IOException("declined");
            long token = dead.fencingToken();
            assertThat(records(engine).fail(KEY, token + 1, declined, "Ada", "why"))
                    .isFalse();
            ClaimResult.Claimed live =
                    Objects.requireNonNull(store.takeOver(KEY, token, UUID.randomUUID(), Duration.ofSeconds(30)));
            for (long seen : List.of(token, live.claim().fencingToken())) {
                assertThat(records(engine).fail(KEY, seen, declined, "Ada", "why"))
                        .isFalse();
            }
            assertThat(resolutions).isEmpty();
        }
    }

    @Test
    void ofTwoPeopleOneDecides() {
        try (IdempotencyEngine engine = engine(new ReferenceOutcomeCodec())) {
            IdempotencyRecord dead = die(KEY);
            assertThat(records(engine).complete(KEY, dead.fencingToken(), "paid", "Ada", "seen"))
                    .isTrue();
            assertThat(records(engine).fail(KEY, dead.fencingToken(), new IOException("declined"), "Bob", "not seen"))
                    .isFalse();
            assertThat(resolutions).extracting(ManualResolution::who).containsExactly("Ada");
        }
    }
}
