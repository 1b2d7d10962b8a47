package io.idempotent.spring.interceptor;

import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationName;
import java.util.function.Supplier;

/** A method whose calls are intercepted, as it was declared and configured. */
public interface ProtectedMethod extends ConfiguredOperation {

    /** The operation's name, and whether it was declared. */
    OperationName name();

    /**
     * Says which bean is called, as its callers do, to finish abandoned executions without them, if that is declared.
     * It is not done before.
     */
    void recoverBy(Supplier<?> bean);

    /** Whether failed attempts are repeated. */
    boolean isRetried();

    /** Whether an invocation may be run more than once after it has returned. */
    boolean isRepeatedLater();

    /** Whether the method's transaction commits when it throws such a failure, though no outcome is recorded then. */
    boolean commitsUnrecorded(Class<? extends Throwable> failure);
}
