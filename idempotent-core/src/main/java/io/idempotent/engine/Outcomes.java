package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RedactedException;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.codec.OutcomeType;
import io.idempotent.codec.ReferenceOutcomeCodec;
import java.lang.reflect.Type;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Encodes what operations produced, decodes what was recorded, and tells the listeners what calls got instead of a run.
 */
final class Outcomes {

    private final OutcomeCodec codec;
    private final Listeners listeners;
    private final BiConsumer<String, Throwable> errorHandler;
    private final boolean encodes;
    private final ConcurrentHashMap<Type, OutcomeType> valueTypes = new ConcurrentHashMap<>();

    Outcomes(OutcomeCodec codec, Listeners listeners, BiConsumer<String, Throwable> errorHandler) {
        this.codec = codec;
        this.listeners = listeners;
        this.errorHandler = errorHandler;
        this.encodes = !(codec instanceof ReferenceOutcomeCodec);
    }

    /** Tells whether outcomes are recorded as they are when they are encoded, and not by reference. */
    boolean encodes() {
        return encodes;
    }

    /** Encodes what an execution produced; what cannot be encoded is not replayable. */
    RecordedOutcome encode(Execution execution, Outcome outcome) {
        return encode(execution.operation().type(), execution, outcome);
    }

    /** Encodes what a step of an execution produced; what cannot be encoded is not replayable. */
    RecordedOutcome encode(OutcomeType type, Execution execution, Outcome outcome) {
        try {
            return codec.encode(outcome, type);
        } catch (RuntimeException | Error failure) {
            errorHandler.accept(
                    "The codec failed to encode the outcome of '" + execution.key() + "'",
                    RedactedException.of(failure));
            return new RecordedOutcome.NotReplayable(failureOfCodec(failure));
        }
    }

    /** Tells whether a result releases the key. If that cannot be told, the result is recorded. */
    <W, T extends @Nullable Object> boolean releases(
            Execution execution, W work, BiPredicate<? super W, ? super T> releases, T value) {
        try {
            return releases.test(work, value);
        } catch (RuntimeException | Error failure) {
            errorHandler.accept(
                    "Whether to release '" + execution.key() + "' could not be told; its outcome is recorded",
                    RedactedException.of(failure));
            return false;
        }
    }

    /**
     * Answers a call by a recorded outcome.
     *
     * @throws IdempotencyException if the call says something else than the first one, or the outcome cannot be given
     * @throws Throwable the failure that was recorded
     */
    // The codec decodes to the operation's own type, which its maker vouched to be T, null included.
    @SuppressWarnings({"unchecked", "NullAway"})
    <T extends @Nullable Object> T replay(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            Fingerprint firstFingerprint,
            @Nullable RecordedOutcome recorded,
            @Nullable String traceId)
            throws Throwable {
        requireSame(key, fingerprint, firstFingerprint);
        Outcome outcome;
        try {
            outcome = decoded(operation, key, recorded);
        } catch (IdempotencyOutcomeException refusal) {
            throw refused(key, refusal);
        }
        listeners.tell(listener -> listener.replayed(key, traceId));
        return (T) outcome.get();
    }

    /** Answers a call by the outcome of an earlier execution, which waits for the transaction that both are part of. */
    <T extends @Nullable Object> T replayPending(Operation<T> operation, Execution earlier, Fingerprint fingerprint)
            throws Throwable {
        Execution.Pending pending = earlier.pending();
        return replay(
                operation,
                earlier.key(),
                fingerprint,
                earlier.fingerprint(),
                pending == null ? null : pending.outcome(),
                null);
    }

    Outcome decoded(Operation<?> operation, IdempotencyKey key, @Nullable RecordedOutcome recorded) {
        if (recorded == null) {
            throw new IllegalStateException("The store gave a completed record without an outcome for '" + key + "'");
        }
        return decoded(
                operation.type(), recorded, (problem, cause) -> new IdempotencyOutcomeException(key, problem, cause));
    }

    /** Decodes what a step produced. */
    Outcome decodedStep(OutcomeType type, IdempotencyKey key, String step, RecordedOutcome recorded) {
        return decoded(type, recorded, (problem, cause) -> new IdempotencyOutcomeException(key, step, problem, cause));
    }

    private Outcome decoded(
            OutcomeType type,
            RecordedOutcome recorded,
            BiFunction<String, Throwable, IdempotencyOutcomeException> refusal) {
        try {
            return codec.decode(recorded, type);
        } catch (OutcomeCodecException failure) {
            throw refusal.apply(String.valueOf(failure.getMessage()), failure);
        } catch (RuntimeException | Error failure) {
            throw refusal.apply(failureOfCodec(failure), RedactedException.of(failure));
        }
    }

    /**
     * Checks that values of a type can be recorded.
     *
     * @throws IllegalArgumentException if they cannot
     */
    OutcomeType ofValues(Type type) {
        return valueTypes.computeIfAbsent(type, unchecked -> {
            OutcomeType outcomeType = OutcomeType.of(unchecked);
            try {
                codec.check(outcomeType);
            } catch (IdempotencyConfigurationException problem) {
                throw new IllegalArgumentException(problem.getMessage(), problem);
            }
            return outcomeType;
        });
    }

    /** Refuses a call whose request says something else than the key's first one. */
    void requireSame(IdempotencyKey key, Fingerprint fingerprint, Fingerprint first) {
        if (!fingerprint.matches(first)) {
            throw refused(key, new IdempotencyKeyReusedException(key));
        }
    }

    /** Tells the listeners of a refusal, and returns it to be thrown. */
    <E extends IdempotencyException> E refused(IdempotencyKey key, E refusal) {
        listeners.tell(listener -> listener.refused(key, refusal));
        return refusal;
    }

    /** Names the type of the failure. Its message may show the outcome. */
    private static String failureOfCodec(Throwable failure) {
        return "the codec failed with " + failure.getClass().getName();
    }
}
