package io.idempotent.spring.transaction;

import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.spring.interceptor.MethodTransaction;
import java.lang.reflect.Modifier;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import org.jspecify.annotations.Nullable;
import org.springframework.objenesis.SpringObjenesis;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.HeuristicCompletionException;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.interceptor.TransactionAttribute;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * One method, by the attributes of its own transaction.
 *
 * @param attribute how its own transaction is, or null if it has none
 * @param name what the advice of transactions calls that transaction; null if it has none
 * @param outside whether its own transaction is begun outside of our advice
 * @param current the transaction of the calling thread
 */
record SpringMethodTransaction(
        @Nullable TransactionAttribute attribute, @Nullable String name, boolean outside, CurrentTransaction current)
        implements MethodTransaction {

    private static final SpringObjenesis OBJENESIS = new SpringObjenesis();

    @Override
    public @Nullable EnclosingTransaction enclosing() {
        return isEnclosed() ? CallerTransaction.current(current) : null;
    }

    @Override
    public @Nullable Watch watch() {
        return current.watch() ? TransactionWatch.begin(outside ? null : name, isEnclosed()) : null;
    }

    @Override
    public boolean mayStand(Throwable failure) {
        if (attribute == null || !hasTransaction(attribute)) {
            return false;
        }
        return !attribute.rollbackOn(failure) || (!isEnclosed() && isCommitUnknown(failure));
    }

    @Override
    public boolean commitsOn(Class<? extends Throwable> failure) {
        // Rules go by the type, so that an object whose constructor was never called is enough.
        return attribute != null
                && hasTransaction(attribute)
                && !Modifier.isAbstract(failure.getModifiers())
                && !attribute.rollbackOn(OBJENESIS.newInstance(failure));
    }

    /** Whether a transaction that is active now, outside of the method's advice, decides what becomes of its work. */
    private boolean isEnclosed() {
        return TransactionSynchronizationManager.isActualTransactionActive()
                && TransactionSynchronizationManager.isSynchronizationActive()
                && (outside || attribute == null || joins(attribute));
    }

    private static boolean joins(TransactionAttribute attribute) {
        return switch (attribute.getPropagationBehavior()) {
            case TransactionDefinition.PROPAGATION_REQUIRES_NEW,
                    TransactionDefinition.PROPAGATION_NOT_SUPPORTED,
                    TransactionDefinition.PROPAGATION_NEVER -> false;
            default -> true;
        };
    }

    private static boolean hasTransaction(TransactionAttribute attribute) {
        return switch (attribute.getPropagationBehavior()) {
            case TransactionDefinition.PROPAGATION_NOT_SUPPORTED, TransactionDefinition.PROPAGATION_NEVER -> false;
            case TransactionDefinition.PROPAGATION_SUPPORTS, TransactionDefinition.PROPAGATION_MANDATORY ->
                TransactionSynchronizationManager.isActualTransactionActive();
            default -> true;
        };
    }

    /** Whether the answer to the commit of a transaction may be what was lost. */
    private static boolean isCommitUnknown(Throwable failure) {
        if (failure instanceof CannotCreateTransactionException) {
            return false;
        }
        if (failure instanceof HeuristicCompletionException) {
            return true;
        }
        for (Throwable next = failure; next != null; next = next.getCause()) {
            if (next instanceof SQLRecoverableException
                    || next instanceof SQLNonTransientConnectionException
                    || (next instanceof SQLException refused
                            && refused.getSQLState() != null
                            && refused.getSQLState().startsWith("08"))) {
                return true;
            }
        }
        return false;
    }
}
