package io.idempotent.engine;

/**
 * A transaction that a call is made in, so that what its operation does stands only when that transaction commits. One
 * object, by identity, is one transaction. Used by the thread that the transaction belongs to.
 */
public interface EnclosingTransaction {

    /**
     * Takes a completion that is to follow this transaction: it has to be told of the transaction's end, or of a rollback
     * to a savepoint that was there before, whatever comes first. Does not fail.
     */
    void enlist(PendingEnding completion);

    /**
     * Makes the transaction write what it has kept back, so that an outcome is encoded as it will be committed.
     *
     * @throws RuntimeException if what the operation did cannot be written; it is the operation's failure then
     */
    void flush();

    /** Whether the transaction can only be rolled back, so that nothing is worth attempting in it. */
    boolean isRollbackOnly();
}
