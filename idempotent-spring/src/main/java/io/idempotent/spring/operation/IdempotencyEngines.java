package io.idempotent.spring.operation;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.CanonicalFingerprinter;
import io.idempotent.codec.Fingerprinter;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.WaitingRoom;
import io.idempotent.spring.settings.GlobalSettings;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.BeanNameAware;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/**
 * One engine for each store that operations use, made when the first of them is resolved, so that this bean itself
 * depends on no store. Safe for use by many threads. When the application stops, it waits for running operations while
 * the beans that they use are still there; its engines are closed before their stores are.
 */
public final class IdempotencyEngines implements BeanNameAware, SmartLifecycle, DisposableBean {

    /** What a store's bean name ends with where it is left out in settings: {@value}. */
    public static final String STORE_SUFFIX = "IdempotencyStore";

    /** When this stops among others: after web servers, listeners and schedulers, whose phases are greater. */
    public static final int PHASE = DEFAULT_PHASE - 8_192;

    private static final Log LOG = LogFactory.getLog(IdempotencyEngines.class);

    private static final boolean JACKSON_PRESENT =
            ClassUtils.isPresent("tools.jackson.databind.json.JsonMapper", IdempotencyEngines.class.getClassLoader());

    private final ConfigurableListableBeanFactory beanFactory;
    private final Environment environment;

    // Beans that were searched by type, which takes longer than all else that is done for an operation.
    private final Map<Class<?>, Optional<?>> found = new ConcurrentHashMap<>();
    private final Map<String, IdempotencyEngine> engines = new ConcurrentHashMap<>();
    private final Map<String, String> chosen = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable WaitingRoom> waitingRoom = new AtomicReference<>();
    private String beanName = "idempotencyEngines";
    private volatile boolean running;

    /**
     * Makes engines of the stores, listeners and codecs that a bean factory has.
     *
     * @param beanFactory has them
     * @param environment tells how many callers may wait where nothing is set
     */
    public IdempotencyEngines(ConfigurableListableBeanFactory beanFactory, Environment environment) {
        this.beanFactory = beanFactory;
        this.environment = environment;
    }

    @Override
    public void setBeanName(String name) {
        this.beanName = name;
    }

    /** Says that the application runs; calls are served before, too. */
    @Override
    public void start() {
        running = true;
    }

    /** Waits for running operations while the beans that they use are still there. Calls are served on. */
    @Override
    public void stop() {
        engines.values().forEach(engine -> engine.awaitIdle(IdempotencyEngine.DEFAULT_CLOSE_TIMEOUT));
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /** Closes all engines; running executions are waited for. */
    @Override
    public void destroy() {
        engines.values().forEach(IdempotencyEngine::close);
    }

    /** The engine on a store; the store is chosen by its name, or is the only one. */
    IdempotencyEngine engine(@Nullable String store, IdempotencySettings settings) {
        // A choice asks for the names of beans, which costs more than all else that is done for an operation.
        String said = store == null ? "" : store;
        String name = chosen.get(said);
        if (name == null) {
            name = choose(store);
            chosen.put(said, name);
        }
        IdempotencyEngine engine = engines.get(name);
        if (engine != null) {
            return engine;
        }
        // Made outside of the map: making it asks the bean factory, whose locks must not be taken inside the map's.
        IdempotencyEngine made = make(name, store == null, settings);
        IdempotencyEngine before = engines.putIfAbsent(name, made);
        if (before != null) {
            made.close();
            return before;
        }
        for (StoreObserver observer : beanFactory.getBeanProvider(StoreObserver.class)) {
            try {
                observer.used(nameInSettings(name), made.store());
            } catch (RuntimeException failure) {
                LOG.error(
                        "The idempotency store '" + name + "' is not observed; its operations are not affected",
                        failure);
            }
        }
        return made;
    }

    /** The stores that have an engine, in the order of their names. */
    Stream<UsedStore> stores() {
        return engines.entrySet().stream()
                .map(made -> new UsedStore(
                        nameInSettings(made.getKey()),
                        AopUtils.getTargetClass(beanFactory.getBean(made.getKey())),
                        made.getValue()))
                .sorted(Comparator.comparing(UsedStore::name));
    }

    private static String nameInSettings(String beanName) {
        int rest = beanName.length() - STORE_SUFFIX.length();
        return rest > 0 && beanName.endsWith(STORE_SUFFIX) ? beanName.substring(0, rest) : beanName;
    }

    /** What makes digests. */
    Fingerprinter fingerprinter() {
        return beanFactory.getBeanProvider(Fingerprinter.class).getIfAvailable(CanonicalFingerprinter::create);
    }

    /** The codec for outcomes that are kept in a store of this kind. */
    OutcomeCodec codec(IdempotencyStore store, IdempotencySettings settings) {
        if (store.keepsReferences() && !settings.caffeine().storeByValue()) {
            return new ReferenceOutcomeCodec();
        }
        OutcomeCodec bean = find(OutcomeCodec.class);
        if (bean != null) {
            return bean;
        }
        if (JACKSON_PRESENT) {
            return JacksonDefaults.CODEC;
        }
        throw new IdempotencyConfigurationException(
                "Outcomes have to be encoded, and Jackson 3 (tools.jackson.core:jackson-databind) is not on the class"
                        + " path",
                "Add it, or declare a bean of type " + OutcomeCodec.class.getName());
    }

    /**
     * Checks that what an operation produces can be kept in a store, and says what its author may not expect of it.
     *
     * @throws IdempotencyConfigurationException if it cannot be kept
     */
    void checkOutcomes(IdempotencyStore store, OutcomeType type, String described, IdempotencySettings settings) {
        OutcomeCodec codec = codec(store, settings);
        codec.check(type);
        codec.remarks(type).forEach(remark -> LOG.warn(described + " " + remark));
    }

    /** The beans that find out what became of abandoned executions. */
    List<Reconciler> reconcilers() {
        return beanFactory.getBeanProvider(Reconciler.class).orderedStream().toList();
    }

    /** How a method's calls are answered if a container of message listeners makes them; null if none does. */
    @Nullable
    ListenerMethod listener(Method method, Class<?> targetClass) {
        ListenerMethods listeners = find(ListenerMethods.class);
        return listeners == null ? null : listeners.find(method, targetClass);
    }

    /** The beans that bring along what calls have around them. */
    List<RecoveryContextCustomizer> recoveryContexts() {
        return beanFactory
                .getBeanProvider(RecoveryContextCustomizer.class)
                .orderedStream()
                .toList();
    }

    /** What encrypts recorded arguments; null if nothing does. */
    @Nullable
    RequestEncryption requestEncryption() {
        return find(RequestEncryption.class);
    }

    /** The beans that tell how long to pause before a retry. */
    List<RetryHint> retryHints() {
        return beanFactory.getBeanProvider(RetryHint.class).stream().toList();
    }

    /** What observes the calls of an operation; null where nobody does. */
    @Nullable
    OperationObserver observer(String operation, IdempotencyEngine engine) {
        CallObserver observer = find(CallObserver.class);
        return observer == null ? null : observer.of(operation, nameOfStore(engine));
    }

    /** The bean of a type; null if there is none. */
    private <T> @Nullable T find(Class<T> type) {
        Optional<?> known = found.get(type);
        if (known == null) {
            // Searched outside of the map, like engines are made; twice by two threads at worst.
            known = Optional.ofNullable(beanFactory.getBeanProvider(type).getIfAvailable());
            found.put(type, known);
        }
        return type.cast(known.orElse(null));
    }

    private String nameOfStore(IdempotencyEngine engine) {
        return engines.entrySet().stream()
                .filter(named -> named.getValue().equals(engine))
                .map(named -> nameInSettings(named.getKey()))
                .findAny()
                .orElseThrow(() -> new IllegalStateException("The engine is not one of these"));
    }

    private IdempotencyEngine make(String storeName, boolean byItself, IdempotencySettings settings) {
        IdempotencyStore store = beanFactory.getBean(storeName, IdempotencyStore.class);
        beanFactory.registerDependentBean(storeName, beanName);
        if (byItself && isFallback(storeName)) {
            LOG.info(
                    "Idempotency records are kept in this JVM's memory: they protect this one JVM, and are gone when it"
                            + " stops. Declare a durable store, or set idempotent.store=caffeine to say that this"
                            + " is meant");
        }
        IdempotencyEngine.Builder builder = IdempotencyEngine.builder(withNearCache(store, settings))
                .codec(codec(store, settings))
                .waitingRoom(waitingRoom(settings))
                .asyncThreads(settings.async().threads())
                .interruptOnLeaseLoss(settings.global().interruptOnLeaseLoss())
                .errorHandler(LOG::error)
                .listener(new LoggingListener());
        beanFactory.getBeanProvider(TraceIds.class).ifAvailable(builder::traceId);
        beanFactory.getBeanProvider(NonBlockingThreads.class).ifAvailable(builder::mustNotBlock);
        beanFactory.getBeanProvider(IdempotencyListener.class).orderedStream().forEach(builder::listener);
        return builder.build();
    }

    /** One for all stores: a waiter holds a thread, whichever store it waits for. */
    private WaitingRoom waitingRoom(IdempotencySettings settings) {
        waitingRoom.compareAndSet(null, room(settings.global()));
        return Objects.requireNonNull(waitingRoom.get());
    }

    private WaitingRoom room(GlobalSettings settings) {
        WaiterBounds bounds = WaiterBounds.of(environment, settings.maxWaiters(), settings.maxWaitersPerKey());
        return new WaitingRoom(bounds.maxWaiters(), bounds.maxWaitersPerKey());
    }

    private IdempotencyStore withNearCache(IdempotencyStore store, IdempotencySettings settings) {
        if (settings.nearCache().maximumSize() == 0 || store.keepsReferences()) {
            return store;
        }
        CompletedRecordCache.Builder builder = CompletedRecordCache.builder(store)
                .maximumSize(settings.nearCache().maximumSize())
                .timeToLive(settings.nearCache().timeToLive());
        beanFactory.getBeanProvider(Ticker.class).ifUnique(builder::ticker);
        return builder.build();
    }

    private String choose(@Nullable String store) {
        List<String> candidates = Arrays.asList(
                BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beanFactory, IdempotencyStore.class, true, false));
        if (store != null) {
            for (String name : List.of(store, store + STORE_SUFFIX)) {
                if (candidates.contains(name)) {
                    return name;
                }
            }
            if (beanFactory.getBeanProvider(PartialApplication.class).iterator().hasNext()) {
                String standIn = choose(null);
                LOG.info("The idempotency store '" + store + "' is no part of this slice of the application: '"
                        + standIn + "' stands in for it");
                return standIn;
            }
            throw new IdempotencyConfigurationException(
                    "There is no idempotency store '" + store + "'; there "
                            + (candidates.isEmpty() ? "is none at all" : "are the beans " + candidates),
                    "Set idempotent.store, or the operation's store, to one of them, or declare a bean named '" + store
                            + "' or '" + store + STORE_SUFFIX + "'");
        }
        List<String> declared =
                candidates.stream().filter(name -> !isFallback(name)).toList();
        if (declared.isEmpty() && candidates.size() == 1) {
            return candidates.get(0);
        }
        if (declared.size() == 1) {
            return declared.get(0);
        }
        List<String> primary = declared.stream().filter(this::isPrimary).toList();
        if (primary.size() == 1) {
            return primary.get(0);
        }
        throw new IdempotencyConfigurationException(
                "There are several idempotency stores, " + (declared.isEmpty() ? candidates : declared)
                        + ", and none is chosen",
                "Choose one by idempotent.store, or by the operation's store");
    }

    private boolean isPrimary(String name) {
        BeanDefinition definition = definition(name);
        return definition != null && definition.isPrimary();
    }

    private boolean isFallback(String name) {
        BeanDefinition definition = definition(name);
        return definition != null && definition.isFallback();
    }

    /** How a bean is defined, in a parent context too; null for one that was registered as an object. */
    private @Nullable BeanDefinition definition(String name) {
        try {
            return beanFactory.getMergedBeanDefinition(name);
        } catch (NoSuchBeanDefinitionException registeredAsObject) {
            return null;
        }
    }

    /** Loaded only where Jackson is. */
    private static final class JacksonDefaults {

        private static final OutcomeCodec CODEC = JacksonOutcomeCodec.create();
    }
}
