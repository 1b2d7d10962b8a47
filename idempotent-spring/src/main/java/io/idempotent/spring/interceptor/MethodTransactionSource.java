package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Says how calls of a method and transactions go together; there is one where Spring's transactions are on the class
 * path.
 */
public interface MethodTransactionSource {

    /**
     * Resolves a method, which is done once.
     *
     * @param method the method as it is invoked
     * @param targetClass the class of the object that it is invoked on
     */
    MethodTransaction transaction(Method method, Class<?> targetClass);

    /**
     * Resolves an atomic method: the transactions in which its calls claim, run and complete. Done once.
     *
     * @param method the method as it is invoked
     * @param targetClass the class of the object that it is invoked on
     * @param described the method as a reader of a message finds it
     * @param store the store as the operation uses it
     * @param transactionManager the bean name of the transaction manager; null where the method's own transaction, or
     *     the only transaction manager, is meant
     * @throws IdempotencyConfigurationException if the store has no transactions, or the method's own transaction
     *     cannot be the one that its key is claimed in
     */
    StoreTransactions atomic(
            Method method,
            Class<?> targetClass,
            String described,
            IdempotencyStore store,
            @Nullable String transactionManager);

    /**
     * Checks a method that returns before its work is done.
     *
     * @throws IdempotencyConfigurationException if its own transaction is one of the calling thread, and would have
     *     ended by then
     */
    void checkAsync(Method method, Class<?> targetClass, String described);

    /**
     * Checks a method that is called without its caller.
     *
     * @throws IdempotencyConfigurationException if it needs a transaction of its caller
     */
    void checkRecoverable(Method method, Class<?> targetClass, String described);
}
