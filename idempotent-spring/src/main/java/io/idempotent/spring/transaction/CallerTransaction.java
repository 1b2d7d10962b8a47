package io.idempotent.spring.transaction;

import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.PendingEnding;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.TransactionalCompletion;
import io.idempotent.store.caffeine.CompletedRecordCache;
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
 * A transaction of Spring's in which calls are made, and the completions that follow it. It is found among the
 * transaction's synchronizations. Spring puts those away with a suspended transaction, and brings them back with it.
 *
 * <ol>
 *   <li>Before the commit, each completion is recorded in the transaction if the store can write on the transaction's own
 *       connection and the transaction is not read-only. This comes after the work of others that declares no order:
 *       what they write belongs to the transaction, and what they refuse is not recorded.
 *   <li>After the commit, each completion is told before the work of others begins. They find the keys completed, and
 *       what they throw does not reach us. Completions that join only then are told when that work is done.
 *   <li>A rollback to a savepoint ends the completions that joined after the savepoint. A savepoint that is older than
 *       the first call in this transaction ends all.
 *   <li>After a rollback, each completion is told. If the commit had been tried before, only the store knows what became
 *       of an outcome that was recorded in the transaction, and nobody knows of another.
 * </ol>
 */
final class CallerTransaction implements EnclosingTransaction {

    static final boolean JDBC_PRESENT = ClassUtils.isPresent(
            "org.springframework.jdbc.datasource.DataSourceUtils", CallerTransaction.class.getClassLoader());

    private final CurrentTransaction current;
    private final List<PendingEnding> completions = new ArrayList<>();

    // How many completions there were when a savepoint was made.
    private final IdentityHashMap<Object, Integer> savepoints = new IdentityHashMap<>();

    private boolean commitTried;

    private CallerTransaction(CurrentTransaction current) {
        this.current = current;
    }

    /** The transaction of this thread, which has to have one. */
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
    public void enlist(PendingEnding completion) {
        completions.add(completion);
    }

    @Override
    public void flush() {
        current.flush();
    }

    @Override
    public boolean isRollbackOnly() {
        return current.isRollbackOnly();
    }

    /** Tells each, and those too that a listener's own calls add meanwhile. */
    private void each(Consumer<PendingEnding> told) {
        for (int index = 0; index < completions.size(); index++) {
            told.accept(completions.get(index));
        }
    }

    private static PendingEnding.@Nullable Recorder recorder(PendingEnding completion) {
        // The near cache must not see what may yet be rolled back.
        return JDBC_PRESENT && behind(completion.store()) instanceof TransactionalCompletion store
                ? JdbcRecorder.inCurrentTransaction(store)
                : null;
    }

    /** The store itself, without the near cache that may be in front of it. */
    static IdempotencyStore behind(IdempotencyStore store) {
        return store instanceof CompletedRecordCache cache ? cache.store() : store;
    }

    /** What has to come before what others do. */
    private final class First implements TransactionSynchronization {

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        @Override
        public void afterCommit() {
            each(PendingEnding::committed);
        }
    }

    /** What has to come after what others do. */
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
            savepoints.put(savepoint, completions.size());
        }

        @Override
        public void savepointRollback(Object savepoint) {
            Integer before = savepoints.get(savepoint);
            List<PendingEnding> undone = completions.subList(before == null ? 0 : before, completions.size());
            undone.forEach(PendingEnding::rolledBack);
            undone.clear();
        }

        @Override
        public void beforeCommit(boolean readOnly) {
            each(completion -> completion.beforeCommit(readOnly ? null : recorder(completion)));
            commitTried = true;
        }

        @Override
        public void afterCompletion(int status) {
            each(completion -> {
                if (status == STATUS_COMMITTED) {
                    completion.committed();
                } else if (status == STATUS_ROLLED_BACK && (!commitTried || completion.isRecorded())) {
                    completion.rolledBack();
                } else {
                    completion.unknown();
                }
            });
        }
    }
}
