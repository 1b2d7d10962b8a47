package io.idempotent.spring.operation;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.Fingerprinter;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.Operation;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.Method;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Knows the operations of an application, however they are declared, and makes them: by what is set for the operation,
 * which beats what is declared, which beats what is set for all. Asks for settings, stores and codecs when it makes the
 * first operation, and not before. Safe for use by many threads.
 */
public final class OperationRegistry {

    private final IdempotencyEngines engines;

    private final Supplier<IdempotencySettings> settings;

    private final Map<String, Set<ConfiguredOperation>> operations = new ConcurrentHashMap<>();

    private volatile @Nullable Fingerprinter fingerprinter;

    /**
     * Makes a registry that knows no operation.
     *
     * @param engines run the operations
     * @param settings what is configured; asked for when it is needed
     */
    public OperationRegistry(IdempotencyEngines engines, Supplier<IdempotencySettings> settings) {
        this.engines = engines;
        this.settings = settings;
    }

    /** Returns what is configured. */
    public IdempotencySettings settings() {
        return settings.get();
    }

    /**
     * Returns the store as operations use it, with the near cache in front of it if there is one. What is forgotten
     * through it is gone from this node at once; what is forgotten through the store's own bean may be replayed here
     * until the near cache's time-to-live is over.
     *
     * @param store the name of its bean, or that name without {@value IdempotencyEngines#STORE_SUFFIX}; null for the
     *     store of operations that name none
     * @throws IdempotencyConfigurationException if there is no such store, or none is chosen of several
     */
    public IdempotencyStore store(@Nullable String store) {
        return (store == null ? defaultEngine() : engine(store)).store();
    }

    /** Returns what people do with records, of all operations and stores. */
    public IdempotencyRecords records() {
        return new BeanRecords(this);
    }

    /**
     * Returns what holds for an operation, or null if it is switched off.
     *
     * @param name the operation's name
     * @param declared what was declared
     */
    public @Nullable Configured configured(String name, OperationSettings declared) {
        IdempotencySettings configured = settings.get();
        OperationSettings own = configured.operation(name).orElse(declared);
        Configured found = new Configured(own, own.orElse(configured.defaults()));
        return Boolean.FALSE.equals(found.effective().enabled()) ? null : found;
    }

    /**
     * Makes an operation whose executions are opened and ended by whoever opens them, and makes it known.
     *
     * @param name the operation's name
     * @param declared what was declared
     * @param type what the operation returns
     * @param contract what else is declared
     * @return the operation, with its engine; null if it is switched off
     * @throws IdempotencyConfigurationException if it cannot be protected as it is declared and configured
     */
    public <T> @Nullable DetachedOperation<T> open(
            OperationName name, OperationSettings declared, Class<T> type, OperationContract contract) {
        String described = contract.declaredAt();
        OperationSettings own = settings.get().operation(name.text());
        if (own.atomic() != null
                || own.transactionManager() != null
                || own.scope() != null
                || own.whenCancelled() != null
                || !own.recover().isUnsaid()
                || !own.retry().isUnsaid()) {
            throw new IdempotencyConfigurationException(
                    "idempotent.operations." + name.text()
                            + " sets one of atomic, transaction-manager, scope, when-cancelled, recover and retry,"
                            + " which "
                            + described
                            + " cannot have",
                    "Leave them out there, and set them for the operations that it calls");
        }
        Configured configured = configured(name.text(), declared);
        if (configured == null) {
            return null;
        }
        Operation<T> operation =
                configured.apply(Operation.builder(name.text(), type)).build();
        IdempotencyEngine engine = engine(configured.effective().store(), operation.type(), described);
        DetachedOperation<T> made = new DetachedOperation<>(
                operation,
                engine,
                contract,
                operation.whenAbandoned() == WhenAbandoned.RECONCILE
                        ? reconciler(name.text(), described, "To find out, ")
                        : null,
                observer(name.text(), engine),
                keyInLog());
        add(made);
        return made;
    }

    /** Makes an operation known to what people do with records. */
    public void add(ConfiguredOperation operation) {
        operations.merge(operation.operation().name(), Set.of(operation), OperationRegistry::both);
    }

    /**
     * Returns the engine that runs an operation.
     *
     * @param store the operation's store; null for the one of operations that name none
     * @param type what the operation produces
     * @param described what it is in the code, for messages
     * @throws IdempotencyConfigurationException if there is no such store, or it cannot keep what is produced
     */
    public IdempotencyEngine engine(@Nullable String store, OutcomeType type, String described) {
        IdempotencyEngine engine = engine(store);
        engines.checkOutcomes(engine.store(), type, described, settings.get());
        return engine;
    }

    /** Returns what observes the calls of an operation; null where nobody does. */
    public @Nullable OperationObserver observer(String operation, IdempotencyEngine engine) {
        return engines.observer(operation, engine);
    }

    /** Returns how a method's calls are answered if a container of message listeners makes them; null if none does. */
    public @Nullable ListenerMethod listener(Method method, Class<?> targetClass) {
        return engines.listener(method, targetClass);
    }

    /** Returns what puts keys into the log while operations run; null where nobody wants them there. */
    public @Nullable KeyInLog keyInLog() {
        return settings.get().observation().mdc() ? KeyInLog.find() : null;
    }

    /** Returns what makes digests of arguments. */
    public Fingerprinter fingerprinter() {
        Fingerprinter made = fingerprinter;
        if (made == null) {
            // Made twice by two threads at worst.
            made = engines.fingerprinter();
            fingerprinter = made;
        }
        return made;
    }

    /**
     * Returns the one bean that finds out what became of executions of an operation.
     *
     * @param instead what else may be done where there is none
     * @throws IdempotencyConfigurationException if there is none, or there are several
     */
    public Reconciler reconciler(String operation, String described, String instead) {
        List<Reconciler> responsible = engines.reconcilers().stream()
                .filter(reconciler -> reconciler.supports(operation))
                .toList();
        if (responsible.size() != 1) {
            throw new IdempotencyConfigurationException(
                    described + " is to be reconciled when it is abandoned, and "
                            + (responsible.isEmpty()
                                    ? "nothing finds out what happened"
                                    : "several beans would find out what happened, " + responsible),
                    instead + "declare one bean of type " + Reconciler.class.getName()
                            + " that supports the operation '" + operation + "'");
        }
        return responsible.get(0);
    }

    /** Returns the beans that tell how long to pause before a retry. */
    public List<RetryHint> retryHints() {
        return engines.retryHints();
    }

    /** Returns what arguments are encoded by, for operations that are finished without their callers. */
    public OutcomeCodec codec(IdempotencyEngine engine) {
        return engines.codec(engine.store(), settings.get());
    }

    /** Returns what brings along what calls have around them, in the order of the beans. */
    public List<RecoveryContextCustomizer> recoveryContexts() {
        return engines.recoveryContexts();
    }

    /** Returns what encrypts recorded arguments; null if nothing does. */
    public @Nullable RequestEncryption requestEncryption() {
        return engines.requestEncryption();
    }

    /** Returns the operations that are known, in the order of their names. */
    public List<ConfiguredOperation> operations() {
        return operations.values().stream()
                .flatMap(Set::stream)
                .sorted(Comparator.comparing(
                                (ConfiguredOperation known) -> known.operation().name())
                        .thenComparing(known -> known.contract().declaredAt()))
                .toList();
    }

    /** Returns the stores that the known operations use, in the order of their names. */
    public List<UsedStore> stores() {
        Set<IdempotencyEngine> used = operations.values().stream()
                .flatMap(Set::stream)
                .map(ConfiguredOperation::engine)
                .collect(Collectors.toSet());
        return engines.stores().filter(store -> used.contains(store.engine())).toList();
    }

    /** Returns what people do with the records of one store. */
    public IdempotencyRecords records(UsedStore store) {
        return new BeanRecords(this).records(store.engine());
    }

    /** Returns what outcomes in a store are encoded by. */
    public OutcomeCodec codec(UsedStore store) {
        return codec(store.engine());
    }

    /** Returns what is known of an operation: one for each method, endpoint or other place that has the name. */
    public Set<ConfiguredOperation> ofOperation(String name) {
        return operations.getOrDefault(name, Set.of());
    }

    IdempotencyEngine defaultEngine() {
        return engine(settings.get().defaults().store());
    }

    private IdempotencyEngine engine(@Nullable String store) {
        return engines.engine(store, settings.get());
    }

    private static Set<ConfiguredOperation> both(Set<ConfiguredOperation> some, Set<ConfiguredOperation> others) {
        return Stream.of(some, others).flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * What is set for an operation.
     *
     * @param own what is set for it alone, or declared
     * @param effective the same, and what is set for all where nothing else is
     */
    public record Configured(OperationSettings own, OperationSettings effective) {

        /** Sets what holds for operations of every kind; the rest keeps the builder's defaults. */
        public <T extends @Nullable Object> Operation.Builder<T> apply(Operation.Builder<T> builder) {
            set(effective.retention(), builder::retention);
            set(effective.lease(), builder::lease);
            set(effective.maxRun(), builder::maxRun);
            set(effective.waitAtMost(), builder::waitAtMost);
            set(effective.whenStoreFails(), builder::whenStoreFails);
            set(effective.whenAbandoned(), builder::whenAbandoned);
            set(effective.whenCancelled(), builder::whenCancelled);
            return builder;
        }

        private static <S> void set(@Nullable S said, Consumer<S> setter) {
            if (said != null) {
                setter.accept(said);
            }
        }
    }
}
