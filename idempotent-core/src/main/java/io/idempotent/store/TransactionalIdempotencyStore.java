package io.idempotent.store;

import io.idempotent.IdempotencyStoreException;
import java.sql.Connection;
import org.jspecify.annotations.Nullable;

/**
 * A store on a relational database that can do all of its work for an execution in one transaction that somebody else
 * began and ends: claim, completion and whatever the operation writes to that database are committed together, or not
 * at all.
 *
 * <p>Such a claim is made by writing the key's record in that transaction. The lock on the record is the claim, its
 * lease means nothing, and nothing is left of it if the transaction does not commit, whatever crashes when.
 */
public interface TransactionalIdempotencyStore extends IdempotencyStore, TransactionalCompletion {

    /**
     * Like {@link #claim}, but in the transaction of this connection, which is neither ended nor closed. It waits for
     * no other transaction longer than the database makes it.
     *
     * <p>After a failure, or an answer of null, the transaction may be unable to go on until it is rolled back, at
     * least to a savepoint that was made before.
     *
     * @param connection the connection, in a transaction that writes
     * @param request the request
     * @return the answer; null if another transaction holds the key, and has not ended
     * @throws IdempotencyStoreException if it is not known whether the key is claimed; a transient one if the
     *     transaction reads a snapshot from before the key was claimed or completed, and a new transaction would see
     *     that
     */
    @Nullable
    ClaimResult claimOn(Connection connection, ClaimRequest request);

    /**
     * Like {@link #release}, but in the transaction of this connection, which is neither ended nor closed.
     *
     * @param connection the connection, in the transaction that claimed
     * @param claim the claim to give back
     * @return whether it was the key's
     * @throws IdempotencyStoreException if it is not known whether it was released: the transaction has to be rolled
     *     back
     */
    boolean releaseOn(Connection connection, Claim claim);
}
