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
 * Knows whether the current transaction has ended. What Spring calls after the end still sees the transaction, and
 * would write into it what is never committed. Each transaction gets a mark when it begins, since Spring does not tell.
 */
final class EndedTransactions implements TransactionExecutionListener {

    private EndedTransactions() {}

    /** Marks the transactions that a manager begins from now on. */
    static void watch(PlatformTransactionManager manager) {
        if (manager instanceof ConfigurableTransactionManager configurable
                && configurable.getTransactionExecutionListeners().stream()
                        .noneMatch(EndedTransactions.class::isInstance)) {
            configurable.addListener(new EndedTransactions());
        }
    }

    /** Whether the calling thread is in a transaction that has ended. */
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
