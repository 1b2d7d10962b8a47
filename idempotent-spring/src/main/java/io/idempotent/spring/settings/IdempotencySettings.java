package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.store.caffeine.CompletedRecordCache;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * All that can be configured, in one type: from Spring Boot's properties, from the environment of an application
 * without Spring Boot, or from a bean of this type that the application declares. Immutable.
 */
public final class IdempotencySettings {

    /** How many records the Caffeine store keeps at most unless said otherwise: {@value}. */
    public static final long DEFAULT_CAFFEINE_MAXIMUM_SIZE = 100_000;

    /** What to do about settings for an operation that nothing declares. */
    public enum UnknownOperations {
        /** Stop the application's start. */
        FAIL,
        /** Log a warning, for a configuration that several applications share. */
        WARN
    }

    private final boolean enabled;
    private final OperationSettings defaults;
    private final Map<String, Named> operations;
    private final int maxWaiters;
    private final int maxWaitersPerKey;
    private final boolean interruptOnLeaseLoss;
    private final UnknownOperations unknownOperations;
    private final long caffeineMaximumSize;
    private final @Nullable DataSize caffeineMaximumWeight;
    private final boolean caffeineStoreByValue;
    private final long nearCacheMaximumSize;
    private final Duration nearCacheTimeToLive;
    private final WebSettings web;

    private IdempotencySettings(Builder builder) {
        this.enabled = builder.enabled;
        this.defaults = builder.defaults;
        this.operations = Map.copyOf(builder.operations);
        this.maxWaiters = builder.maxWaiters;
        this.maxWaitersPerKey = builder.maxWaitersPerKey == null ? builder.maxWaiters : builder.maxWaitersPerKey;
        this.interruptOnLeaseLoss = builder.interruptOnLeaseLoss;
        this.unknownOperations = builder.unknownOperations;
        this.caffeineMaximumSize = builder.caffeineMaximumSize;
        this.caffeineMaximumWeight = builder.caffeineMaximumWeight;
        this.caffeineStoreByValue = builder.caffeineStoreByValue;
        this.nearCacheMaximumSize = builder.nearCacheMaximumSize;
        this.nearCacheTimeToLive = builder.nearCacheTimeToLive;
        this.web = builder.web;
    }

    /** Begins settings that have all defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether calls are protected, of operations that say nothing else. */
    public boolean enabled() {
        return enabled;
    }

    /** Whether calls of any operation are protected. */
    public boolean isAnyEnabled() {
        return enabled
                || operations.values().stream()
                        .anyMatch(named -> Boolean.TRUE.equals(named.settings().enabled()));
    }

    /** What holds for every operation that says nothing else. */
    public OperationSettings defaults() {
        return defaults;
    }

    /** What is set for one operation and so beats what is declared; matched by lower-case letters and digits only. */
    public OperationSettings operation(String name) {
        Named override = operations.get(normalized(name));
        return override == null ? OperationSettings.UNSAID : override.settings();
    }

    /** The names for which something is set, but which are none of these. */
    public Set<String> unknownOperations(Set<String> known) {
        Set<String> unknown = new TreeSet<>();
        operations.forEach((name, override) -> {
            if (known.stream().map(IdempotencySettings::normalized).noneMatch(name::equals)) {
                unknown.add(override.name());
            }
        });
        return unknown;
    }

    /** How many callers may wait for others' outcomes at the same time, on all stores. */
    public int maxWaiters() {
        return maxWaiters;
    }

    /** How many of them may wait for one key. */
    public int maxWaitersPerKey() {
        return maxWaitersPerKey;
    }

    /** Whether a thread that runs an operation is interrupted when its lease is lost. */
    public boolean interruptOnLeaseLoss() {
        return interruptOnLeaseLoss;
    }

    /** What to do about settings for an operation that nothing declares. */
    public UnknownOperations unknownOperations() {
        return unknownOperations;
    }

    /** How many records the Caffeine store keeps at most. */
    public long caffeineMaximumSize() {
        return caffeineMaximumSize;
    }

    /** How much the Caffeine store's records may weigh; null for a quarter of the heap. */
    public @Nullable DataSize caffeineMaximumWeight() {
        return caffeineMaximumWeight;
    }

    /** Whether the Caffeine store keeps outcomes as bytes, so that callers never share an object. */
    public boolean caffeineStoreByValue() {
        return caffeineStoreByValue;
    }

    /** How many completed records of a durable store are kept nearby at most; zero if none are. */
    public long nearCacheMaximumSize() {
        return nearCacheMaximumSize;
    }

    /** How long a completed record is kept nearby, and so how long it may go unseen that another node forgot it. */
    public Duration nearCacheTimeToLive() {
        return nearCacheTimeToLive;
    }

    /** What holds for HTTP endpoints. */
    public WebSettings web() {
        return web;
    }

    /** The form in which names of operations are compared: lower-case letters and digits only. */
    public static String normalized(String name) {
        return name.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
    }

    private record Named(String name, OperationSettings settings) {}

    /** Collects settings and fails fast on the ones that cannot be. Not safe for use by several threads. */
    public static final class Builder {

        private boolean enabled = true;
        private OperationSettings defaults = OperationSettings.UNSAID;
        private final Map<String, Named> operations = new LinkedHashMap<>();
        private int maxWaiters = IdempotencyEngine.DEFAULT_MAX_WAITERS;
        private @Nullable Integer maxWaitersPerKey;
        private boolean interruptOnLeaseLoss;
        private UnknownOperations unknownOperations = UnknownOperations.FAIL;
        private long caffeineMaximumSize = DEFAULT_CAFFEINE_MAXIMUM_SIZE;
        private @Nullable DataSize caffeineMaximumWeight;
        private boolean caffeineStoreByValue;
        private long nearCacheMaximumSize;
        private Duration nearCacheTimeToLive = CompletedRecordCache.DEFAULT_TIME_TO_LIVE;
        private WebSettings web = WebSettings.DEFAULTS;

        private Builder() {}

        /** Whether calls are protected, of operations that say nothing else; true unless said otherwise. */
        public Builder enabled(boolean enabled) {
            this.enabled = enabled;
            return this;
        }

        /** What holds for every operation that says nothing else. */
        public Builder defaults(OperationSettings defaults) {
            this.defaults = defaults;
            return this;
        }

        /**
         * What holds for one operation and beats what is declared for it.
         *
         * @throws IdempotencyConfigurationException if another name differs from this one by case and punctuation only
         */
        public Builder operation(String name, OperationSettings settings) {
            Named before = operations.put(normalized(name), new Named(name, settings));
            if (before != null) {
                throw new IdempotencyConfigurationException(
                        "Settings are given for the operations '" + before.name() + "' and '" + name
                                + "', which are one operation: names are compared by letters and digits only",
                        "Keep one of them");
            }
            return this;
        }

        /**
         * How many callers may wait for others' outcomes at the same time, on all stores. Defaults to 1,000.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxWaiters(int maxWaiters) {
            this.maxWaiters = notNegative("max-waiters", maxWaiters);
            return this;
        }

        /**
         * How many of them may wait for one key. Defaults to all.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxWaitersPerKey(int maxWaitersPerKey) {
            this.maxWaitersPerKey = notNegative("max-waiters-per-key", maxWaitersPerKey);
            return this;
        }

        private static int notNegative(String name, int number) {
            if (number < 0) {
                throw new IdempotencyConfigurationException(
                        "idempotent." + name + " is " + number, "It has to be zero or more");
            }
            return number;
        }

        /**
         * Whether the thread that runs an operation is interrupted when its lease is lost, so that one that hangs may
         * end; not unless said otherwise.
         */
        public Builder interruptOnLeaseLoss(boolean interrupt) {
            this.interruptOnLeaseLoss = interrupt;
            return this;
        }

        /** What to do about settings for an operation that nothing declares; fail unless said otherwise. */
        public Builder unknownOperations(UnknownOperations unknownOperations) {
            this.unknownOperations = unknownOperations;
            return this;
        }

        /**
         * How many records the Caffeine store keeps at most; 100,000 unless said otherwise.
         *
         * @throws IdempotencyConfigurationException if it is less than one
         */
        public Builder caffeineMaximumSize(long caffeineMaximumSize) {
            if (caffeineMaximumSize < 1) {
                throw new IdempotencyConfigurationException(
                        "idempotent.caffeine.maximum-size is " + caffeineMaximumSize, "It has to be one or more");
            }
            this.caffeineMaximumSize = caffeineMaximumSize;
            return this;
        }

        /**
         * How much the Caffeine store's records may weigh, which is about how many bytes of memory they take; null, the
         * default, for a quarter of the heap.
         *
         * @throws IdempotencyConfigurationException if it is not positive
         */
        public Builder caffeineMaximumWeight(@Nullable DataSize caffeineMaximumWeight) {
            if (caffeineMaximumWeight != null && caffeineMaximumWeight.toBytes() < 1) {
                throw new IdempotencyConfigurationException(
                        "idempotent.caffeine.maximum-weight is " + caffeineMaximumWeight,
                        "It has to be one byte or more");
            }
            this.caffeineMaximumWeight = caffeineMaximumWeight;
            return this;
        }

        /** Whether the Caffeine store keeps outcomes as bytes; false unless said otherwise. */
        public Builder caffeineStoreByValue(boolean caffeineStoreByValue) {
            this.caffeineStoreByValue = caffeineStoreByValue;
            return this;
        }

        /**
         * How many completed records of a durable store are kept nearby, in this JVM's memory, so that a replay of one
         * costs no round trip; zero unless said otherwise, which is no near cache.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder nearCacheMaximumSize(long nearCacheMaximumSize) {
            if (nearCacheMaximumSize < 0) {
                throw new IdempotencyConfigurationException(
                        "idempotent.near-cache.maximum-size is " + nearCacheMaximumSize, "It has to be zero or more");
            }
            this.nearCacheMaximumSize = nearCacheMaximumSize;
            return this;
        }

        /**
         * How long a completed record is kept nearby, and so how long it may go unseen that another node forgot it;
         * five minutes unless said otherwise.
         *
         * @throws IdempotencyConfigurationException if it is not positive
         */
        public Builder nearCacheTimeToLive(Duration nearCacheTimeToLive) {
            if (nearCacheTimeToLive.isNegative() || nearCacheTimeToLive.isZero()) {
                throw new IdempotencyConfigurationException(
                        "idempotent.near-cache.time-to-live is " + nearCacheTimeToLive, "It has to be positive");
            }
            this.nearCacheTimeToLive = nearCacheTimeToLive;
            return this;
        }

        /** What holds for HTTP endpoints. */
        public Builder web(WebSettings web) {
            this.web = web;
            return this;
        }

        /** Makes the settings. */
        public IdempotencySettings build() {
            return new IdempotencySettings(this);
        }
    }
}
