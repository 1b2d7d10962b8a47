package io.idempotent.transaction;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.PendingEnding;
import io.idempotent.engine.StoreTransaction;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.TransactionalIdempotencyStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Transactions on connections of a store's own data source, in the isolation that these come with. A thread has one at
 * a time, and finds its connection here. Safe for use by many threads.
 */
public final class JdbcTransactions implements StoreTransactions {

    private static final ThreadLocal<@Nullable Connection> CURRENT = new ThreadLocal<>();
    private static final ThreadLocal<@Nullable CallersTransaction> CALLERS = new ThreadLocal<>();

    private final TransactionalIdempotencyStore store;

    /** Makes transactions in which that store claims. */
    public JdbcTransactions(TransactionalIdempotencyStore store) {
        this.store = store;
    }

    /** The connection of this thread's transaction, which has to have begun; to write on, and no more. */
    public Connection connection() {
        Connection connection = CURRENT.get();
        if (connection == null) {
            throw new IllegalStateException("This thread has no transaction");
        }
        return connection;
    }

    /** Begins a transaction of a caller's, which executions of this thread join until it ends. */
    public CallersTransaction beginCallers() throws SQLException {
        CallersTransaction begun = new CallersTransaction(open());
        CALLERS.set(begun);
        return begun;
    }

    @Override
    public @Nullable EnclosingTransaction enclosing() {
        return CALLERS.get();
    }

    @Override
    public StoreTransaction begin() {
        CallersTransaction joined = CALLERS.get();
        if (joined != null) {
            return new Joined(joined);
        }
        try {
            return new Own(open());
        } catch (SQLException failure) {
            throw new IdempotencyStoreException("No transaction could be begun; nothing was run", null, failure, false);
        }
    }

    private Connection open() throws SQLException {
        Connection connection = store.dataSource().getConnection();
        try {
            connection.setAutoCommit(false);
        } catch (SQLException failure) {
            close(connection);
            throw failure;
        }
        CURRENT.set(connection);
        return connection;
    }

    /** Gives the connection back as it came. */
    private void close(Connection connection) {
        CURRENT.remove();
        try (connection) {
            connection.setAutoCommit(true);
        } catch (SQLException broken) {
            // The transaction has ended before, one way or another, and the pool does without this connection.
        }
    }

    /** A transaction of one execution. */
    private class Own implements StoreTransaction {

        final Connection connection;

        Own(Connection connection) {
            this.connection = connection;
        }

        @Override
        public boolean isNew() {
            return true;
        }

        @Override
        public @Nullable ClaimResult claim(ClaimRequest request) {
            return store.claimOn(connection, request);
        }

        @Override
        public boolean isRollbackOnly() {
            return false;
        }

        @Override
        public void flush() {
            // Nothing is kept back.
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            return store.completeOn(connection, claim, outcome, retention);
        }

        @Override
        public boolean release(Claim claim) {
            return store.releaseOn(connection, claim);
        }

        @Override
        public void commit() {
            try {
                connection.commit();
            } catch (SQLException failure) {
                throw new TransactionFailedException("The commit failed", failure);
            } finally {
                close(connection);
            }
        }

        @Override
        public End end() {
            return End.UNKNOWN;
        }

        @Override
        public void rollBack() {
            try {
                connection.rollback();
            } catch (SQLException failure) {
                throw new TransactionFailedException("The rollback failed", failure);
            } finally {
                close(connection);
            }
        }

        @Override
        public void giveUp() {
            try {
                rollBack();
            } catch (TransactionFailedException lost) {
                // It is rolled back by the loss of its connection.
            }
        }
    }

    /** An execution's part of its caller's transaction. */
    private final class Joined extends Own {

        private final CallersTransaction caller;

        Joined(CallersTransaction caller) {
            super(caller.connection);
            this.caller = caller;
        }

        @Override
        public boolean isNew() {
            return false;
        }

        /** {@inheritDoc} A savepoint before keeps the transaction as it was where the claim is not made. */
        @Override
        public @Nullable ClaimResult claim(ClaimRequest request) {
            try {
                Savepoint before = connection.setSavepoint();
                ClaimResult result = null;
                try {
                    result = super.claim(request);
                } finally {
                    if (result == null) {
                        connection.rollback(before);
                    }
                }
                return result;
            } catch (SQLException failure) {
                caller.rollbackOnly = true;
                throw new IdempotencyStoreException("There was no savepoint to be had", request.key(), failure, false);
            }
        }

        @Override
        public boolean isRollbackOnly() {
            return caller.rollbackOnly;
        }

        @Override
        public void commit() {
            // The caller's to do.
        }

        @Override
        public void rollBack() {
            caller.rollbackOnly = true;
        }

        @Override
        public void giveUp() {
            // The transaction goes on.
        }
    }

    /** A transaction that executions join. It is rolled back when it is closed, unless it was committed. */
    public final class CallersTransaction implements EnclosingTransaction, AutoCloseable {

        private final Connection connection;
        private final List<PendingEnding> completions = new ArrayList<>();
        private boolean rollbackOnly;
        private boolean ended;

        private CallersTransaction(Connection connection) {
            this.connection = connection;
        }

        @Override
        public void enlist(PendingEnding completion) {
            completions.add(completion);
        }

        @Override
        public void flush() {
            // Nothing is kept back.
        }

        @Override
        public boolean isRollbackOnly() {
            return rollbackOnly;
        }

        /** Makes the transaction one that can only be rolled back. */
        public void setRollbackOnly() {
            rollbackOnly = true;
        }

        /** Commits. */
        public void commit() throws SQLException {
            completions.forEach(completion -> completion.beforeCommit(null));
            connection.commit();
            end(PendingEnding::committed);
        }

        /** Rolls back what has not been committed. */
        @Override
        public void close() throws SQLException {
            if (!ended) {
                try {
                    connection.rollback();
                } finally {
                    end(PendingEnding::rolledBack);
                }
            }
        }

        private void end(Consumer<PendingEnding> told) {
            ended = true;
            CALLERS.remove();
            JdbcTransactions.this.close(connection);
            completions.forEach(told);
        }
    }
}
