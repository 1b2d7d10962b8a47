package io.idempotent.engine;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A transaction in which an atomic operation claims its key, runs and completes. Either it was begun for the operation,
 * which ends it by one of {@link #commit}, {@link #rollBack} and {@link #giveUp}; or it is the caller's, and the caller
 * ends it. Used by the thread that it belongs to.
 */
public interface StoreTransaction {

    /** How a transaction ended whose commit failed. */
    enum End {
        /** It has committed; what failed came after that. */
        COMMITTED,
        /** It was rolled back. */
        ROLLED_BACK,
        /** The database has to be asked. */
        UNKNOWN
    }

    /** Tells whether the transaction was begun for the execution, and is not the caller's. */
    boolean isNew();

    /**
     * Like {@link io.idempotent.store.TransactionalIdempotencyStore#claimOn}. If the key is not claimed, a caller's
     * transaction goes on as if it had not been asked for, or can only be rolled back.
     *
     * @return the answer; null if another transaction holds the key, and has not ended
     * @throws IdempotencyStoreException if it is not known whether the key is claimed
     */
    @Nullable
    ClaimResult claim(ClaimRequest request);

    /** Tells whether the transaction can only be rolled back. */
    boolean isRollbackOnly();

    /**
     * Tells whether the operation itself, by its own transaction, asked for this one to be rolled back. It may return
     * all the same then, and its caller gets what it returns. If a part of the operation asked for that, nobody may
     * take the return for success. Defaults to false.
     */
    default boolean isRollbackMeant() {
        return false;
    }

    /**
     * Makes the transaction write what it has kept back, so that an outcome is encoded as it will be committed.
     *
     * @throws RuntimeException if what the operation did cannot be written; this is the operation's failure then
     */
    void flush();

    /** Like {@link io.idempotent.store.IdempotencyStore#complete}, in this transaction. */
    boolean complete(Claim claim, RecordedOutcome outcome, Duration retention);

    /** Like {@link io.idempotent.store.IdempotencyStore#release}, in this transaction. */
    boolean release(Claim claim);

    /**
     * Commits; a caller's transaction goes on.
     *
     * @throws RuntimeException if the commit failed, or the transaction could only be rolled back and was; {@link #end}
     *     tells how it ended
     */
    void commit();

    /** Tells how the transaction ended after {@link #commit} failed. */
    End end();

    /** Rolls back; a caller's transaction can only be rolled back from now on. */
    void rollBack();

    /** Ends a transaction that wrote nothing, or must leave nothing; a caller's transaction goes on. Does not fail. */
    void giveUp();
}
