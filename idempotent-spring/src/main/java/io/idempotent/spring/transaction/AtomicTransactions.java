package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.StoreTransaction;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.TransactionalIdempotencyStore;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The transactions of one atomic method, by Spring's transaction manager for the store's database.
 *
 * @param manager begins and ends them
 * @param definition as the method's own transaction is declared
 * @param store where records are kept
 * @param used the store as operations use it: the same, or one in front of it that may have a near cache
 * @param current the transaction of the calling thread
 */
record AtomicTransactions(
        PlatformTransactionManager manager,
        TransactionDefinition definition,
        TransactionalIdempotencyStore store,
        IdempotencyStore used,
        CurrentTransaction current)
        implements StoreTransactions {

    @Override
    public @Nullable EnclosingTransaction enclosing() {
        if (!TransactionSynchronizationManager.isActualTransactionActive() || EndedTransactions.isCurrent()) {
            return null;
        }
        // One that takes part has nothing to end: it began nothing.
        TransactionStatus participation =
                manager.getTransaction(new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_SUPPORTS));
        return participation.hasTransaction() ? CallerTransaction.current(current) : null;
    }

    @Override
    public StoreTransaction begin() {
        TransactionStatus status;
        try {
            status = manager.getTransaction(EndedTransactions.isCurrent() ? apart() : definition);
        } catch (CannotCreateTransactionException failure) {
            throw new IdempotencyStoreException(
                    "No transaction could be begun in which to claim the key; nothing was run. Is the database up, and"
                            + " are there connections enough?",
                    null,
                    failure,
                    false);
        }
        if (!TransactionSynchronizationManager.hasResource(store.dataSource())) {
            manager.rollback(status);
            throw new IdempotencyConfigurationException(
                    "The transaction manager " + manager.getClass().getName()
                            + " does not show the JDBC connection of its transactions: nothing can be atomic in them",
                    "Give it a JPA dialect that does, as HibernateJpaDialect, or use the JdbcTransactionManager");
        }
        return new AtomicTransaction(status, this);
    }

    /** What is done after a transaction's end is no part of it. */
    private TransactionDefinition apart() {
        DefaultTransactionDefinition apart = new DefaultTransactionDefinition(definition);
        apart.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        return apart;
    }
}
