package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.GenericTypes;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import io.idempotent.spring.operation.ListenerMethod;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationContract;
import io.idempotent.spring.operation.OperationDeclaration;
import io.idempotent.spring.operation.OperationName;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationRegistry.Configured;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RecoverSettings;
import io.idempotent.store.RecoverableRecords;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.core.KotlinDetector;
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
    private final @Nullable MethodTransactionSource transactions;
    private final OperationRegistry operations;
    private final @Nullable AsyncReturns asyncReturns;
    private final RetryBudgets budgets = new RetryBudgets();

    // By the method alone, whose look-up makes no garbage; the right one of a method's few
    // target classes is found by going through them.
    private final Map<Method, Resolved[]> methods = new ConcurrentHashMap<>();

    // In front of it, those called last, one for each slot; compared by identity, which costs less than any look-up. Of
    // racing writers any may win.
    private final @Nullable Resolved[] calledLast = new @Nullable Resolved[256];

    IdempotentMethods(
            OperationSource source,
            CallExpressions expressions,
            @Nullable MethodTransactionSource transactions,
            OperationRegistry operations,
            @Nullable AsyncReturns asyncReturns) {
        this.source = source;
        this.expressions = expressions;
        this.transactions = transactions;
        this.operations = operations;
        this.asyncReturns = asyncReturns;
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
            operations.add(added.idempotent());
        }
        return added;
    }

    /**
     * The name of a method's operation, or null if the method is not idempotent.
     *
     * @param method the method as it is invoked: the interface's where the bean is a JDK proxy
     */
    @Nullable
    OperationName name(Method method, Class<?> targetClass) {
        OperationDeclaration declaration = source.declaration(method, targetClass);
        return declaration == null
                ? null
                : name(declaration, method, targetClass, MethodNames.describe(method, targetClass));
    }

    /** What a call gets that needs, in order to be protected, a bean that is just being made. */
    private static RuntimeException tooEarly(Method method, Class<?> targetClass, BeansException failure) {
        for (Throwable next = failure; next != null; next = next.getCause()) {
            if (next instanceof BeanCurrentlyInCreationException circle) {
                return new IdempotencyConfigurationException(
                        MethodNames.describe(method, targetClass) + " was called while the bean '"
                                + circle.getBeanName()
                                + "' is made, which is needed to protect the call: it was not run",
                        "Call it later, from an ApplicationRunner say, and not while the idempotency store,"
                                + " settings or a"
                                + " listener are made, nor what they depend on",
                        failure);
            }
        }
        return failure;
    }

    private static OperationName name(
            OperationDeclaration declaration, Method method, Class<?> targetClass, String described) {
        if (declaration.operation() != null) {
            return OperationName.of(declaration.operation(), true, described);
        }
        Class<?> declaringClass = method.getDeclaringClass();
        if (!declaringClass.isInterface()) {
            declaringClass = specific(method, targetClass).getDeclaringClass();
        }
        return OperationName.of(MethodNames.operation(declaringClass, method), false, described);
    }

    /** The method of the class, unless that is a proxy's or a lambda's, which knows neither names nor generic types. */
    private static Method specific(Method method, Class<?> targetClass) {
        return Proxy.isProxyClass(targetClass) || ClassUtils.isLambdaClass(targetClass)
                ? method
                : AopUtils.getMostSpecificMethod(method, targetClass);
    }

    private @Nullable IdempotentMethod resolve(Method method, Class<?> targetClass) {
        OperationDeclaration declaration = source.declaration(method, targetClass);
        if (declaration == null) {
            return null;
        }
        String described = MethodNames.describe(method, targetClass);
        OperationName operationName = name(declaration, method, targetClass, described);
        String name = operationName.text();
        Configured configured = operations.configured(name, declaration.settings());
        if (configured == null) {
            return null;
        }
        OperationSettings effective = configured.effective();
        Method specific = specific(method, targetClass);
        AsyncReturn async = async(specific, targetClass);
        Type type =
                async == null ? GenericTypes.resolve(specific.getGenericReturnType(), targetClass) : async.valueType();
        ReturnTypes.check(type, described);
        checkAbandoning(declaration, described);
        boolean atomic = isAtomic(declaration, configured, described);
        ListenerMethod listener = operations.listener(method, targetClass);
        if (effective.recover().after() != null) {
            checkRecovered(method, targetClass, described, atomic, listener);
        }
        if (async != null) {
            checkAsync(method, targetClass, described, atomic, effective, listener);
        }

        Operation<@Nullable Object> operation = operation(name, declaration, configured, atomic, type);
        IdempotencyEngine engine = operations.engine(effective.store(), operation.type(), described);
        RecoverableMethod recoverable =
                recoverable(operation, declaration, effective.recover(), method, specific, targetClass, engine, async);
        return new IdempotentMethod(
                operationName,
                operation,
                engine,
                new OperationContract(
                        described,
                        declaration.key(),
                        effective.scope(),
                        declaration.fingerprint().description(),
                        atomic,
                        effective.retry()),
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
                        operations.fingerprinter()),
                declaration.unless() == null
                        ? null
                        : expressions.parse(Purpose.UNLESS, declaration.unless(), specific, targetClass),
                Retries.of(effective.retry(), operation, budgets, operations::retryHints, asyncReturns),
                atomic || transactions == null ? null : transactions.transaction(method, targetClass),
                operation.whenAbandoned() == WhenAbandoned.RECONCILE
                        ? reconciling(name, declaration, specific, targetClass, type)
                        : null,
                atomic ? atomic(method, targetClass, described, engine, effective) : null,
                operations.observer(name, engine),
                operations.keyInLog(),
                listener,
                async,
                recoverable);
    }

    /** Refuses what a method cannot be that is called without its caller. */
    private void checkRecovered(
            Method method, Class<?> targetClass, String described, boolean atomic, @Nullable ListenerMethod listener) {
        if (atomic) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and is to be recovered: nothing is left of an atomic execution that did"
                            + " not commit, so that there is nothing to finish",
                    "Do without recover");
        }
        if (listener != null) {
            throw new IdempotencyConfigurationException(
                    described + " listens to messages, and is to be recovered: its broker delivers a message again that"
                            + " was not acknowledged",
                    "Do without recover, or annotate a method that it calls");
        }
        if (transactions != null) {
            transactions.checkRecoverable(method, targetClass, described);
        }
    }

    /** How abandoned executions are finished without their callers; null if they are not. */
    private @Nullable RecoverableMethod recoverable(
            Operation<?> operation,
            OperationDeclaration declaration,
            RecoverSettings settings,
            Method method,
            Method specific,
            Class<?> targetClass,
            IdempotencyEngine engine,
            @Nullable AsyncReturn async) {
        if (settings.after() == null) {
            return null;
        }
        String described = MethodNames.describe(method, targetClass);
        int maxTakeovers =
                settings.maxTakeovers() == null ? RecoverSettings.DEFAULT_MAX_TAKEOVERS : settings.maxTakeovers();
        if (settings.after().isNegative() || maxTakeovers < 1) {
            throw new IdempotencyConfigurationException(
                    described + " is to be recovered "
                            + (maxTakeovers < 1
                                    ? "until its record has " + maxTakeovers + " take-overs"
                                    : settings.after() + " after the end of its lease"),
                    "Let recover.after be zero or more, and recover.maxTakeovers one or more");
        }
        if (operation.whenAbandoned() == WhenAbandoned.REFUSE) {
            throw new IdempotencyConfigurationException(
                    described + " is to be recovered, and refuses calls with a key that is abandoned",
                    "Say whenAbandoned = RUN_AGAIN or RECONCILE, or do without recover");
        }
        if (engine.store().unwrap(RecoverableRecords.class) == null) {
            throw new IdempotencyConfigurationException(
                    described + " is to be recovered, and its store, "
                            + engine.store().getClass().getName() + ", does not keep what calls ask for",
                    "Use a durable store, such as the ones on JDBC and Redis, or do without recover");
        }
        RecoverableMethod recoverable = new RecoverableMethod(
                operation.name(),
                settings.after(),
                maxTakeovers,
                method,
                engine,
                RecordedParts.resolve(declaration.reload(), specific, targetClass, expressions),
                operations.codec(engine),
                operations.recoveryContexts(),
                operations.requestEncryption(),
                async);
        recoverable.check();
        return recoverable;
    }

    private @Nullable AsyncReturn async(Method method, Class<?> targetClass) {
        AsyncReturn future = FutureReturn.find(method, targetClass, asyncReturns);
        if (future != null) {
            return future;
        }
        if (asyncReturns != null) {
            return asyncReturns.find(method, targetClass);
        }
        if (KotlinDetector.isSuspendingFunction(method)) {
            throw new IdempotencyConfigurationException(
                    MethodNames.describe(method, targetClass)
                            + " is a suspending function, and Reactor, which Spring adapts it by, is not on the class"
                            + " path",
                    "Add io.projectreactor:reactor-core and org.jetbrains.kotlinx:kotlinx-coroutines-reactor");
        }
        return null;
    }

    /** Refuses what a method cannot have that ends later. */
    private void checkAsync(
            Method method,
            Class<?> targetClass,
            String described,
            boolean atomic,
            OperationSettings effective,
            @Nullable ListenerMethod listener) {
        if (atomic) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and returns before its work is done: the transaction would have ended"
                            + " by then",
                    "Do without atomic, or let it return its result itself");
        }
        if (listener != null) {
            throw new IdempotencyConfigurationException(
                    described + " listens to messages, and returns before its work is done: its container would not"
                            + " know what to do with the message",
                    "Let it return its result itself, or annotate a method that it calls");
        }
        if (Retries.areOn(effective.retry()) && asyncReturns == null) {
            throw new IdempotencyConfigurationException(
                    described + " is to be retried and returns before its work is done, which Reactor does, and Reactor"
                            + " (io.projectreactor:reactor-core) is not on the class path",
                    "Add it, or do without retry");
        }
        if (transactions != null) {
            transactions.checkAsync(method, targetClass, described);
        }
    }

    private Reconciling reconciling(
            String operation, OperationDeclaration declaration, Method method, Class<?> targetClass, Type type) {
        String described = MethodNames.describe(method, targetClass);
        return declaration.reconcileWith() == null
                ? Reconciling.by(operations, operation, type, described)
                : Reconciling.by(declaration.reconcileWith(), method, targetClass, type, described);
    }

    private StoreTransactions atomic(
            Method method,
            Class<?> targetClass,
            String described,
            IdempotencyEngine engine,
            OperationSettings effective) {
        if (transactions == null) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and Spring's transactions (spring-tx) are not on the class path",
                    "Add them, or do without atomic");
        }
        return transactions.atomic(method, targetClass, described, engine.store(), effective.transactionManager());
    }

    private static void checkAbandoning(OperationDeclaration declaration, String described) {
        WhenAbandoned declared = declaration.settings().whenAbandoned();
        if (declaration.reconcileWith() != null && declared != WhenAbandoned.RECONCILE) {
            throw new IdempotencyConfigurationException(
                    described + " says reconcileWith, and whenAbandoned = " + declared,
                    "Say RECONCILE, or leave one of them out");
        }
    }

    /** Whether an operation is atomic, as it is declared or set for it alone. */
    private static boolean isAtomic(OperationDeclaration declaration, Configured configured, String described) {
        OperationSettings own = configured.own();
        OperationSettings effective = configured.effective();
        boolean atomic = Boolean.TRUE.equals(effective.atomic());
        if (atomic && own.whenStoreFails() == WhenStoreFails.RUN) {
            throw new IdempotencyConfigurationException(
                    described
                            + " is atomic, and is to run unprotected when the store fails: that is the database"
                            + " which it"
                            + " writes to",
                    "Do without one of atomic and whenStoreFails = RUN");
        }
        if (atomic && (own.whenAbandoned() != null || !declaration.unknownOn().isEmpty())) {
            throw new IdempotencyConfigurationException(
                    described
                            + " is atomic, and says what to do when its outcome is unknown: nothing is left of an"
                            + " atomic"
                            + " execution that did not commit",
                    "Do without atomic, or without unknownOn, whenAbandoned and reconcileWith");
        }
        if (atomic && !declaration.compensateOn().isEmpty()) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and has steps undone after some failures: an atomic operation has no"
                            + " steps, and its transaction undoes what it did",
                    "Do without atomic, or without compensateOn");
        }
        if (!atomic && effective.transactionManager() != null) {
            throw new IdempotencyConfigurationException(
                    described + " has the transaction manager '" + effective.transactionManager()
                            + "', and is not atomic",
                    "Set atomic too, or leave the transaction manager out");
        }
        return atomic;
    }

    private static Operation<@Nullable Object> operation(
            String name, OperationDeclaration declaration, Configured configured, boolean atomic, Type type) {
        Operation.Builder<@Nullable Object> builder = configured
                .apply(Operation.<@Nullable Object>builder(name, type))
                .recordFailures(declaration.recordFailures())
                .compensateOn(declaration.compensateOn())
                .unknownOn(declaration.unknownOn());
        return (atomic ? builder.whenAbandoned(WhenAbandoned.RUN_AGAIN) : builder).build();
    }

    private static Resolved[] joined(Resolved[] before, Resolved[] added) {
        Resolved[] all = new Resolved[before.length + added.length];
        System.arraycopy(before, 0, all, 0, before.length);
        System.arraycopy(added, 0, all, before.length, added.length);
        return all;
    }

    private record Resolved(
            Method method, Class<?> objectClass, @Nullable IdempotentMethod idempotent) {}
}
