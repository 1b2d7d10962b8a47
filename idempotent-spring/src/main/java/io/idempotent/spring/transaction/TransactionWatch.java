package io.idempotent.spring.transaction;

import io.idempotent.spring.interceptor.MethodTransaction;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NamedThreadLocal;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;

/**
 * Watches the transactions that one attempt of a method begins. A transaction that is rolled back because somebody
 * asked for it, by {@code setRollbackOnly()}, throws nothing. Spring's transaction managers tell of it.
 *
 * <ol>
 *   <li>Transactions and savepoints count unless they are inside another one that the attempt began.
 *   <li>The method's own transaction, which is known by its name, decides alone.
 *   <li>A method without one, and outside of its caller's, is undone if a transaction that writes was rolled back and
 *       none was committed. What it committed in part stands, and so does its outcome: the method knew.
 * </ol>
 *
 * <p>Confined to the thread that makes the attempt.
 */
final class TransactionWatch implements MethodTransaction.Watch {

    private static final ThreadLocal<@Nullable TransactionWatch> CURRENT =
            new NamedThreadLocal<>("Watched transactions of idempotent methods");

    private final @Nullable String own;
    private final boolean enclosed;
    private final @Nullable TransactionWatch outer;

    private @Nullable TransactionExecution outermost;
    private boolean ownUndone;
    private boolean ownCommitted;
    private boolean undone;
    private boolean committed;

    private TransactionWatch(@Nullable String own, boolean enclosed, @Nullable TransactionWatch outer) {
        this.own = own;
        this.enclosed = enclosed;
        this.outer = outer;
    }

    /** From now on a manager tells what becomes of its transactions, if it can. */
    static void watch(PlatformTransactionManager manager) {
        if (manager instanceof ConfigurableTransactionManager configurable
                && configurable.getTransactionExecutionListeners().stream().noneMatch(Teller.class::isInstance)) {
            configurable.addListener(new Teller());
        }
    }

    /**
     * Begins to watch this thread.
     *
     * @param own the name of the method's own transaction; null if it has none
     * @param enclosed whether what the method does is part of its caller's transaction
     */
    static TransactionWatch begin(@Nullable String own, boolean enclosed) {
        TransactionWatch watch = new TransactionWatch(own, enclosed, CURRENT.get());
        CURRENT.set(watch);
        return watch;
    }

    @Override
    public boolean isUndone() {
        if (ownUndone || ownCommitted) {
            return ownUndone;
        }
        return undone && !committed && !enclosed;
    }

    @Override
    public void close() {
        // Not removed where there is none outside: to set the next would take another entry of the thread's.
        CURRENT.set(outer);
    }

    private void begun(TransactionExecution transaction) {
        if (outermost == null) {
            outermost = transaction;
        }
    }

    private void ended(TransactionExecution transaction, boolean commits) {
        if (outermost != transaction) {
            return;
        }
        outermost = null;
        if (own != null && own.equals(transaction.getTransactionName())) {
            ownCommitted = commits;
            ownUndone = !commits;
        } else if (commits) {
            committed |= !transaction.isReadOnly();
        } else {
            // One that was rolled back since it failed is known to the method, which went on all the same.
            undone |= !transaction.isReadOnly() && transaction.isRollbackOnly();
        }
    }

    /** Passes on what a manager tells to all that watch this thread. */
    private static final class Teller implements TransactionExecutionListener {

        @Override
        public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
            if (failure == null) {
                for (TransactionWatch next = CURRENT.get(); next != null; next = next.outer) {
                    next.begun(transaction);
                }
            }
        }

        @Override
        public void afterCommit(TransactionExecution transaction, @Nullable Throwable failure) {
            // After a commit that failed nobody knows, and the method has thrown.
            ended(transaction, true);
        }

        @Override
        public void afterRollback(TransactionExecution transaction, @Nullable Throwable failure) {
            ended(transaction, false);
        }

        private static void ended(TransactionExecution transaction, boolean commits) {
            for (TransactionWatch next = CURRENT.get(); next != null; next = next.outer) {
                next.ended(transaction, commits);
            }
        }
    }
}
