package io.idempotent.spring.operation;

import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import org.jspecify.annotations.Nullable;

/** An operation as it was declared and configured, and the engine that runs it. */
public interface ConfiguredOperation {

    /** The operation. */
    Operation<? extends @Nullable Object> operation();

    /** What runs it. */
    IdempotencyEngine engine();

    /** What else is declared and set. */
    OperationContract contract();

    /** How its abandoned executions are finished without their callers; null if they are not. */
    default @Nullable Recovery recovery() {
        return null;
    }
}
