package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.GenericTypes;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.util.ClassUtils;

/**
 * Resolves methods, each once: what is declared, what is configured, expressions, store, retry. Safe for use by many
 * threads.
 *
 * <p>A property of the operation beats what is declared, which beats the property for all operations.
 */
final class IdempotentMethods {

    private final OperationSource source;
    private final CallExpressions expressions;
    private final IdempotencyEngines engines;
    private final @Nullable MethodTransactionSource transactions;
    private final Supplier<IdempotencySettings> settings;

    // By the method alone, whose look-up makes no garbage; the right one of a method's few
    // target classes is found by going through them.
    private final Map<Method, Resolved[]> methods = new ConcurrentHashMap<>();

    // Filled as methods are resolved, which is at startup for nearly all.
    private final Map<String, Set<ConfiguredOperation>> operations = new ConcurrentHashMap<>();

    // In front of it, those called last, one for each slot; compared by identity, which costs less than any look-up. Of
    // racing writers any may win.
    private final @Nullable Resolved[] calledLast = new @Nullable Resolved[256];

    IdempotentMethods(
            OperationSource source,
            CallExpressions expressions,
            IdempotencyEngines engines,
            @Nullable MethodTransactionSource transactions,
            Supplier<IdempotencySettings> settings) {
        this.source = source;
        this.expressions = expressions;
        this.engines = engines;
        this.transactions = transactions;
        this.settings = settings;
    }

    /** The method as it is to be called on an object of this class; null if it is not idempotent, or switched off. */
    @Nullable
    IdempotentMethod find(Method method, Class<?> objectClass) {
        int slot = method.getName().hashCode() & (calledLast.length - 1);
        Resolved last = calledLast[slot];
        if (last != null && isSame(last.method(), method) && last.objectClass() == objectClass) {
            return last.idempotent();
        }
        Resolved found = lookUp(method, objectClass);
        calledLast[slot] = found;
        return found.idempotent();
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Method one, Method other) {
        return one == other;
    }

    private Resolved lookUp(Method method, Class<?> objectClass) {
        Resolved[] resolved = methods.get(method);
        if (resolved != null) {
            for (Resolved candidate : resolved) {
                if (candidate.objectClass() == objectClass) {
                    return candidate;
                }
            }
        }
        Class<?> targetClass = ClassUtils.getUserClass(objectClass);
        Resolved added;
        try {
            added = new Resolved(method, objectClass, resolve(method, targetClass));
        } catch (BeansException failure) {
            throw tooEarly(method, targetClass, failure);
        }
        methods.merge(method, new Resolved[] {added}, IdempotentMethods::joined);
        if (added.idempotent() != null) {
            add(added.idempotent());
        }
        return added;
    }

    /** Makes an operation known, a method's or any other. */
    void add(ConfiguredOperation operation) {
        operations.merge(operation.operation().name(), Set.of(operation), IdempotentMethods::both);
    }

    /** What is known of an operation: its methods, or whatever else it is. */
    Set<ConfiguredOperation> ofOperation(String name) {
        return operations.getOrDefault(name, Set.of());
    }

    private static Set<ConfiguredOperation> both(Set<ConfiguredOperation> some, Set<ConfiguredOperation> others) {
        return Stream.of(some, others).flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    }

    /** The engines that the operations which are known use. */
    Set<IdempotencyEngine> engines() {
        return operations.values().stream()
                .flatMap(Set::stream)
                .map(ConfiguredOperation::engine)
                .collect(Collectors.toSet());
    }

    /**
     * The name of a method's operation, or null if the method is not idempotent.
     *
     * @param method the method as it is invoked: the interface's where the bean is a JDK proxy
     */
    @Nullable
    OperationName name(Method method, Class<?> targetClass) {
        OperationDeclaration declaration = source.declaration(method, targetClass);
        return declaration == null ? null : name(declaration, method, targetClass);
    }

    /** What a call gets that needs, in order to be protected, a bean that is just being made. */
    private static RuntimeException tooEarly(Method method, Class<?> targetClass, BeansException failure) {
        for (Throwable next = failure; next != null; next = next.getCause()) {
            if (next instanceof BeanCurrentlyInCreationException circle) {
                return new IdempotencyConfigurationException(
                        MethodNames.describe(method, targetClass) + " was called while the bean '"
                                + circle.getBeanName()
                                + "' is made, which is needed to protect the call: it was not run",
                        "Call it later, from an ApplicationRunner say, and not while the idempotency store, settings or a"
                                + " listener are made, nor what they depend on",
                        failure);
            }
        }
        return failure;
    }

    private static OperationName name(OperationDeclaration declaration, Method method, Class<?> targetClass) {
        if (declaration.operation() != null) {
            return checked(new OperationName(declaration.operation(), true), method, targetClass);
        }
        Class<?> declaringClass = method.getDeclaringClass();
        if (!declaringClass.isInterface()) {
            declaringClass = specific(method, targetClass).getDeclaringClass();
        }
        return checked(new OperationName(MethodNames.operation(declaringClass, method), false), method, targetClass);
    }

    /** The method of the class, unless that is a proxy's or a lambda's, which knows neither names nor generic types. */
    private static Method specific(Method method, Class<?> targetClass) {
        return Proxy.isProxyClass(targetClass) || ClassUtils.isLambdaClass(targetClass)
                ? method
                : AopUtils.getMostSpecificMethod(method, targetClass);
    }

    private static OperationName checked(OperationName name, Method method, Class<?> targetClass) {
        if (!IdempotencyKey.isOperationName(name.text())) {
            throw new IdempotencyConfigurationException(
                    "'" + name.text() + "' cannot be the operation's name of "
                            + MethodNames.describe(method, targetClass),
                    "Set operation to a name of at most " + IdempotencyKey.MAXIMUM_OPERATION_LENGTH
                            + " ASCII letters, digits, hyphens or underscores");
        }
        return name;
    }

    private @Nullable IdempotentMethod resolve(Method method, Class<?> targetClass) {
        OperationDeclaration declaration = source.declaration(method, targetClass);
        if (declaration == null) {
            return null;
        }
        IdempotencySettings configured = settings.get();
        String name = name(declaration, method, targetClass).text();
        OperationSettings own = configured.operation(name).orElse(declaration.settings());
        OperationSettings effective = own.orElse(configured.defaults());
        if (!orElse(effective.enabled(), configured.enabled())) {
            return null;
        }
        Method specific = specific(method, targetClass);
        ReturnTypes.check(specific, targetClass);
        checkAbandoning(declaration, method, targetClass);
        boolean atomic = isAtomic(declaration, own, effective, method, targetClass);

        Operation<@Nullable Object> operation = operation(
                name,
                declaration,
                effective,
                atomic,
                GenericTypes.resolve(specific.getGenericReturnType(), targetClass));
        IdempotencyEngine engine = engines.engine(effective.store(), configured);
        engines.checkOutcomes(engine.store(), operation.type(), MethodNames.describe(method, targetClass), configured);
        return new IdempotentMethod(
                operation,
                engine,
                expressions.parse(Purpose.KEY, declaration.key(), specific, targetClass),
                effective.scope() == null
                        ? null
                        : expressions.parse(Purpose.SCOPE, effective.scope(), specific, targetClass),
                CallFingerprint.resolve(
                        name,
                        declaration.fingerprint(),
                        specific,
                        targetClass,
                        expressions,
                        engine.store().keepsReferences(),
                        engines.fingerprinter()),
                declaration.unless() == null
                        ? null
                        : expressions.parse(Purpose.UNLESS, declaration.unless(), specific, targetClass),
                Retries.of(effective.retry(), operation),
                atomic || transactions == null ? null : transactions.transaction(method, targetClass),
                operation.whenAbandoned() == WhenAbandoned.RECONCILE
                        ? reconciling(name, declaration, specific, targetClass)
                        : null,
                atomic ? atomic(method, targetClass, engine, effective) : null);
    }

    private Reconciling reconciling(
            String operation, OperationDeclaration declaration, Method method, Class<?> targetClass) {
        String described = MethodNames.describe(method, targetClass);
        return declaration.reconcileWith() == null
                ? Reconciling.by(engines.reconcilers(), operation, method, targetClass, described)
                : Reconciling.by(declaration.reconcileWith(), method, targetClass, described);
    }

    private StoreTransactions atomic(
            Method method, Class<?> targetClass, IdempotencyEngine engine, OperationSettings effective) {
        String described = MethodNames.describe(method, targetClass);
        if (transactions == null) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and Spring's transactions (spring-tx) are not on the class path",
                    "Add them, or do without atomic");
        }
        return transactions.atomic(method, targetClass, described, engine.store(), effective.transactionManager());
    }

    private static void checkAbandoning(OperationDeclaration declaration, Method method, Class<?> targetClass) {
        WhenAbandoned declared = declaration.settings().whenAbandoned();
        if (declaration.reconcileWith() != null && declared != WhenAbandoned.RECONCILE) {
            throw new IdempotencyConfigurationException(
                    MethodNames.describe(method, targetClass) + " says reconcileWith, and whenAbandoned = " + declared,
                    "Say RECONCILE, or leave one of them out");
        }
    }

    /** Whether an operation is atomic, as it is declared or set for it alone. */
    private static boolean isAtomic(
            OperationDeclaration declaration,
            OperationSettings own,
            OperationSettings effective,
            Method method,
            Class<?> targetClass) {
        boolean atomic = Boolean.TRUE.equals(effective.atomic());
        if (atomic && own.whenStoreFails() == WhenStoreFails.RUN) {
            throw new IdempotencyConfigurationException(
                    MethodNames.describe(method, targetClass)
                            + " is atomic, and is to run unprotected when the store fails: that is the database which it"
                            + " writes to",
                    "Do without one of atomic and whenStoreFails = RUN");
        }
        if (atomic && (own.whenAbandoned() != null || !declaration.unknownOn().isEmpty())) {
            throw new IdempotencyConfigurationException(
                    MethodNames.describe(method, targetClass)
                            + " is atomic, and says what to do when its outcome is unknown: nothing is left of an atomic"
                            + " execution that did not commit",
                    "Do without atomic, or without unknownOn, whenAbandoned and reconcileWith");
        }
        if (!atomic && effective.transactionManager() != null) {
            throw new IdempotencyConfigurationException(
                    MethodNames.describe(method, targetClass) + " has the transaction manager '"
                            + effective.transactionManager() + "', and is not atomic",
                    "Set atomic too, or leave the transaction manager out");
        }
        return atomic;
    }

    /** Sets what holds for operations of every kind. */
    static <T extends @Nullable Object> Operation.Builder<T> configured(
            Operation.Builder<T> builder, OperationSettings settings) {
        return builder.retention(orElse(settings.retention(), Operation.DEFAULT_RETENTION))
                .lease(orElse(settings.lease(), Operation.DEFAULT_LEASE))
                .maxRun(orElse(settings.maxRun(), Operation.DEFAULT_MAX_RUN))
                .waitAtMost(orElse(settings.waitAtMost(), Duration.ZERO))
                .whenStoreFails(orElse(settings.whenStoreFails(), WhenStoreFails.REFUSE))
                .whenAbandoned(orElse(settings.whenAbandoned(), WhenAbandoned.RUN_AGAIN));
    }

    private static Operation<@Nullable Object> operation(
            String name, OperationDeclaration declaration, OperationSettings settings, boolean atomic, Type type) {
        Operation.Builder<@Nullable Object> builder = configured(Operation.builder(name, type), settings)
                .recordFailures(declaration.recordFailures())
                .unknownOn(declaration.unknownOn());
        return (atomic ? builder.whenAbandoned(WhenAbandoned.RUN_AGAIN) : builder).build();
    }

    private static <T> T orElse(@Nullable T said, T otherwise) {
        return said != null ? said : otherwise;
    }

    private static Resolved[] joined(Resolved[] before, Resolved[] added) {
        Resolved[] all = new Resolved[before.length + added.length];
        System.arraycopy(before, 0, all, 0, before.length);
        System.arraycopy(added, 0, all, before.length, added.length);
        return all;
    }

    /**
     * The name of an operation.
     *
     * @param text the name
     * @param said whether it was declared, and not made of class and method
     */
    record OperationName(String text, boolean said) {}

    private record Resolved(
            Method method, Class<?> objectClass, @Nullable IdempotentMethod idempotent) {}
}
