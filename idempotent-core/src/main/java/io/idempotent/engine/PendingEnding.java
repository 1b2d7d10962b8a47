package io.idempotent.engine;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The ending of an execution that waits for the transaction that the execution is part of. Until the transaction ends,
 * the key stays in progress and its lease is renewed; only a call in the same transaction gets the outcome.
 *
 * <ol>
 *   <li>Call {@link #beforeCommit} before the transaction commits. If it throws, roll the transaction back.
 *   <li>Then call one of {@link #committed}, {@link #rolledBack} and {@link #unknown}. The first call counts, later
 *       ones have no effect, and none of them throws.
 * </ol>
 *
 * <p>For one thread at a time.
 */
public interface PendingEnding {

    /** Records an outcome in the transaction that is to commit. */
    @FunctionalInterface
    interface Recorder {

        /** Like {@link IdempotencyStore#complete}, in the transaction. */
        boolean complete(Claim claim, RecordedOutcome outcome, Duration retention);
    }

    /** Returns the key that is held. */
    IdempotencyKey key();

    /** Returns the store that records the outcome. */
    IdempotencyStore store();

    /** Tells whether the outcome is recorded in the transaction, so that the store knows how the transaction ended. */
    boolean isRecorded();

    /**
     * Prepares for the commit.
     *
     * @param recorder records the outcome in the transaction; null if that is not possible and the outcome has to wait
     *     for the commit
     * @throws IdempotencyClaimLostException if the claim is lost, or can no longer be relied on
     * @throws IdempotencyStoreException if it is not known whether the outcome was recorded
     */
    void beforeCommit(@Nullable Recorder recorder);

    /** Ends the execution: the transaction has committed. */
    void committed();

    /** Ends the execution: the transaction was rolled back, or the part of it that the operation belongs to. */
    void rolledBack();

    /** Ends the execution: nobody knows whether the transaction has committed. */
    void unknown();
}
