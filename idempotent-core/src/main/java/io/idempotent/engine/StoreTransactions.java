package io.idempotent.engine;

import io.idempotent.IdempotencyStoreException;
import org.jspecify.annotations.Nullable;

/**
 * Begins the transactions of atomic operations, on the database that keeps their records. Safe for use by many threads.
 */
public interface StoreTransactions {

    /** Returns the transaction of the calling thread that an execution would join; null if there is none. */
    @Nullable
    EnclosingTransaction enclosing();

    /**
     * Begins a transaction, or joins the one of the calling thread.
     *
     * @throws IdempotencyStoreException if no connection is to be had; nothing has begun
     * @throws RuntimeException if the operation may not run here and now, by rules of its own
     */
    StoreTransaction begin();
}
