package io.idempotent.spring.transaction;

import java.util.List;
import java.util.function.Supplier;
import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionSynchronizationUtils;
import org.springframework.util.function.SingletonSupplier;

/**
 * The transaction of the calling thread, in what Spring tells of it by its transaction managers only. Whichever of the
 * context's manages it, and however it was begun, by advice or by code, it is asked by taking part in it for a moment.
 */
final class CurrentTransaction {

    private final Supplier<List<PlatformTransactionManager>> transactionManagers;
    private volatile boolean watched;

    CurrentTransaction(BeanFactory beanFactory) {
        this.transactionManagers =
                SingletonSupplier.of(() -> beanFactory.getBeanProvider(PlatformTransactionManager.class).stream()
                        .toList());
    }

    /**
     * From now on it is seen what becomes of the transactions that the context's managers begin.
     *
     * @return false if there are none
     */
    boolean watch() {
        if (!watched) {
            try {
                transactionManagers.get().forEach(TransactionWatch::watch);
                watched = true;
            } catch (BeanCurrentlyInCreationException early) {
                // A call from a bean that the managers themselves need: the next one tries again.
                return true;
            }
        }
        return !transactionManagers.get().isEmpty();
    }

    /** Makes everything that takes part in the transaction write what it has kept back. */
    void flush() {
        TransactionSynchronizationUtils.triggerFlush();
        statuses().forEach(TransactionStatus::flush);
    }

    boolean isRollbackOnly() {
        return statuses().stream().anyMatch(TransactionStatus::isRollbackOnly);
    }

    /** Those that take part have nothing to end: they began nothing. */
    private List<TransactionStatus> statuses() {
        DefaultTransactionDefinition participation =
                new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_SUPPORTS);
        participation.setReadOnly(TransactionSynchronizationManager.isCurrentTransactionReadOnly());
        return transactionManagers.get().stream()
                .map(transactionManager -> transactionManager.getTransaction(participation))
                .filter(TransactionStatus::hasTransaction)
                .toList();
    }
}
