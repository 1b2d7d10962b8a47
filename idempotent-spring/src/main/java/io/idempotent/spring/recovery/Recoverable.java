package io.idempotent.spring.recovery;

import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.store.RecoverableRecords;
import org.jspecify.annotations.Nullable;

/**
 * An operation whose abandoned executions are finished without their callers.
 *
 * @param name its name
 * @param engine what runs it
 * @param recovery how they are finished
 * @param records where they are found
 */
record Recoverable(String name, IdempotencyEngine engine, Recovery recovery, RecoverableRecords records) {

    /** Returns the operation as one that is recovered; null if it is not. */
    static @Nullable Recoverable of(ConfiguredOperation operation) {
        Recovery recovery = operation.recovery();
        RecoverableRecords records =
                recovery == null ? null : operation.engine().store().unwrap(RecoverableRecords.class);
        return recovery == null || records == null
                ? null
                : new Recoverable(operation.operation().name(), operation.engine(), recovery, records);
    }
}
