package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.OperationName;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Runs intercepted calls, under a proxy and under a woven aspect alike. Store, codec and settings are looked up when
 * the first call of a method is made, or when the application's start is checked, and not before. Safe for use by many
 * threads.
 */
public final class IdempotencySupport {

    private final IdempotentMethods methods;

    /**
     * Makes the support.
     *
     * @param source says what is declared
     * @param expressions parses what is declared
     * @param transactions says how calls and transactions go together; null where there are no transactions
     * @param operations makes the operations
     * @param asyncReturns knows methods that return before their work is done, by other types than the JDK's; null
     *     where nothing does
     */
    public IdempotencySupport(
            OperationSource source,
            CallExpressions expressions,
            @Nullable MethodTransactionSource transactions,
            OperationRegistry operations,
            @Nullable AsyncReturns asyncReturns) {
        this.methods = new IdempotentMethods(source, expressions, transactions, operations, asyncReturns);
    }

    /**
     * Runs a call: once for its key if the method is idempotent, as it is if not.
     *
     * @return what the method returned, now or when it ran
     * @throws IdempotencyConfigurationException if the method cannot be protected as it is declared; it is not run
     * @throws Throwable what the method throws, now or when it ran, or an {@link io.idempotent.IdempotencyException}
     */
    public @Nullable Object invoke(IdempotentCall call) throws Throwable {
        IdempotentMethod method = methods.find(call.method(), call.target().getClass());
        return method == null ? call.proceed() : method.invoke(call);
    }

    /**
     * Returns the name of a method's operation, or null if the method is not idempotent.
     *
     * @param method the method as it is invoked: the interface's where the bean is a JDK proxy
     * @throws IdempotencyConfigurationException if no operation can have that name
     */
    public @Nullable OperationName name(Method method, Class<?> targetClass) {
        return methods.name(method, targetClass);
    }

    /**
     * Resolves a method without calling it, so that what is wrong is said at startup.
     *
     * @param method the method as it is invoked: the interface's where the bean is a JDK proxy
     * @return the method; null if it is not protected
     * @throws IdempotencyConfigurationException if it cannot be protected as it is declared and configured
     */
    public @Nullable ProtectedMethod resolve(Method method, Class<?> targetClass) {
        return methods.find(method, targetClass);
    }
}
