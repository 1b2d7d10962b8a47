package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.GenericTypes;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.engine.ManualResolution.Act;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.lang.invoke.MethodType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Resolves records of one store.
 *
 * <ol>
 *   <li>A value or failure is encoded, and decoded again, before anything is touched.
 *   <li>The record is taken over if it is abandoned and its token is the one that was seen. Nobody else can change it
 *       then.
 *   <li>It is completed or released. If that fails, it is abandoned again when its lease of a minute is over.
 * </ol>
 *
 * @param operations gives the operation of a name, or null
 */
record EngineRecords(
        IdempotencyStore store,
        OutcomeCodec codec,
        Listeners listeners,
        Claimant claimant,
        Function<String, ? extends @Nullable Operation<?>> operations)
        implements IdempotencyRecords {

    private static final Duration LEASE = Duration.ofMinutes(1);

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return request("find", key, () -> store.find(key));
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return request("find the steps of", key, () -> store.findSteps(key));
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return request("list records", null, () -> store.list(query));
    }

    @Override
    public boolean complete(IdempotencyKey key, long fencingToken, @Nullable Object value, String who, String why) {
        ManualResolution resolution = new ManualResolution(Act.COMPLETED, fencingToken, who, why);
        Operation<?> operation = known(key);
        requireFits(operation, value);
        return record(key, resolution, operation, new Outcome.Value(value));
    }

    @Override
    public boolean fail(IdempotencyKey key, long fencingToken, Throwable failure, String who, String why) {
        ManualResolution resolution = new ManualResolution(Act.FAILED, fencingToken, who, why);
        Operation<?> operation = known(key);
        if (!operation.type().records(failure)) {
            throw new IllegalArgumentException("The operation '" + operation.name() + "' does not record failures of "
                    + failure.getClass().getName() + "; it records "
                    + operation.type().failures().stream().map(Class::getName).toList());
        }
        return record(key, resolution, operation, new Outcome.Failure(failure));
    }

    @Override
    public boolean release(IdempotencyKey key, long fencingToken, String who, String why) {
        Operation<?> operation = operations.apply(key.operation());
        Duration retention = operation == null ? Operation.DEFAULT_RETENTION : operation.retention();
        return resolve(
                key,
                new ManualResolution(Act.RELEASED, fencingToken, who, why),
                claim -> request("release", key, () -> store.release(claim, retention)));
    }

    @Override
    public boolean forget(IdempotencyKey key, long fencingToken, String who, String why) {
        ManualResolution resolution = new ManualResolution(Act.FORGOTTEN, fencingToken, who, why);
        return told(key, resolution, request("forget", key, () -> store.forget(key, fencingToken)));
    }

    private Operation<?> known(IdempotencyKey key) {
        Operation<?> operation = operations.apply(key.operation());
        if (operation == null) {
            throw new IllegalArgumentException("The operation of '" + key
                    + "' is not known here, and so what it returns is not: settle it where it is declared");
        }
        return operation;
    }

    private boolean record(IdempotencyKey key, ManualResolution resolution, Operation<?> operation, Outcome produced) {
        RecordedOutcome outcome = encoded(operation, produced);
        return resolve(
                key,
                resolution,
                claim -> request("complete", key, () -> store.complete(claim, outcome, operation.retention())));
    }

    private boolean resolve(IdempotencyKey key, ManualResolution resolution, Predicate<Claim> act) {
        UUID claimId = claimant.newId();
        ClaimResult.Claimed claimed =
                request("take over", key, () -> store.takeOver(key, resolution.fencingToken(), claimId, LEASE));
        return told(key, resolution, claimed != null && act.test(claimed.claim()));
    }

    private boolean told(IdempotencyKey key, ManualResolution resolution, boolean done) {
        if (done) {
            listeners.tell(listener -> listener.resolved(key, resolution));
        }
        return done;
    }

    private static void requireFits(Operation<?> operation, @Nullable Object value) {
        Type type = operation.type().valueType();
        Class<?> expected =
                MethodType.methodType(GenericTypes.erase(type)).wrap().returnType();
        boolean fits = value == null
                ? !(type instanceof Class<?> primitive && primitive.isPrimitive() && primitive != void.class)
                : expected.isInstance(value);
        if (!fits) {
            throw new IllegalArgumentException("The operation '" + operation.name() + "' returns " + type.getTypeName()
                    + ", and not " + (value == null ? "null" : value.getClass().getName()));
        }
    }

    private RecordedOutcome encoded(Operation<?> operation, Outcome produced) {
        try {
            RecordedOutcome outcome = codec.encode(produced, operation.type());
            var unused = codec.decode(outcome, operation.type());
            return outcome;
        } catch (OutcomeCodecException problem) {
            throw new IllegalArgumentException(
                    "The " + (produced instanceof Outcome.Value ? "value" : "failure")
                            + " cannot be recorded as an outcome of '" + operation.name() + "': "
                            + problem.getMessage(),
                    problem);
        }
    }

    private static <T extends @Nullable Object> T request(
            String what, @Nullable IdempotencyKey key, Supplier<T> request) {
        try {
            return Interrupts.outlast(request);
        } catch (RuntimeException | Error failure) {
            throw StoreFailures.of(failure, what, key);
        }
    }
}
