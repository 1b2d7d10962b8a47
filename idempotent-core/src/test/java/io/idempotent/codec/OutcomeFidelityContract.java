package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeExamples.After;
import io.idempotent.codec.OutcomeExamples.Animal;
import io.idempotent.codec.OutcomeExamples.Before;
import io.idempotent.codec.OutcomeExamples.Bomb;
import io.idempotent.codec.OutcomeExamples.Changed;
import io.idempotent.codec.OutcomeExamples.Payment;
import io.idempotent.codec.OutcomeExamples.Refused;
import io.idempotent.codec.OutcomeExamples.Throwing;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an outcome has to survive: encoding, a store, and decoding. Every store's module extends it once per store.
 *
 * <p>Flat, so that Surefire counts the tests for the store and not for this class.
 */
public abstract class OutcomeFidelityContract {

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();

    /** Passes what is recorded through a store: completes a fresh key with it and gives what is found there. */
    protected abstract RecordedOutcome store(RecordedOutcome outcome);

    @ParameterizedTest
    @MethodSource("examples")
    void aValueComesBackEqual(OutcomeExamples.Example example) {
        OutcomeType type = OutcomeType.of(example.type());
        codec.check(type);

        Object replayed = throughStore(example.value(), type);

        assertThat(deepEquals(replayed, example.value())).isTrue();
    }

    @Test
    void aValueOfOneMegabyteComesBackEqual() {
        String text = "0123456789abcdefé€😀".repeat(50_000);

        assertThat(throughStore(text, OutcomeType.of(String.class))).isEqualTo(text);
    }

    @Test
    void whatCannotBeEncodedIsKeptAsNotReplayable() {
        RecordedOutcome stored =
                store(codec.encode(new Outcome.Value(new Throwing("secret")), OutcomeType.of(Throwing.class)));

        assertThat(stored).isInstanceOf(RecordedOutcome.NotReplayable.class);
        assertThat(stored.toString()).doesNotContain("secret");
        assertThatThrownBy(() -> codec.decode(stored, OutcomeType.of(Throwing.class)))
                .isInstanceOf(OutcomeCodecException.class)
                .hasMessageNotContaining("secret");
    }

    @Test
    void aClassThatHasLostAndGainedPropertiesIsRead() {
        Object replayed = throughStore(
                new Before("r-1", "lost", new BigDecimal("1.50")),
                OutcomeType.of(Before.class),
                OutcomeType.of(After.class));

        assertThat(replayed).isEqualTo(new After("r-1", null, 0, false, new BigDecimal("1.50")));
    }

    @Test
    void aClassThatHasChangedBeyondReadingIsRefused() {
        OutcomeType now = OutcomeType.of(Changed.class);
        RecordedOutcome stored = store(
                codec.encode(new Outcome.Value(new Before("r-1", "x", BigDecimal.ONE)), OutcomeType.of(Before.class)));

        assertThatThrownBy(() -> codec.decode(stored, now)).isInstanceOf(OutcomeCodecException.class);
    }

    @Test
    void aDeclaredFailureComesBackWithItsTypeAndMessage() {
        OutcomeType type = new OutcomeType(void.class, List.of(Refused.class));

        Outcome replayed =
                codec.decode(store(codec.encode(new Outcome.Failure(new Refused("no funds: é\n")), type)), type);

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
        RecordedOutcome stored = store(new RecordedOutcome.Encoded(
                RecordedOutcome.Encoded.Kind.VALUE, hostile.getBytes(StandardCharsets.UTF_8)));

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

    private @Nullable Object throughStore(@Nullable Object value, OutcomeType type) {
        return throughStore(value, type, type);
    }

    private @Nullable Object throughStore(@Nullable Object value, OutcomeType before, OutcomeType now) {
        RecordedOutcome encoded = codec.encode(new Outcome.Value(value), before);
        assertThat(encoded).isInstanceOf(RecordedOutcome.Encoded.class);
        Outcome decoded = codec.decode(store(encoded), now);
        return ((Outcome.Value) decoded).value();
    }
}
