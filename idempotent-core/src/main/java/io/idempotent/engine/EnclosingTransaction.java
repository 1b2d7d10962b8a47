package io.idempotent.engine;

/**
 * A transaction that a call is made in: what the operation does stands only if that transaction commits. One object, by
 * identity, is one transaction. Used by the thread that the transaction belongs to.
 */
public interface EnclosingTransaction {

    /**
     * Takes an ending that is to follow this transaction. It has to be told of the transaction's end, or of a rollback
     * to a savepoint that was there before, whichever comes first. Does not fail.
     */
    void enlist(PendingEnding completion);

    /**
     * Makes the transaction write what it has kept back, so that an outcome is encoded as it will be committed.
     *
     * @throws RuntimeException if what the operation did cannot be written; this is the operation's failure then
     */
    void flush();

    /** Tells whether the transaction can only be rolled back, so that no attempt in it is worthwhile. */
    boolean isRollbackOnly();
}
