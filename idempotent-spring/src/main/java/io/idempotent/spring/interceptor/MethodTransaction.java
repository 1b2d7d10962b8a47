package io.idempotent.spring.interceptor;

import io.idempotent.engine.EnclosingTransaction;
import org.jspecify.annotations.Nullable;

/** How calls of one method and transactions go together. Safe for use by many threads. */
public interface MethodTransaction {

    /**
     * The transaction of this thread, begun outside of the call that is about to be made, that what the method does
     * will be part of; null if there is none, or the method has a transaction of its own or none in any case.
     */
    @Nullable
    EnclosingTransaction enclosing();

    /**
     * Watches what becomes of the transactions that an attempt begins in this thread, until it is closed there; null if
     * there are none to begin.
     */
    @Nullable
    Watch watch();

    /** Watches one attempt. */
    interface Watch extends AutoCloseable {

        /** Asked after the method returned: whether what it did was undone all the same. */
        boolean isUndone();

        @Override
        void close();
    }

    /**
     * Asked on the calling thread after the method threw: whether what it did stands, or may stand, nevertheless, or
     * will if the enclosing transaction commits.
     */
    boolean mayStand(Throwable failure);

    /** Whether the method's own transaction, wherever it is called, commits when the method throws such a failure. */
    boolean commitsOn(Class<? extends Throwable> failure);
}
