package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.StoreTransaction;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.NearbyOutcomes;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.IllegalTransactionStateException;
import org.springframework.transaction.NoTransactionException;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.AbstractTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * One transaction of Spring's, on the connection that it has on the store's database.
 *
 * <p>In a caller's transaction a savepoint comes before the claim, on the connection itself, since not every
 * transaction manager has savepoints: a claim that fails, or is not made, leaves the transaction as it was. Where that
 * cannot be, it is left to be rolled back.
 */
final class AtomicTransaction implements StoreTransaction {

    private final TransactionStatus status;
    private final AtomicTransactions transactions;
    private @Nullable IdempotencyKey completed;
    private boolean entered;
    private @Nullable TransactionStatus own;
    private End end = End.UNKNOWN;

    AtomicTransaction(TransactionStatus status, AtomicTransactions transactions) {
        this.status = status;
        this.transactions = transactions;
        if (isNew() && TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.bindResource(AtomicTransaction.class, this);
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void suspend() {
                    TransactionSynchronizationManager.unbindResourceIfPossible(AtomicTransaction.class);
                }

                @Override
                public void resume() {
                    TransactionSynchronizationManager.bindResource(AtomicTransaction.class, AtomicTransaction.this);
                }

                @Override
                public void beforeCompletion() {
                    TransactionSynchronizationManager.unbindResourceIfPossible(AtomicTransaction.class);
                }

                @Override
                public void afterCompletion(int status) {
                    // That it was rolled back is also said where a commit failed, of which nobody knows.
                    if (status == STATUS_COMMITTED) {
                        end = End.COMMITTED;
                    }
                }
            });
        }
    }

    /**
     * Called inside of all advice: the innermost transaction that an advice has begun, or joined, is the method's own.
     */
    static void enter() {
        if (TransactionSynchronizationManager.getResource(AtomicTransaction.class) instanceof AtomicTransaction current
                && !current.entered) {
            current.entered = true;
            try {
                TransactionStatus found = TransactionAspectSupport.currentTransactionStatus();
                current.own = found.isNewTransaction() ? null : found;
            } catch (NoTransactionException none) {
                // The method declares none.
            }
        }
    }

    @Override
    public boolean isRollbackMeant() {
        return own instanceof AbstractTransactionStatus known && known.isLocalRollbackOnly();
    }

    @Override
    public boolean isNew() {
        return status.isNewTransaction();
    }

    @Override
    public @Nullable ClaimResult claim(ClaimRequest request) {
        ClaimResult result = onConnection(connection ->
                isNew() ? transactions.store().claimOn(connection, request) : claimAfterSavepoint(connection, request));
        if (result instanceof ClaimResult.Completed found) {
            completed = found.record().key();
        }
        return result;
    }

    private @Nullable ClaimResult claimAfterSavepoint(Connection connection, ClaimRequest request) {
        try {
            boolean readOnly = TransactionSynchronizationManager.isCurrentTransactionReadOnly();
            Savepoint before = connection.setSavepoint();
            ClaimResult result;
            try {
                result = transactions.store().claimOn(connection, request);
            } catch (RuntimeException | Error failure) {
                undo(connection, before, failure);
                if (readOnly && failure instanceof IdempotencyStoreException refused && !refused.isTransient()) {
                    throw readOnly(request.key(), refused);
                }
                throw failure;
            }
            boolean mustNotWrite = readOnly && result instanceof ClaimResult.Claimed;
            if (result == null || mustNotWrite) {
                connection.rollback(before);
            }
            connection.releaseSavepoint(before);
            if (mustNotWrite) {
                // Not every database refuses it, and what JPA is to write in such a transaction is never written.
                throw readOnly(request.key(), new IllegalTransactionStateException("The transaction is read-only"));
            }
            return result;
        } catch (SQLException gone) {
            // The database has undone the whole transaction, or lost it: what was written in it before is gone.
            status.setRollbackOnly();
            throw new IdempotencyStoreException(
                    "The claim of '" + request.key()
                            + "' could not be kept apart from the caller's transaction by a savepoint: run that again",
                    request.key(),
                    gone);
        }
    }

    private static IdempotencyStoreException readOnly(IdempotencyKey key, RuntimeException cause) {
        return new IdempotencyStoreException(
                "The caller's transaction is read-only, so that '" + key
                        + "' cannot be claimed in it; nothing was run. Call the method in a transaction that writes, or"
                        + " outside of the one that does not",
                key,
                cause,
                false);
    }

    private void undo(Connection connection, Savepoint before, Throwable failure) {
        try {
            connection.rollback(before);
            connection.releaseSavepoint(before);
        } catch (SQLException gone) {
            status.setRollbackOnly();
            failure.addSuppressed(gone);
        }
    }

    @Override
    public boolean isRollbackOnly() {
        return status.isRollbackOnly();
    }

    @Override
    public void flush() {
        transactions.current().flush();
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return onConnection(connection -> transactions.store().completeOn(connection, claim, outcome, retention));
    }

    @Override
    public boolean release(Claim claim) {
        return onConnection(connection -> transactions.store().releaseOn(connection, claim));
    }

    private <R extends @Nullable Object> R onConnection(Function<Connection, R> request) {
        DataSource dataSource = transactions.store().dataSource();
        Connection connection = DataSourceUtils.getConnection(dataSource);
        try {
            return request.apply(connection);
        } finally {
            DataSourceUtils.releaseConnection(connection, dataSource);
        }
    }

    @Override
    public void commit() {
        if (!isNew()) {
            return;
        }
        try {
            transactions.manager().commit(status);
        } catch (UnexpectedRollbackException failure) {
            if (end != End.COMMITTED) {
                end = End.ROLLED_BACK;
            }
            throw failure;
        }
    }

    @Override
    public End end() {
        return end;
    }

    @Override
    public void rollBack() {
        if (!status.isCompleted()) {
            if (!isNew()) {
                // A transaction manager may be set to leave this to the caller, who knows nothing of the claim.
                status.setRollbackOnly();
            }
            transactions.manager().rollback(status);
        }
    }

    @Override
    public void giveUp() {
        if (!isNew()) {
            if (status.isRollbackOnly()) {
                // So that the caller cannot commit what is left.
                rollBack();
            }
            return;
        }
        try {
            rollBack();
            if (completed != null && transactions.used().unwrap(NearbyOutcomes.class) != null) {
                // Fills the near cache, which does not see what a transaction finds.
                var unused = transactions.used().find(completed);
            }
        } catch (RuntimeException | Error lost) {
            // There was nothing to roll back, and a broken connection is lost by itself; the near cache fills later.
        }
    }
}
