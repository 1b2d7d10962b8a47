package io.idempotent.spring.autoconfigure;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.IdempotencySettings.UnknownOperations;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.spring.settings.WaiterBounds;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.settings.WebSettings.Scope;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/** The properties {@code idempotent.…}, as Spring Boot binds and documents them. */
@ConfigurationProperties(prefix = "idempotent", ignoreUnknownFields = false)
public final class IdempotencyProperties {

    /**
     * Whether annotated methods are protected at all.
     */
    private boolean enabled = true;

    /**
     * Store of all operations that name none: the bean name of an IdempotencyStore, or that name without
     * 'IdempotencyStore'. Has to be set where there are several.
     */
    private @Nullable String store;

    /**
     * SpEL expression of what keeps callers apart, a tenant for example. No scope by default; null is refused.
     */
    private @Nullable String scope;

    /**
     * Where the advice stands among others; smaller is further outside. Outside of cache, transaction and
     * validation advice by default.
     */
    private int order = 2147482647;

    /**
     * How long recorded outcomes are kept.
     */
    private Duration retention = Duration.ofHours(24);

    /**
     * How long a claim is valid without renewal, and so how long a crash blocks its key. Renewed in the background.
     */
    private Duration lease = Duration.ofSeconds(30);

    /**
     * How long the lease of one execution is renewed at most.
     */
    private Duration maxRun = Duration.ofHours(1);

    /**
     * How long a duplicate waits for the outcome of the first call instead of being refused at once.
     */
    private Duration waitAtMost = Duration.ofSeconds(0);

    /**
     * How many callers may wait at the same time, on all stores; those beyond are refused at once. In a servlet
     * container half of its threads by default, as server.tomcat.threads.max or server.jetty.threads.max has them, else
     * 200; elsewhere, and with virtual threads, 1000.
     */
    private @Nullable Integer maxWaiters;

    /**
     * How many of them may wait for one key. In a servlet container a quarter of max-waiters by default, elsewhere all.
     */
    private @Nullable Integer maxWaitersPerKey;

    /**
     * Whether the thread that runs an operation is interrupted when its lease is lost, so that one that hangs may end.
     */
    private boolean interruptOnLeaseLoss = false;

    /**
     * What to do when the store cannot tell whether a key is free: refuse the call, or run it unprotected.
     */
    private WhenStoreFails whenStoreFails = WhenStoreFails.REFUSE;

    /**
     * What to do for a key whose owner died or gave up: run the operation again, ask what happened, or refuse until
     * somebody decides.
     */
    private WhenAbandoned whenAbandoned = WhenAbandoned.RUN_AGAIN;

    /**
     * What to do about properties of an operation that nothing declares: stop the start, or warn.
     */
    private UnknownOperations unknownOperations = UnknownOperations.FAIL;

    /** How failed attempts are repeated. */
    private final Retry retry = new Retry();

    /** The store in this JVM's memory. */
    private final Caffeine caffeine = new Caffeine();

    /** The store in a relational database. */
    private final Jdbc jdbc = new Jdbc();

    /** What is kept of a durable store in this JVM's memory. */
    private final NearCache nearCache = new NearCache();

    /** The store in Redis. */
    private final Redis redis = new Redis();

    /** HTTP endpoints. */
    private final Web web = new Web();

    /**
     * Settings of single operations by their names, which are compared by lower-case letters and digits; they beat what
     * is annotated.
     */
    private final Map<String, Operation> operations = new LinkedHashMap<>();

    /** For Spring Boot. */
    public IdempotencyProperties() {}

    public boolean isEnabled() {
        return enabled;
    }

    public void setEnabled(boolean enabled) {
        this.enabled = enabled;
    }

    public @Nullable String getStore() {
        return store;
    }

    public void setStore(@Nullable String store) {
        this.store = store;
    }

    public @Nullable String getScope() {
        return scope;
    }

    public void setScope(@Nullable String scope) {
        this.scope = scope;
    }

    public int getOrder() {
        return order;
    }

    public void setOrder(int order) {
        this.order = order;
    }

    public Duration getRetention() {
        return retention;
    }

    public void setRetention(Duration retention) {
        this.retention = retention;
    }

    public Duration getLease() {
        return lease;
    }

    public void setLease(Duration lease) {
        this.lease = lease;
    }

    public Duration getMaxRun() {
        return maxRun;
    }

    public void setMaxRun(Duration maxRun) {
        this.maxRun = maxRun;
    }

    public Duration getWaitAtMost() {
        return waitAtMost;
    }

    public void setWaitAtMost(Duration waitAtMost) {
        this.waitAtMost = waitAtMost;
    }

    public @Nullable Integer getMaxWaiters() {
        return maxWaiters;
    }

    public void setMaxWaiters(@Nullable Integer maxWaiters) {
        this.maxWaiters = maxWaiters;
    }

    public @Nullable Integer getMaxWaitersPerKey() {
        return maxWaitersPerKey;
    }

    public void setMaxWaitersPerKey(@Nullable Integer maxWaitersPerKey) {
        this.maxWaitersPerKey = maxWaitersPerKey;
    }

    public boolean isInterruptOnLeaseLoss() {
        return interruptOnLeaseLoss;
    }

    public void setInterruptOnLeaseLoss(boolean interruptOnLeaseLoss) {
        this.interruptOnLeaseLoss = interruptOnLeaseLoss;
    }

    public WhenStoreFails getWhenStoreFails() {
        return whenStoreFails;
    }

    public void setWhenStoreFails(WhenStoreFails whenStoreFails) {
        this.whenStoreFails = whenStoreFails;
    }

    public WhenAbandoned getWhenAbandoned() {
        return whenAbandoned;
    }

    public void setWhenAbandoned(WhenAbandoned whenAbandoned) {
        this.whenAbandoned = whenAbandoned;
    }

    public UnknownOperations getUnknownOperations() {
        return unknownOperations;
    }

    public void setUnknownOperations(UnknownOperations unknownOperations) {
        this.unknownOperations = unknownOperations;
    }

    public Retry getRetry() {
        return retry;
    }

    public Caffeine getCaffeine() {
        return caffeine;
    }

    public Jdbc getJdbc() {
        return jdbc;
    }

    public NearCache getNearCache() {
        return nearCache;
    }

    public Redis getRedis() {
        return redis;
    }

    public Web getWeb() {
        return web;
    }

    public Map<String, Operation> getOperations() {
        return operations;
    }

    IdempotencySettings toSettings(Environment environment) {
        WaiterBounds bounds = WaiterBounds.of(environment, maxWaiters, maxWaitersPerKey);
        IdempotencySettings.Builder settings = IdempotencySettings.builder()
                .enabled(enabled)
                .defaults(OperationSettings.builder()
                        .store(store)
                        .scope(scope)
                        .retention(retention)
                        .lease(lease)
                        .maxRun(maxRun)
                        .waitAtMost(waitAtMost)
                        .whenStoreFails(whenStoreFails)
                        .whenAbandoned(whenAbandoned)
                        .retry(retry.toSettings())
                        .build())
                .maxWaiters(bounds.maxWaiters())
                .maxWaitersPerKey(bounds.maxWaitersPerKey())
                .interruptOnLeaseLoss(interruptOnLeaseLoss)
                .unknownOperations(unknownOperations)
                .caffeineMaximumSize(caffeine.maximumSize)
                .caffeineMaximumWeight(caffeine.maximumWeight)
                .caffeineStoreByValue(caffeine.storeByValue)
                .nearCacheMaximumSize(nearCache.maximumSize)
                .nearCacheTimeToLive(nearCache.timeToLive)
                .web(web.toSettings());
        operations.forEach((name, operation) -> settings.operation(name, operation.toSettings()));
        return settings.build();
    }

    /** How failed attempts are repeated. */
    public static final class Retry {

        /**
         * How many attempts may follow the first, within one claim.
         */
        private long maxRetries = 0;

        /**
         * Pause before the first retry.
         */
        private Duration delay = Duration.ofSeconds(1);

        /**
         * By how much each pause is longer than the one before.
         */
        private double multiplier = 1.0;

        /**
         * The longest pause. Without limit by default.
         */
        private @Nullable Duration maxDelay;

        /**
         * By how much a pause may be longer or shorter at random, never shorter than the delay. As much as the delay by
         * default.
         */
        private @Nullable Duration jitter;

        /**
         * How long all attempts and pauses may take. Zero is without limit.
         */
        private Duration timeout = Duration.ofSeconds(0);

        /**
         * Types of failures that are retried, subtypes included. All by default.
         */
        private @Nullable List<Class<? extends Throwable>> includes;

        /**
         * Types of failures that are not retried, subtypes included. None by default.
         */
        private @Nullable List<Class<? extends Throwable>> excludes;

        public long getMaxRetries() {
            return maxRetries;
        }

        public void setMaxRetries(long maxRetries) {
            this.maxRetries = maxRetries;
        }

        public Duration getDelay() {
            return delay;
        }

        public void setDelay(Duration delay) {
            this.delay = delay;
        }

        public double getMultiplier() {
            return multiplier;
        }

        public void setMultiplier(double multiplier) {
            this.multiplier = multiplier;
        }

        public @Nullable Duration getMaxDelay() {
            return maxDelay;
        }

        public void setMaxDelay(@Nullable Duration maxDelay) {
            this.maxDelay = maxDelay;
        }

        public @Nullable Duration getJitter() {
            return jitter;
        }

        public void setJitter(@Nullable Duration jitter) {
            this.jitter = jitter;
        }

        public Duration getTimeout() {
            return timeout;
        }

        public void setTimeout(Duration timeout) {
            this.timeout = timeout;
        }

        public @Nullable List<Class<? extends Throwable>> getIncludes() {
            return includes;
        }

        public void setIncludes(@Nullable List<Class<? extends Throwable>> includes) {
            this.includes = includes;
        }

        public @Nullable List<Class<? extends Throwable>> getExcludes() {
            return excludes;
        }

        public void setExcludes(@Nullable List<Class<? extends Throwable>> excludes) {
            this.excludes = excludes;
        }

        RetrySettings toSettings() {
            return new RetrySettings(maxRetries, delay, multiplier, maxDelay, jitter, timeout, includes, excludes);
        }
    }

    /** How failed attempts of one operation are repeated; what is not set is as for all. */
    public static final class OperationRetry {

        /**
         * How many attempts may follow the first, within one claim.
         */
        private @Nullable Long maxRetries;

        /**
         * Pause before the first retry.
         */
        private @Nullable Duration delay;

        /**
         * By how much each pause is longer than the one before.
         */
        private @Nullable Double multiplier;

        /**
         * The longest pause. Without limit by default.
         */
        private @Nullable Duration maxDelay;

        /**
         * By how much a pause may be longer or shorter at random, never shorter than the delay. As much as the delay by
         * default.
         */
        private @Nullable Duration jitter;

        /**
         * How long all attempts and pauses may take. Zero is without limit.
         */
        private @Nullable Duration timeout;

        /**
         * Types of failures that are retried, subtypes included. All by default.
         */
        private @Nullable List<Class<? extends Throwable>> includes;

        /**
         * Types of failures that are not retried, subtypes included. None by default.
         */
        private @Nullable List<Class<? extends Throwable>> excludes;

        public @Nullable Long getMaxRetries() {
            return maxRetries;
        }

        public void setMaxRetries(@Nullable Long maxRetries) {
            this.maxRetries = maxRetries;
        }

        public @Nullable Duration getDelay() {
            return delay;
        }

        public void setDelay(@Nullable Duration delay) {
            this.delay = delay;
        }

        public @Nullable Double getMultiplier() {
            return multiplier;
        }

        public void setMultiplier(@Nullable Double multiplier) {
            this.multiplier = multiplier;
        }

        public @Nullable Duration getMaxDelay() {
            return maxDelay;
        }

        public void setMaxDelay(@Nullable Duration maxDelay) {
            this.maxDelay = maxDelay;
        }

        public @Nullable Duration getJitter() {
            return jitter;
        }

        public void setJitter(@Nullable Duration jitter) {
            this.jitter = jitter;
        }

        public @Nullable Duration getTimeout() {
            return timeout;
        }

        public void setTimeout(@Nullable Duration timeout) {
            this.timeout = timeout;
        }

        public @Nullable List<Class<? extends Throwable>> getIncludes() {
            return includes;
        }

        public void setIncludes(@Nullable List<Class<? extends Throwable>> includes) {
            this.includes = includes;
        }

        public @Nullable List<Class<? extends Throwable>> getExcludes() {
            return excludes;
        }

        public void setExcludes(@Nullable List<Class<? extends Throwable>> excludes) {
            this.excludes = excludes;
        }

        RetrySettings toSettings() {
            return new RetrySettings(maxRetries, delay, multiplier, maxDelay, jitter, timeout, includes, excludes);
        }
    }

    /** The store in this JVM's memory. */
    public static final class Caffeine {

        /**
         * How many records are kept at most; beyond that the completed record nearest the end of its retention goes.
         */
        private long maximumSize = 100000;

        /**
         * How much the records may weigh, which is about how many bytes of memory they take; a quarter of the heap if
         * it is not set. Beyond that, too, the completed record nearest the end of its retention goes.
         */
        private @Nullable DataSize maximumWeight;

        /**
         * Whether outcomes are kept as JSON, so that callers never share an object.
         */
        private boolean storeByValue = false;

        public long getMaximumSize() {
            return maximumSize;
        }

        public void setMaximumSize(long maximumSize) {
            this.maximumSize = maximumSize;
        }

        public @Nullable DataSize getMaximumWeight() {
            return maximumWeight;
        }

        public void setMaximumWeight(@Nullable DataSize maximumWeight) {
            this.maximumWeight = maximumWeight;
        }

        public boolean isStoreByValue() {
            return storeByValue;
        }

        public void setStoreByValue(boolean storeByValue) {
            this.storeByValue = storeByValue;
        }
    }

    /** The store in a relational database. */
    public static final class Jdbc {

        /**
         * Bean name of the DataSource that records are kept in; the only or primary one if it is not set. One of its
         * own, over the same database, keeps callers in transactions from waiting for each other's connections.
         */
        private @Nullable String dataSource;

        /**
         * Name of the table, with its schema if it has one.
         */
        private String tableName = "idempotency_record";

        /**
         * When the table is made: always, in an embedded database only, or never.
         */
        private SchemaInitialization initializeSchema = SchemaInitialization.EMBEDDED;

        /**
         * How long a statement may take, and so wait for a lock; whole seconds, 1 to 30.
         */
        private Duration statementTimeout = Duration.ofSeconds(5);

        /**
         * How often records past their retention are removed, batch by batch; zero for never.
         */
        private Duration purgeInterval = Duration.ofMinutes(5);

        /**
         * How many records are removed by one transaction at most. After each full one the purge rests as long as it
         * took.
         */
        private int purgeBatchSize = 100;

        public @Nullable String getDataSource() {
            return dataSource;
        }

        public void setDataSource(@Nullable String dataSource) {
            this.dataSource = dataSource;
        }

        public String getTableName() {
            return tableName;
        }

        public void setTableName(String tableName) {
            this.tableName = tableName;
        }

        public SchemaInitialization getInitializeSchema() {
            return initializeSchema;
        }

        public void setInitializeSchema(SchemaInitialization initializeSchema) {
            this.initializeSchema = initializeSchema;
        }

        public Duration getStatementTimeout() {
            return statementTimeout;
        }

        public void setStatementTimeout(Duration statementTimeout) {
            this.statementTimeout = statementTimeout;
        }

        public Duration getPurgeInterval() {
            return purgeInterval;
        }

        public void setPurgeInterval(Duration purgeInterval) {
            this.purgeInterval = purgeInterval;
        }

        public int getPurgeBatchSize() {
            return purgeBatchSize;
        }

        public void setPurgeBatchSize(int purgeBatchSize) {
            this.purgeBatchSize = purgeBatchSize;
        }
    }

    /** What is kept of a durable store in this JVM's memory. */
    public static final class NearCache {

        /**
         * How many completed records of a durable store are kept in this JVM's memory, so that a replay of one costs no
         * round trip. Zero is no near cache. 10000 is a good size unless outcomes are large.
         */
        private long maximumSize = 0;

        /**
         * How long a completed record is kept there, and so how long it may go unseen that another node forgot it.
         */
        private Duration timeToLive = Duration.ofMinutes(5);

        public long getMaximumSize() {
            return maximumSize;
        }

        public void setMaximumSize(long maximumSize) {
            this.maximumSize = maximumSize;
        }

        public Duration getTimeToLive() {
            return timeToLive;
        }

        public void setTimeToLive(Duration timeToLive) {
            this.timeToLive = timeToLive;
        }
    }

    /** The store in Redis. */
    public static final class Redis {

        /**
         * What the Redis keys of records begin with: the same for all that share records, another for others.
         */
        private String keyPrefix = "idempotent:";

        public String getKeyPrefix() {
            return keyPrefix;
        }

        public void setKeyPrefix(String keyPrefix) {
            this.keyPrefix = keyPrefix;
        }
    }

    /** HTTP endpoints. */
    public static final class Web {

        /**
         * Name of the request's header that has the key.
         */
        private String header = "Idempotency-Key";

        /**
         * Whose keys are kept apart: each caller's, by principal or resolver, or nobody's.
         */
        private Scope scope = Scope.CALLER;

        /**
         * Longest body of a request that is accepted with a key; longer ones are answered by 413.
         */
        private DataSize maximumBodySize = DataSize.ofMegabytes(1);

        /**
         * Longest body of a response that is recorded; of longer ones it is only known that they were given.
         */
        private DataSize maximumResponseSize = DataSize.ofMegabytes(1);

        /**
         * Headers of a request that are part of what it says, besides method, path, query and body.
         */
        private List<String> fingerprintHeaders = List.of();

        /**
         * Headers of a response that are recorded. All that the endpoint sets by default, but for credentials and those
         * about origins; cookies and those of the connection never are.
         */
        private List<String> recordedHeaders = List.of();

        /**
         * Statuses, or classes of them like 5xx, which say that nothing was done, so that the key is free again. 401,
         * 403, 408, 425, 429 and 503 by default.
         */
        private List<String> releasedStatuses = List.of("401", "403", "408", "425", "429", "503");

        /**
         * Statuses, or classes of them like 5xx, after which it is unknown what was done; needs when-abandoned to be
         * reconcile or refuse.
         */
        private List<String> unknownStatuses = List.of();

        /**
         * What the types of problem details begin with.
         */
        private URI problemBase = URI.create("https://idempotent.io/problems/");

        /**
         * Address of the description of how keys are handled, linked from problem details. The type of the problem by
         * default.
         */
        private @Nullable URI documentation;

        public String getHeader() {
            return header;
        }

        public void setHeader(String header) {
            this.header = header;
        }

        public Scope getScope() {
            return scope;
        }

        public void setScope(Scope scope) {
            this.scope = scope;
        }

        public DataSize getMaximumBodySize() {
            return maximumBodySize;
        }

        public void setMaximumBodySize(DataSize maximumBodySize) {
            this.maximumBodySize = maximumBodySize;
        }

        public DataSize getMaximumResponseSize() {
            return maximumResponseSize;
        }

        public void setMaximumResponseSize(DataSize maximumResponseSize) {
            this.maximumResponseSize = maximumResponseSize;
        }

        public List<String> getFingerprintHeaders() {
            return fingerprintHeaders;
        }

        public void setFingerprintHeaders(List<String> fingerprintHeaders) {
            this.fingerprintHeaders = fingerprintHeaders;
        }

        public List<String> getRecordedHeaders() {
            return recordedHeaders;
        }

        public void setRecordedHeaders(List<String> recordedHeaders) {
            this.recordedHeaders = recordedHeaders;
        }

        public List<String> getReleasedStatuses() {
            return releasedStatuses;
        }

        public void setReleasedStatuses(List<String> releasedStatuses) {
            this.releasedStatuses = releasedStatuses;
        }

        public List<String> getUnknownStatuses() {
            return unknownStatuses;
        }

        public void setUnknownStatuses(List<String> unknownStatuses) {
            this.unknownStatuses = unknownStatuses;
        }

        public URI getProblemBase() {
            return problemBase;
        }

        public void setProblemBase(URI problemBase) {
            this.problemBase = problemBase;
        }

        public @Nullable URI getDocumentation() {
            return documentation;
        }

        public void setDocumentation(@Nullable URI documentation) {
            this.documentation = documentation;
        }

        WebSettings toSettings() {
            return new WebSettings(
                    header,
                    scope,
                    maximumBodySize,
                    maximumResponseSize,
                    fingerprintHeaders,
                    recordedHeaders,
                    releasedStatuses,
                    unknownStatuses,
                    problemBase,
                    documentation);
        }
    }

    /** Settings of one operation; what is not set is as annotated, or else as for all. */
    public static final class Operation {

        /**
         * Whether this operation is protected; false switches it off.
         */
        private @Nullable Boolean enabled;

        /**
         * Store of this operation.
         */
        private @Nullable String store;

        /**
         * SpEL expression of what keeps callers apart.
         */
        private @Nullable String scope;

        /**
         * How long recorded outcomes are kept.
         */
        private @Nullable Duration retention;

        /**
         * How long a claim is valid without renewal.
         */
        private @Nullable Duration lease;

        /**
         * How long the lease of one execution is renewed at most.
         */
        private @Nullable Duration maxRun;

        /**
         * How long a duplicate waits for the outcome of the first call.
         */
        private @Nullable Duration waitAtMost;

        /**
         * What to do when the store cannot tell whether a key is free.
         */
        private @Nullable WhenStoreFails whenStoreFails;

        /**
         * What to do for a key whose owner died or gave up.
         */
        private @Nullable WhenAbandoned whenAbandoned;

        /**
         * Whether claim, run and completion are one transaction of the store's database.
         */
        private @Nullable Boolean atomic;

        /**
         * Bean name of the transaction manager of an atomic operation.
         */
        private @Nullable String transactionManager;

        /** How failed attempts are repeated. */
        private final OperationRetry retry = new OperationRetry();

        public @Nullable Boolean getEnabled() {
            return enabled;
        }

        public void setEnabled(@Nullable Boolean enabled) {
            this.enabled = enabled;
        }

        public @Nullable String getStore() {
            return store;
        }

        public void setStore(@Nullable String store) {
            this.store = store;
        }

        public @Nullable String getScope() {
            return scope;
        }

        public void setScope(@Nullable String scope) {
            this.scope = scope;
        }

        public @Nullable Duration getRetention() {
            return retention;
        }

        public void setRetention(@Nullable Duration retention) {
            this.retention = retention;
        }

        public @Nullable Duration getLease() {
            return lease;
        }

        public void setLease(@Nullable Duration lease) {
            this.lease = lease;
        }

        public @Nullable Duration getMaxRun() {
            return maxRun;
        }

        public void setMaxRun(@Nullable Duration maxRun) {
            this.maxRun = maxRun;
        }

        public @Nullable Duration getWaitAtMost() {
            return waitAtMost;
        }

        public void setWaitAtMost(@Nullable Duration waitAtMost) {
            this.waitAtMost = waitAtMost;
        }

        public @Nullable WhenStoreFails getWhenStoreFails() {
            return whenStoreFails;
        }

        public void setWhenStoreFails(@Nullable WhenStoreFails whenStoreFails) {
            this.whenStoreFails = whenStoreFails;
        }

        public @Nullable WhenAbandoned getWhenAbandoned() {
            return whenAbandoned;
        }

        public void setWhenAbandoned(@Nullable WhenAbandoned whenAbandoned) {
            this.whenAbandoned = whenAbandoned;
        }

        public @Nullable Boolean getAtomic() {
            return atomic;
        }

        public void setAtomic(@Nullable Boolean atomic) {
            this.atomic = atomic;
        }

        public @Nullable String getTransactionManager() {
            return transactionManager;
        }

        public void setTransactionManager(@Nullable String transactionManager) {
            this.transactionManager = transactionManager;
        }

        public OperationRetry getRetry() {
            return retry;
        }

        OperationSettings toSettings() {
            return OperationSettings.builder()
                    .enabled(enabled)
                    .store(store)
                    .scope(scope)
                    .retention(retention)
                    .lease(lease)
                    .maxRun(maxRun)
                    .waitAtMost(waitAtMost)
                    .whenStoreFails(whenStoreFails)
                    .whenAbandoned(whenAbandoned)
                    .atomic(atomic)
                    .transactionManager(transactionManager)
                    .retry(retry.toSettings())
                    .build();
        }
    }
}
