package io.idempotent.spring.transaction;

import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.PendingEnding;
import io.idempotent.store.TransactionalCompletion;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/**
 * A Spring transaction that calls are made in, and the endings that follow it. It lives among the transaction's
 * synchronizations, which Spring puts away and brings back with the transaction, so a suspended one is not found.
 *
 * <ol>
 *   <li>Before the commit, each ending is recorded in the transaction, unless that is read-only or the store cannot use
 *       its connection. This follows the unordered work of others before the commit: what they still do belongs to the
 *       transaction, and what they refuse is not recorded.
 *   <li>After the commit, each ending is told before others do their work: they find the keys completed, and what they
 *       throw comes too late to prevent it. Endings that their work adds are told after it.
 *   <li>A rollback to a savepoint ends what came after the savepoint was made. That includes the calls that a listener
 *       makes while it is told, since Spring tells before it rolls back. A savepoint that was made before the first
 *       call in this transaction comes before all.
 *   <li>After a rollback, each ending is told so, unless the commit had been tried before. Then only the store knows,
 *       and only if the outcome was recorded in the transaction.
 * </ol>
 */
final class CallerTransaction implements EnclosingTransaction {

    static final boolean JDBC_PRESENT = ClassUtils.isPresent(
            "org.springframework.jdbc.datasource.DataSourceUtils", CallerTransaction.class.getClassLoader());

    private final CurrentTransaction current;
    private final List<PendingEnding> endings = new ArrayList<>();

    // How many endings there were when a savepoint was made.
    private final IdentityHashMap<Object, Integer> savepoints = new IdentityHashMap<>();

    private boolean commitTried;

    private CallerTransaction(CurrentTransaction current) {
        this.current = current;
    }

    /** Returns the transaction of this thread, which must have one. */
    static CallerTransaction current(CurrentTransaction current) {
        for (TransactionSynchronization synchronization : TransactionSynchronizationManager.getSynchronizations()) {
            if (synchronization instanceof Last last) {
                return last.transaction();
            }
        }
        CallerTransaction transaction = new CallerTransaction(current);
        TransactionSynchronizationManager.registerSynchronization(transaction.new First());
        TransactionSynchronizationManager.registerSynchronization(transaction.new Last());
        return transaction;
    }

    @Override
    public void enlist(PendingEnding ending) {
        endings.add(ending);
    }

    @Override
    public void flush() {
        current.flush();
    }

    @Override
    public boolean isRollbackOnly() {
        return current.isRollbackOnly();
    }

    /** Tells each from the first on, including those that a listener's own calls add meanwhile. */
    private void each(int first, Consumer<PendingEnding> told) {
        for (int index = first; index < endings.size(); index++) {
            told.accept(endings.get(index));
        }
    }

    private static PendingEnding.@Nullable Recorder recorder(PendingEnding ending) {
        // Bypasses a near cache, which must not see what may yet be rolled back.
        TransactionalCompletion store = JDBC_PRESENT ? ending.store().unwrap(TransactionalCompletion.class) : null;
        return store == null ? null : JdbcRecorder.inCurrentTransaction(store);
    }

    /** Comes before what others do. */
    private final class First implements TransactionSynchronization {

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        @Override
        public void afterCommit() {
            each(0, PendingEnding::committed);
        }
    }

    /** Comes after what others do. */
    private final class Last implements TransactionSynchronization {

        CallerTransaction transaction() {
            return CallerTransaction.this;
        }

        @Override
        public int getOrder() {
            return Ordered.LOWEST_PRECEDENCE;
        }

        @Override
        public void savepoint(Object savepoint) {
            savepoints.put(savepoint, endings.size());
        }

        @Override
        public void savepointRollback(Object savepoint) {
            int before = savepoints.getOrDefault(savepoint, 0);
            each(before, PendingEnding::rolledBack);
            endings.subList(before, endings.size()).clear();
        }

        @Override
        public void beforeCommit(boolean readOnly) {
            each(0, ending -> ending.beforeCommit(readOnly ? null : recorder(ending)));
            commitTried = true;
        }

        @Override
        public void afterCompletion(int status) {
            each(0, ending -> {
                if (status == STATUS_COMMITTED) {
                    ending.committed();
                } else if (status == STATUS_ROLLED_BACK && (!commitTried || ending.isRecorded())) {
                    ending.rolledBack();
                } else {
                    ending.unknown();
                }
            });
        }
    }
}
