package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.Operation;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.Method;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs intercepted calls, under a proxy and under a woven aspect alike. Store, codec and settings are looked up when
 * the first call of a method is made, or when the application's start is checked, and not before. Safe for use by many
 * threads.
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
     * The store as operations use it, with the near cache in front of it if there is one. What is forgotten through it
     * is gone from this node at once; what is forgotten through the store's own bean may be replayed here until the
     * near cache's time-to-live is over.
     *
     * @param store the name of its bean, or that name without {@value IdempotencyEngines#STORE_SUFFIX}; null for the
     *     store of operations that name none
     * @throws IdempotencyConfigurationException if there is no such store, or none is chosen of several
     */
    public IdempotencyStore store(@Nullable String store) {
        IdempotencySettings configured = settings.get();
        return engines.engine(store == null ? configured.defaults().store() : store, configured)
                .store();
    }

    /** What people do with records, of all operations and stores. */
    public IdempotencyRecords records() {
        return new BeanRecords(methods, () -> {
            IdempotencySettings configured = settings.get();
            return engines.engine(configured.defaults().store(), configured);
        });
    }

    /** What is configured. */
    public IdempotencySettings settings() {
        return settings.get();
    }

    /** Whether a method is annotated so that its calls are to be intercepted. */
    public boolean isIntercepted(Method method, Class<?> targetClass) {
        return source.isIdempotent(method, targetClass);
    }

    /**
     * Resolves an operation that is no method whose calls are intercepted, and makes it known to what people do with
     * records. What is set for the operation beats what is declared, which beats what is set for all.
     *
     * @param name the operation's name
     * @param declared what was declared
     * @param type what the operation returns
     * @param described what it is in the code, for messages
     * @return the operation, with its engine; null if it is switched off
     * @throws IdempotencyConfigurationException if it cannot be protected as it is declared and configured
     */
    public <T> @Nullable DetachedOperation<T> configure(
            String name, OperationSettings declared, Class<T> type, String described) {
        if (!IdempotencyKey.isOperationName(name)) {
            throw new IdempotencyConfigurationException(
                    "'" + name + "' cannot be the operation's name of " + described,
                    "Set operation to a name of at most " + IdempotencyKey.MAXIMUM_OPERATION_LENGTH
                            + " ASCII letters, digits, hyphens or underscores");
        }
        IdempotencySettings configured = settings.get();
        OperationSettings own = configured.operation(name);
        if (own.atomic() != null
                || own.transactionManager() != null
                || own.scope() != null
                || !own.retry().equals(RetrySettings.UNSAID)) {
            throw new IdempotencyConfigurationException(
                    "idempotent.operations." + name
                            + " sets one of atomic, transaction-manager, scope and retry, which " + described
                            + " cannot have",
                    "Leave them out there, and set them for the operations that it calls");
        }
        OperationSettings effective = own.orElse(declared).orElse(configured.defaults());
        if (!(effective.enabled() == null ? configured.enabled() : effective.enabled())) {
            return null;
        }
        Operation<T> operation = IdempotentMethods.configured(Operation.builder(name, type), effective)
                .build();
        IdempotencyEngine engine = engines.engine(effective.store(), configured);
        engines.checkOutcomes(engine.store(), operation.type(), described, configured);
        DetachedOperation<T> resolved = new DetachedOperation<>(
                operation,
                engine,
                operation.whenAbandoned() == WhenAbandoned.RECONCILE
                        ? Reconciling.only(engines.reconcilers(), name, described, "To find out, ")
                        : null);
        methods.add(resolved);
        return resolved;
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
