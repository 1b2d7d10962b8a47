package io.idempotent.engine;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A transaction in which an atomic operation claims its key, runs and completes: one that was begun for it, which it
 * ends by one of {@link #commit}, {@link #rollBack} and {@link #giveUp}, or the caller's, whose end is not ours. Used
 * by the thread that it belongs to.
 */
public interface StoreTransaction {

    /** What became of a transaction whose commit failed. */
    enum End {
        /** It has committed; what failed came after that. */
        COMMITTED,
        /** It was rolled back. */
        ROLLED_BACK,
        /** The database has to be asked. */
        UNKNOWN
    }

    /** Whether the transaction was begun for the execution, and is not the caller's. */
    boolean isNew();

    /**
     * Like {@link io.idempotent.store.TransactionalIdempotencyStore#claimOn}. Where the claim is not made, a caller's
     * transaction can go on as if it had not been asked for, or it can only be rolled back.
     *
     * @return the answer; null if another transaction holds the key, and has not ended
     * @throws IdempotencyStoreException if it is not known whether the key is claimed
     */
    @Nullable
    ClaimResult claim(ClaimRequest request);

    /** Whether the transaction can only be rolled back. */
    boolean isRollbackOnly();

    /**
     * Whether it was the operation's own doing, by its own transaction, that this one can only be rolled back: it may
     * return all the same, and its caller gets what it returns. Where a part of it asked for that, nobody is to take it
     * for success.
     *
     * @return false, unless overridden
     */
    default boolean isRollbackMeant() {
        return false;
    }

    /**
     * Makes the transaction write what it has kept back, so that an outcome is encoded as it will be committed.
     *
     * @throws RuntimeException if what the operation did cannot be written; it is the operation's failure then
     */
    void flush();

    /** Like {@link io.idempotent.store.IdempotencyStore#complete}, in this transaction. */
    boolean complete(Claim claim, RecordedOutcome outcome, Duration retention);

    /** Like {@link io.idempotent.store.IdempotencyStore#release}, in this transaction. */
    boolean release(Claim claim);

    /**
     * Commits; a caller's goes on.
     *
     * @throws RuntimeException if it failed, or can only be rolled back and so was; {@link #end} tells what became of
     *     it
     */
    void commit();

    /** What became of the transaction after {@link #commit} failed. */
    End end();

    /** Rolls back; a caller's can only be rolled back from now on. */
    void rollBack();

    /** Ends a transaction that wrote nothing, or is to leave nothing; a caller's goes on. Does not fail. */
    void giveUp();
}
