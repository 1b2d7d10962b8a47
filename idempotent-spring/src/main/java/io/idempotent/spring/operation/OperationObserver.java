package io.idempotent.spring.operation;

import org.jspecify.annotations.Nullable;

/** Observes the calls of one operation. Throws nothing. Safe for use by many threads. */
@FunctionalInterface
public interface OperationObserver {

    /**
     * Begins to observe a call, before its key is known.
     *
     * @return the observed call, which has to be answered; null if nobody wants to know of it
     */
    @Nullable
    ObservedCall begin();
}
