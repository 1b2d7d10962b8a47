package io.idempotent.store;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * The ability of a store to record an outcome in a transaction that somebody else began and ends: the record is
 * completed if, and only if, that transaction commits. {@link IdempotencyStore#unwrap} gives it.
 */
public interface TransactionalCompletion {

    /** Where the store keeps its records: transactions on connections of this very object can be joined. */
    DataSource dataSource();

    /**
     * Whether the transaction of a connection sees a claim that was made after it began, as it has to in order to
     * complete it. A transaction that reads a snapshot does not, and would fail.
     *
     * @param connection the connection, in a transaction
     * @return by default whether the transaction reads what others commit; a store may know better
     * @throws SQLException if the connection could not be asked
     */
    default boolean canCompleteOn(Connection connection) throws SQLException {
        return connection.getTransactionIsolation() <= Connection.TRANSACTION_READ_COMMITTED;
    }

    /**
     * Like {@link IdempotencyStore#complete}, but in the transaction of this connection, which is neither ended nor
     * closed. Until that has ended, nobody else can write to the record.
     *
     * @param connection the connection, in a transaction that writes
     * @param claim the claim that ran
     * @param outcome what is to be replayed
     * @param retention how long, from now; positive
     * @return whether this claim's outcome is recorded; false if the claim was no longer the key's
     * @throws IllegalArgumentException if the retention is not positive
     * @throws IdempotencyStoreException if it is not known whether the outcome was recorded: the transaction has to be
     *     rolled back
     */
    boolean completeOn(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention);
}
