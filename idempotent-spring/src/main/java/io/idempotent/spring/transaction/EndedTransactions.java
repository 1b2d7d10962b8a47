package io.idempotent.spring.transaction;

import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Tells of a transaction whether it has ended, while those that are called after its end still see it, and would write
 * in it what is never committed. Spring does not tell: so each transaction gets a mark when it begins.
 */
final class EndedTransactions implements TransactionExecutionListener {

    private EndedTransactions() {}

    /** From now on the transactions of a manager get their marks. */
    static void watch(PlatformTransactionManager manager) {
        if (manager instanceof ConfigurableTransactionManager configurable
                && configurable.getTransactionExecutionListeners().stream()
                        .noneMatch(EndedTransactions.class::isInstance)) {
            configurable.addListener(new EndedTransactions());
        }
    }

    /** Whether the transaction of the calling thread is one that has ended. */
    static boolean isCurrent() {
        if (!TransactionSynchronizationManager.isActualTransactionActive()) {
            return false;
        }
        // Synchronizations end before those are called that come last.
        return !TransactionSynchronizationManager.isSynchronizationActive()
                || TransactionSynchronizationManager.getSynchronizations().stream()
                        .anyMatch(each -> each instanceof Mark mark && mark.committed);
    }

    @Override
    public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
        if (failure == null && TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.registerSynchronization(new Mark());
        }
    }

    private static final class Mark implements TransactionSynchronization {

        private boolean committed;

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        @Override
        public void afterCommit() {
            committed = true;
        }
    }
}
