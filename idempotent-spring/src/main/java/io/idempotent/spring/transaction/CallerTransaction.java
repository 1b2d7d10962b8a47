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
 * import io.idempotent.engine.PendingEnding;
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
        // Goes past a near cache, which must not see what may yet be rolled back.
        TransactionalCompletion store = JDBC_PRESENT ? completion.store().unwrap(TransactionalCompletion.class) : null;
        return store == null ? null : JdbcRecorder.inCurrentTransaction(store);
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
