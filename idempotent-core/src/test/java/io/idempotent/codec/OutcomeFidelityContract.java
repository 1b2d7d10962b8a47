package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded.Kind;
import io.idempotent.codec.OutcomeExamples.Animal;
import io.idempotent.codec.OutcomeExamples.Before;
import io.idempotent.codec.OutcomeExamples.Bomb;
import io.idempotent.codec.OutcomeExamples.Changed;
import io.idempotent.codec.OutcomeExamples.Gained;
import io.idempotent.codec.OutcomeExamples.Lost;
import io.idempotent.codec.OutcomeExamples.Payment;
import io.idempotent.codec.OutcomeExamples.Refused;
import io.idempotent.codec.OutcomeExamples.Throwing;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an outcome has to survive: encoding, a store, and decoding. Every store that keeps values is tested by it,
 * beside {@link io.idempotent.store.IdempotencyStoreContract}: a class {@code <Store>OutcomeFidelityTest} extends this
 * one, and gives the store, no more:
 *
 * <pre>{@code
 * final class RedisOutcomeFidelityTest extends OutcomeFidelityContract {
 *     @Override
 *     protected IdempotencyStore store() {
 *         return RedisServer.store();
 *     }
 * }
 * }</pre>
 *
 * <p>Each outcome is recorded for a key of its own, so one durable store can serve all tests and need not be emptied.
 *
 * <p>Flat, so that Surefire counts the tests for the store and not for this class.
 */
public abstract class OutcomeFidelityContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();
    private final String operation = "fidelity-" + UUID.randomUUID();

    /**
     * The store, which keeps no references; the same one, or another on the same backend, at every call within a test.
     */
    protected abstract IdempotencyStore store();

    @ParameterizedTest
    @MethodSource("examples")
    void aValueComesBackEqual(OutcomeExamples.Example example) {
        OutcomeType type = OutcomeType.of(example.type());
        codec.check(type);

        Object replayed = throughStore(example.value(), type);

        assertThat(deepEquals(replayed, example.value())).isTrue();
    }

    @Test
    void bytesComeBackAsTheyWereWhateverTheyAre() {
        byte[] every = new byte[512];
        for (int index = 0; index < every.length; index++) {
            every[index] = (byte) index;
        }
        for (Kind kind : Kind.values()) {
            for (byte[] content : List.of(every, new byte[1], new byte[0])) {
                RecordedOutcome outcome = new RecordedOutcome.Encoded(kind, content);
                assertThat(stored(outcome)).isEqualTo(outcome);
            }
        }
    }

    @Test
    void whyAnOutcomeCannotBeReplayedComesBackAsItWas() {
        for (String reason : List.of("", "null", "larger than 1 MB: é € 😀\n", "long ".repeat(1_000))) {
            RecordedOutcome outcome = new RecordedOutcome.NotReplayable(reason);
            assertThat(stored(outcome)).isEqualTo(outcome);
        }
    }

    @Test
    void aValueOfOneMegabyteComesBackEqual() {
        String text = "0123456789abcdefé€😀".repeat(50_000);

        assertThat(throughStore(text, OutcomeType.of(String.class))).isEqualTo(text);
    }

    @Test
    void whatCannotBeEncodedIsKeptAsNotReplayable() {
        RecordedOutcome stored =
                stored(codec.encode(new Outcome.Value(new Throwing("secret")), OutcomeType.of(Throwing.class)));

        assertThat(stored).isInstanceOf(RecordedOutcome.NotReplayable.class);
        assertThat(stored.toString()).doesNotContain("secret");
        assertThatThrownBy(() -> codec.decode(stored, OutcomeType.of(Throwing.class)))
                .isInstanceOf(OutcomeCodecException.class)
                .hasMessageNotContaining("secret");
    }

    @Test
    void whatCannotBeEncodedIsTheFirstCallersAndIsRefusedToLaterOnesWithoutAnotherRun() throws Exception {
        Operation<Throwing> pay = operation(Throwing.class);
        Throwing value = new Throwing("secret");
        try (IdempotencyEngine engine = engine()) {
            assertThat(engine.execute(pay, "a", Fingerprint.none(), () -> value))
                    .isSameAs(value);

            assertNotRunAgain(engine, pay);
        }
    }

    @Test
    void aClassThatHasLostAPropertyIsRead() {
        Before before = new Before("r-1", "lost", new BigDecimal("1.50"));

        Object replayed = throughStore(before, OutcomeType.of(Before.class), OutcomeType.of(Lost.class));

        assertThat(replayed).isEqualTo(new Lost("r-1", new BigDecimal("1.50")));
    }

    @Test
    void aClassThatHasGainedAPropertyThatMayBeMissingIsRead() {
        Before before = new Before("r-1", "lost", new BigDecimal("1.50"));

        Object replayed = throughStore(before, OutcomeType.of(Before.class), OutcomeType.of(Gained.class));

        assertThat(replayed).isEqualTo(new Gained("r-1", "lost", new BigDecimal("1.50"), null));
    }

    @Test
    void aClassThatHasChangedBeyondReadingIsRefused() {
        OutcomeType now = OutcomeType.of(Changed.class);
        RecordedOutcome stored = stored(
                codec.encode(new Outcome.Value(new Before("r-1", "x", BigDecimal.ONE)), OutcomeType.of(Before.class)));

        assertThatThrownBy(() -> codec.decode(stored, now)).isInstanceOf(OutcomeCodecException.class);
    }

    @Test
    void anOutcomeWhoseClassHasChangedBeyondReadingIsRefusedWithoutAnotherRun() throws Exception {
        try (IdempotencyEngine before = engine();
                IdempotencyEngine after = engine()) {
            var unused = before.execute(
                    operation(Before.class), "a", Fingerprint.none(), () -> new Before("secret", "x", BigDecimal.ONE));

            assertNotRunAgain(after, operation(Changed.class));
        }
    }

    @Test
    void aDeclaredFailureComesBackWithItsTypeAndMessage() {
        OutcomeType type = new OutcomeType(void.class, List.of(Refused.class));

        Outcome replayed =
                codec.decode(stored(codec.encode(new Outcome.Failure(new Refused("no funds: é\n")), type)), type);

        assertThat(replayed)
                .isInstanceOfSatisfying(
                        Outcome.Failure.class,
                        failure -> assertThat(failure.cause())
                                .isExactlyInstanceOf(Refused.class)
                                .hasMessage("no funds: é\n"));
    }

    @Test
    void contentThatNamesOtherClassesMakesNoneOfThem() {
        String hostile = "1{\"@class\":\"%1$s\",\"@type\":\"%1$s\",\"type\":\"%1$s\",\"%1$s\":{},\"id\":\"1\"}"
                .formatted(Bomb.class.getName());
        RecordedOutcome stored =
                stored(new RecordedOutcome.Encoded(Kind.VALUE, hostile.getBytes(StandardCharsets.UTF_8)));

        for (Type type : List.of(Before.class, Payment.class, Animal.class, String.class)) {
            try {
                codec.decode(stored, OutcomeType.of(type));
            } catch (OutcomeCodecException refused) {
                assertThat(refused).hasNoCause();
            }
        }
        assertThat(OutcomeExamples.EXPLOSIONS).isEmpty();
    }

    static Stream<OutcomeExamples.Example> examples() {
        return OutcomeExamples.all();
    }

    private static boolean deepEquals(@Nullable Object left, @Nullable Object right) {
        return Arrays.deepEquals(new Object[] {left}, new Object[] {right});
    }

    private <T> Operation<T> operation(Class<T> type) {
        return Operation.builder(operation, type).build();
    }

    private IdempotencyEngine engine() {
        return IdempotencyEngine.builder(store()).codec(codec).build();
    }

    private static <T> void assertNotRunAgain(IdempotencyEngine engine, Operation<T> operation) {
        assertThatThrownBy(() -> engine.execute(operation, "a", Fingerprint.none(), () -> {
                    throw new IllegalStateException("run again");
                }))
                .isInstanceOf(IdempotencyOutcomeException.class)
                .hasMessageNotContaining("secret");
    }

    /** Completes a fresh key with an outcome, and gives what the store answers then, in every way that it can. */
    private RecordedOutcome stored(RecordedOutcome outcome) {
        IdempotencyKey key = IdempotencyKey.of(operation, UUID.randomUUID().toString());
        Fingerprint fingerprint = Fingerprint.ofDigest("1:fidelity");
        ClaimResult claimed = store().claim(new ClaimRequest(key, UUID.randomUUID(), fingerprint, LEASE, true));
        assertThat(store().complete(((ClaimResult.Claimed) claimed).claim(), outcome, RETENTION))
                .isTrue();

        IdempotencyRecord found = Objects.requireNonNull(store().find(key));
        ClaimResult again = store().claim(new ClaimRequest(key, UUID.randomUUID(), fingerprint, LEASE, true));
        NearbyOutcomes near = store().unwrap(NearbyOutcomes.class);
        NearbyOutcome nearby = near == null ? null : near.findNearby(key);
        assertThat(((ClaimResult.Completed) again).record().outcome()).isEqualTo(found.outcome());
        assertThat(nearby == null ? found.outcome() : nearby.outcome()).isEqualTo(found.outcome());
        return Objects.requireNonNull(found.outcome());
    }

    private @Nullable Object throughStore(@Nullable Object value, OutcomeType type) {
        return throughStore(value, type, type);
    }

    private @Nullable Object throughStore(@Nullable Object value, OutcomeType before, OutcomeType now) {
        RecordedOutcome encoded = codec.encode(new Outcome.Value(value), before);
        assertThat(encoded).isInstanceOf(RecordedOutcome.Encoded.class);
        Outcome decoded = codec.decode(stored(encoded), now);
        return ((Outcome.Value) decoded).value();
    }
}
