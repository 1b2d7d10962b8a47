package io.idempotent.spring.operation;

import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.Operation;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the store of a record by the operation that its key names; the store of operations that name none has the
 * records of operations that this application does not know.
 */
final class BeanRecords implements IdempotencyRecords {

    private final OperationRegistry operations;

    BeanRecords(OperationRegistry operations) {
        this.operations = operations;
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return of(key.operation()).find(key);
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return of(key.operation()).findSteps(key);
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        if (query.operation() == null) {
            List<UsedStore> stores = operations.stores();
            if (stores.size() > 1) {
                throw new IllegalArgumentException("Records are kept in " + stores.size()
                        + " stores; name the operation whose records are to be listed");
            }
            return records(
                            stores.isEmpty()
                                    ? operations.defaultEngine()
                                    : stores.get(0).engine())
                    .list(query);
        }
        return of(query.operation()).list(query);
    }

    @Override
    public boolean complete(IdempotencyKey key, long fencingToken, @Nullable Object value, String who, String why) {
        return of(key.operation()).complete(key, fencingToken, value, who, why);
    }

    @Override
    public boolean fail(IdempotencyKey key, long fencingToken, Throwable failure, String who, String why) {
        return of(key.operation()).fail(key, fencingToken, failure, who, why);
    }

    @Override
    public boolean release(IdempotencyKey key, long fencingToken, String who, String why) {
        return of(key.operation()).release(key, fencingToken, who, why);
    }

    @Override
    public boolean forget(IdempotencyKey key, long fencingToken, String who, String why) {
        return of(key.operation()).forget(key, fencingToken, who, why);
    }

    private IdempotencyRecords of(String operation) {
        IdempotencyEngine engine = only(operation, "stores", ConfiguredOperation::engine);
        return records(engine == null ? operations.defaultEngine() : engine);
    }

    IdempotencyRecords records(IdempotencyEngine engine) {
        return engine.records(this::operation);
    }

    private @Nullable Operation<?> operation(String name) {
        Type type = only(name, "types", method -> method.operation().type().valueType());
        return type == null
                ? null
                : operations.ofOperation(name).iterator().next().operation();
    }

    /** What all methods of an operation have alike; null if none is known. */
    private <T> @Nullable T only(String operation, String what, Function<ConfiguredOperation, T> property) {
        Set<T> different =
                operations.ofOperation(operation).stream().map(property).collect(Collectors.toSet());
        if (different.size() > 1) {
            throw new IllegalArgumentException("The operation '" + operation + "' is declared several times, with "
                    + different.size() + " different " + what + ": its records cannot be told apart");
        }
        return different.isEmpty() ? null : different.iterator().next();
    }
}
