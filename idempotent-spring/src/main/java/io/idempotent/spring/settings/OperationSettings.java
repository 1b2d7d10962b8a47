package io.idempotent.spring.settings;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What can be set for one operation, and for all; null stands for what was not said.
 *
 * @param enabled whether calls are protected; true unless said otherwise
 * @param store the bean name of the store, or that name without {@code IdempotencyStore}; the only one unless said
 *     otherwise
 * @param scope the expression of what keeps callers apart; no scope unless said otherwise
 * @param retention how long outcomes are kept; 24 hours unless said otherwise
 * @param lease how long a claim is valid without renewal; 30 seconds unless said otherwise
 * @param maxRun how long a lease is renewed at most; one hour unless said otherwise
 * @param waitAtMost how long a duplicate waits for the first call's outcome; zero unless said otherwise
 * @param whenStoreFails what to do when the store cannot tell whether the key is free; refuse unless said otherwise
 * @param whenAbandoned what to do for a key whose owner died or gave up; run again unless said otherwise
 * @param atomic whether claim, run and completion are one transaction of the store's database; false unless said otherwise
 * @param transactionManager the bean name of the transaction manager of atomic operations; that of the method's own
 *     transaction, or the only one, unless said otherwise
 * @param retry how failed attempts are repeated; not at all unless said otherwise
 */
public record OperationSettings(
        @Nullable Boolean enabled,
        @Nullable String store,
        @Nullable String scope,
        @Nullable Duration retention,
        @Nullable Duration lease,
        @Nullable Duration maxRun,
        @Nullable Duration waitAtMost,
        @Nullable WhenStoreFails whenStoreFails,
        @Nullable WhenAbandoned whenAbandoned,
        @Nullable Boolean atomic,
        @Nullable String transactionManager,
        RetrySettings retry) {

    /** Settings that say nothing. */
    public static final OperationSettings UNSAID = new OperationSettings(
            null, null, null, null, null, null, null, null, null, null, null, RetrySettings.UNSAID);

    /** Makes settings; a store, a scope or a transaction manager that is blank was not said. */
    public OperationSettings {
        store = store == null || store.isBlank() ? null : store;
        scope = scope == null || scope.isBlank() ? null : scope;
        transactionManager = transactionManager == null || transactionManager.isBlank() ? null : transactionManager;
    }

    /** These settings, and where they say nothing the others. */
    public OperationSettings orElse(OperationSettings others) {
        return new OperationSettings(
                first(enabled, others.enabled),
                first(store, others.store),
                first(scope, others.scope),
                first(retention, others.retention),
                first(lease, others.lease),
                first(maxRun, others.maxRun),
                first(waitAtMost, others.waitAtMost),
                first(whenStoreFails, others.whenStoreFails),
                first(whenAbandoned, others.whenAbandoned),
                first(atomic, others.atomic),
                first(transactionManager, others.transactionManager),
                retry.orElse(others.retry));
    }

    /** Begins settings that say nothing. */
    public static Builder builder() {
        return new Builder();
    }

    static <T> @Nullable T first(@Nullable T said, @Nullable T otherwise) {
        return said != null ? said : otherwise;
    }

    /** Collects settings. Not safe for use by several threads. */
    public static final class Builder {

        private @Nullable Boolean enabled;
        private @Nullable String store;
        private @Nullable String scope;
        private @Nullable Duration retention;
        private @Nullable Duration lease;
        private @Nullable Duration maxRun;
        private @Nullable Duration waitAtMost;
        private @Nullable WhenStoreFails whenStoreFails;
        private @Nullable WhenAbandoned whenAbandoned;
        private @Nullable Boolean atomic;
        private @Nullable String transactionManager;
        private RetrySettings retry = RetrySettings.UNSAID;

        private Builder() {}

        /** Whether calls are protected. */
        public Builder enabled(@Nullable Boolean enabled) {
            this.enabled = enabled;
            return this;
        }

        /** The store's bean name, or that name without {@code IdempotencyStore}. */
        public Builder store(@Nullable String store) {
            this.store = store;
            return this;
        }

        /** The expression of what keeps callers apart. */
        public Builder scope(@Nullable String scope) {
            this.scope = scope;
            return this;
        }

        /** How long outcomes are kept. */
        public Builder retention(@Nullable Duration retention) {
            this.retention = retention;
            return this;
        }

        /** How long a claim is valid without renewal. */
        public Builder lease(@Nullable Duration lease) {
            this.lease = lease;
            return this;
        }

        /** How long a lease is renewed at most. */
        public Builder maxRun(@Nullable Duration maxRun) {
            this.maxRun = maxRun;
            return this;
        }

        /** How long a duplicate waits for the first call's outcome. */
        public Builder waitAtMost(@Nullable Duration waitAtMost) {
            this.waitAtMost = waitAtMost;
            return this;
        }

        /** What to do when the store cannot tell whether the key is free. */
        public Builder whenStoreFails(@Nullable WhenStoreFails whenStoreFails) {
            this.whenStoreFails = whenStoreFails;
            return this;
        }

        /** What to do for a key whose owner died or gave up. */
        public Builder whenAbandoned(@Nullable WhenAbandoned whenAbandoned) {
            this.whenAbandoned = whenAbandoned;
            return this;
        }

        /** Whether claim, run and completion are one transaction of the store's database. */
        public Builder atomic(@Nullable Boolean atomic) {
            this.atomic = atomic;
            return this;
        }

        /** The bean name of the transaction manager of atomic operations. */
        public Builder transactionManager(@Nullable String transactionManager) {
            this.transactionManager = transactionManager;
            return this;
        }

        /** How failed attempts are repeated. */
        public Builder retry(RetrySettings retry) {
            this.retry = retry;
            return this;
        }

        /** Makes the settings. */
        public OperationSettings build() {
            return new OperationSettings(
                    enabled,
                    store,
                    scope,
                    retention,
                    lease,
                    maxRun,
                    waitAtMost,
                    whenStoreFails,
                    whenAbandoned,
                    atomic,
                    transactionManager,
                    retry);
        }
    }
}
