package io.idempotent.spring.transaction;

import io.idempotent.RecordedOutcome;
import io.idempotent.engine.PendingCompletion;
import io.idempotent.store.Claim;
import io.idempotent.store.TransactionalCompletion;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Records outcomes on the connection of the current transaction. Loaded only where Spring's JDBC is.
 *
 * @param store where
 */
record JdbcRecorder(TransactionalCompletion store) implements PendingCompletion.Recorder {

    /**
     * The recorder for a store; null if the current transaction is not one of the store's, or cannot see its claims.
     */
    static PendingCompletion.@Nullable Recorder inCurrentTransaction(TransactionalCompletion store) {
        if (!TransactionSynchronizationManager.hasResource(store.dataSource())) {
            return null;
        }
        Connection connection = DataSourceUtils.getConnection(store.dataSource());
        try {
            // One that is bound to another data source's transaction commits by itself.
            return !connection.getAutoCommit() && store.canCompleteOn(connection) ? new JdbcRecorder(store) : null;
        } catch (SQLException broken) {
            // Nothing can be recorded on it; whether it can commit is for the commit to say.
            return null;
        } finally {
            DataSourceUtils.releaseConnection(connection, store.dataSource());
        }
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        Connection connection = DataSourceUtils.getConnection(store.dataSource());
        try {
            return store.completeOn(connection, claim, outcome, retention);
        } finally {
            DataSourceUtils.releaseConnection(connection, store.dataSource());
        }
    }
}
