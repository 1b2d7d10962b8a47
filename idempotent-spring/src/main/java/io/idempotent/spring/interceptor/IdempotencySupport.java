package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.IdempotencyOperations;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.Method;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs intercepted calls, under a proxy and under a woven aspect alike. Store, codec and settings are looked up when the
 * first call of a method is made, or when the application's start is checked, and not before. Safe for use by many threads.
 */
public final class IdempotencySupport {

    private final OperationSource source;

    private final IdempotencyEngines engines;

    private final Supplier<IdempotencySettings> settings;

    private final IdempotentMethods methods;

    /**
     * Makes the support.
     *
     * @param source says what is declared
     * @param expressions parses what is declared
     * @param engines run the operations
     * @param transactions says how calls and transactions go together; null where there are no transactions
     * @param settings what is configured; asked for when it is needed
     */
    public IdempotencySupport(
            OperationSource source,
            CallExpressions expressions,
            IdempotencyEngines engines,
            @Nullable MethodTransactionSource transactions,
            Supplier<IdempotencySettings> settings) {
        this.source = source;
        this.engines = engines;
        this.settings = settings;
        this.methods = new IdempotentMethods(source, expressions, engines, transactions, settings);
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
     * The store as operations use it, with the near cache in front of it if there is one. What is forgotten through it is gone
     * from this node at once; what is forgotten through the store's own bean may be replayed here until the near cache's
     * time-to-live is over.
     *
     * @param store the name of its bean, or that name without {@value IdempotencyEngines#STORE_SUFFIX}; null for the store of
     *     operations that name none
     * @throws IdempotencyConfigurationException if there is no such store, or none is chosen of several
     */
    public IdempotencyStore store(@Nullable String store) {
        IdempotencySettings configured = settings.get();
        return engines.engine(store == null ? configured.defaults().store() : store, configured)
                .store();
    }

    /** What people do with records, of all operations and stores. */
    public IdempotencyOperations operations() {
        return new BeanOperations(methods, () -> {
            IdempotencySettings configured = settings.get();
            return engines.engine(configured.defaults().store(), configured);
        });
    }

    OperationSource source() {
        return source;
    }

    IdempotentMethods methods() {
        return methods;
    }

    /** Resolves a method without calling it, so that what is wrong is said at startup; null if it is not protected. */
    @Nullable
    IdempotentMethod resolve(Method method, Class<?> targetClass) {
        return methods.find(method, targetClass);
    }
}
