package io.idempotent.engine;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.OutcomeType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is protected, and how: a name and the settings of each call. Immutable; made once and used for every call.
 *
 * @param <T> what the operation returns
 */
public final class Operation<T extends @Nullable Object> {

    /** How long outcomes are kept, by default: 24 hours. */
    public static final Duration DEFAULT_RETENTION = Duration.ofHours(24);

    /** How long a claim is valid without renewal, by default: 30 seconds. */
    public static final Duration DEFAULT_LEASE = Duration.ofSeconds(30);

    /** How long a lease is renewed at most, by default: one hour. */
    public static final Duration DEFAULT_MAX_RUN = Duration.ofHours(1);

    private static final int LONGEST_CHAIN_OF_CAUSES = 100;

    private final String name;
    private final OutcomeType type;
    private final OutcomeType uncompensated;
    private final boolean compensated;
    private final Duration retention;
    private final Duration lease;
    private final Duration maxRun;
    private final Duration waitAtMost;
    private final WhenStoreFails whenStoreFails;
    private final WhenAbandoned whenAbandoned;
    private final WhenCancelled whenCancelled;
    private final List<Class<? extends Throwable>> unknownOn;
    private final boolean effectsOutside;

    private Operation(Builder<T> builder) {
        this.name = builder.name;
        this.uncompensated = new OutcomeType(builder.valueType, builder.recordFailures);
        this.compensated = !builder.compensateOn.isEmpty();
        this.type = !compensated
                ? uncompensated
                : new OutcomeType(
                        builder.valueType,
                        Stream.concat(builder.recordFailures.stream(), builder.compensateOn.stream())
                                .distinct()
                                .toList());
        this.retention = builder.retention;
        this.lease = builder.lease;
        this.maxRun = builder.maxRun;
        this.waitAtMost = builder.waitAtMost;
        this.whenStoreFails = builder.whenStoreFails;
        this.whenAbandoned = builder.whenAbandoned;
        this.whenCancelled = builder.whenCancelled;
        this.unknownOn = List.copyOf(builder.unknownOn);
        this.effectsOutside =
                builder.effectsOutside || whenAbandoned != WhenAbandoned.RUN_AGAIN || !unknownOn.isEmpty();
    }

    /**
     * Begins an operation that returns a simple type.
     *
     * @param name the operation's stable name: letters, digits, hyphens and underscores
     * @param valueType what it returns
     * @throws IdempotencyConfigurationException if the name is not acceptable
     */
    public static <T> Builder<T> builder(String name, Class<T> valueType) {
        return new Builder<>(name, valueType);
    }

    /**
     * Begins an operation that returns a generic type. The caller vouches that {@code T} is that type.
     *
     * @param name the operation's stable name: letters, digits, hyphens and underscores
     * @param valueType what it returns; drives how recorded outcomes are decoded
     * @throws IdempotencyConfigurationException if the name is not acceptable
     */
    public static <T extends @Nullable Object> Builder<T> builder(String name, Type valueType) {
        return new Builder<>(name, valueType);
    }

    /** Returns the operation's stable name. */
    public String name() {
        return name;
    }

    /** Returns what the operation can produce, including failures that are recorded only once steps were undone. */
    public OutcomeType type() {
        return type;
    }

    /** Returns how long a recorded outcome is kept. */
    public Duration retention() {
        return retention;
    }

    /** Returns how long a claim is valid without renewal. */
    public Duration lease() {
        return lease;
    }

    /** Returns how long the lease of one execution is renewed at most. */
    public Duration maxRun() {
        return maxRun;
    }

    /** Returns how long a call waits for the outcome of the one that is running. */
    public Duration waitAtMost() {
        return waitAtMost;
    }

    /** Returns what to do when the store cannot tell whether the key is free. */
    public WhenStoreFails whenStoreFails() {
        return whenStoreFails;
    }

    /** Returns what to do about a key that is abandoned. */
    public WhenAbandoned whenAbandoned() {
        return whenAbandoned;
    }

    /** Returns what becomes of the operation when its caller cancels it. */
    public WhenCancelled whenCancelled() {
        return whenCancelled;
    }

    /** Tells whether a failure is recorded, whether there are steps to undo or not. It is never retried. */
    public boolean records(Throwable failure) {
        return uncompensated.records(failure);
    }

    /** Tells whether all failures of a type are recorded, whether there are steps to undo or not. */
    public boolean recordsAll(Class<? extends Throwable> failures) {
        return uncompensated.recordsAll(failures);
    }

    /** Tells whether the operation declares failures after which steps are undone. */
    boolean isCompensated() {
        return compensated;
    }

    /** Tells whether nobody knows if the operation was done after this failure, or after one that caused it. */
    public boolean isUnknownOn(Throwable failure) {
        if (unknownOn.isEmpty()) {
            return false;
        }
        int depth = 0;
        // Causes may go round in a circle.
        for (Throwable next = failure;
                next != null && depth < LONGEST_CHAIN_OF_CAUSES;
                next = next.getCause(), depth++) {
            for (Class<? extends Throwable> type : unknownOn) {
                if (type.isInstance(next)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Tells whether effects of the operation outlive a rollback of the transaction that a call is made in. */
    public boolean hasEffectsOutside() {
        return effectsOutside;
    }

    /** Makes a key of this operation, without a scope. */
    public IdempotencyKey key(String value) {
        return IdempotencyKey.of(name, value);
    }

    @Override
    public String toString() {
        return "Operation[" + name + "]";
    }

    /**
     * Collects an operation's settings, and refuses at once what cannot be. For one thread at a time.
     *
     * @param <T> what the operation returns
     */
    public static final class Builder<T extends @Nullable Object> {

        private final String name;
        private final Type valueType;
        private final List<Class<? extends Throwable>> recordFailures = new ArrayList<>();
        private final List<Class<? extends Throwable>> compensateOn = new ArrayList<>();
        private Duration retention = DEFAULT_RETENTION;
        private Duration lease = DEFAULT_LEASE;
        private Duration maxRun = DEFAULT_MAX_RUN;
        private Duration waitAtMost = Duration.ZERO;
        private WhenStoreFails whenStoreFails = WhenStoreFails.REFUSE;
        private WhenAbandoned whenAbandoned = WhenAbandoned.RUN_AGAIN;
        private WhenCancelled whenCancelled = WhenCancelled.ABANDON;
        private final List<Class<? extends Throwable>> unknownOn = new ArrayList<>();
        private boolean effectsOutside;

        private Builder(String name, Type valueType) {
            if (!IdempotencyKey.isOperationName(name)) {
                throw new IdempotencyConfigurationException(
                        "'" + name + "' is no name for an operation",
                        "Use 1 to " + IdempotencyKey.MAXIMUM_OPERATION_LENGTH
                                + " ASCII letters, digits, hyphens or underscores");
            }
            this.name = name;
            this.valueType = valueType;
        }

        /**
         * Sets how long a recorded outcome is kept. Defaults to 24 hours.
         *
         * @throws IdempotencyConfigurationException if it is not positive
         */
        public Builder<T> retention(Duration retention) {
            this.retention = positive("retention", retention);
            return this;
        }

        /**
         * Sets how long a claim is valid without renewal, and so how long a crash blocks its key. Defaults to 30
         * seconds. The lease is renewed in the background, so it need not be as long as the operation runs.
         *
         * @throws IdempotencyConfigurationException if it is shorter than 10 milliseconds
         */
        public Builder<T> lease(Duration lease) {
            if (lease.compareTo(Duration.ofMillis(10)) < 0) {
                throw invalid("lease", lease, "at least 10 ms");
            }
            this.lease = lease;
            return this;
        }

        /**
         * Sets how long the lease of one execution is renewed at most, so that one that hangs gives its key up.
         * Defaults to one hour.
         *
         * @throws IdempotencyConfigurationException if it is not positive
         */
        public Builder<T> maxRun(Duration maxRun) {
            this.maxRun = positive("max-run", maxRun);
            return this;
        }

        /**
         * Sets how long a call waits for the outcome of the one that is running, instead of being refused at once.
         * Defaults to zero.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder<T> waitAtMost(Duration waitAtMost) {
            if (waitAtMost.isNegative()) {
                throw invalid("wait-at-most", waitAtMost, "zero or more");
            }
            this.waitAtMost = waitAtMost;
            return this;
        }

        /**
         * Sets the types of failures that are final: they are recorded and replayed like a value. Any other failure
         * releases the key. Defaults to none.
         */
        public Builder<T> recordFailures(List<Class<? extends Throwable>> types) {
            recordFailures.clear();
            recordFailures.addAll(types);
            return this;
        }

        /**
         * Sets the types of failures after which recorded steps that declare a compensation are undone, before the
         * failure is recorded. Unlike one of {@link #recordFailures}, such a failure may be retried first, and what
         * counts is the one that is left; and if there is nothing to undo, it releases the key. A failure of {@link
         * #recordFailures} has such steps undone too. Defaults to none.
         *
         * @see io.idempotent.Steps#run(String, io.idempotent.Steps.Work, io.idempotent.Steps.Compensation)
         */
        public Builder<T> compensateOn(List<Class<? extends Throwable>> types) {
            compensateOn.clear();
            compensateOn.addAll(types);
            return this;
        }

        /** Sets what to do when the store cannot tell whether the key is free. Defaults to {@code REFUSE}. */
        public Builder<T> whenStoreFails(WhenStoreFails policy) {
            this.whenStoreFails = policy;
            return this;
        }

        /**
         * Sets whether the operation has effects outside of the transaction that it is called in, which a rollback does
         * not undo. Its key is then abandoned after a rollback, and not free. Defaults to false; an operation that is
         * not to {@code RUN_AGAIN} when it is abandoned always has such effects, and so has one with failures in {@link
         * #unknownOn}.
         */
        public Builder<T> effectsOutside(boolean effectsOutside) {
            this.effectsOutside = effectsOutside;
            return this;
        }

        /** Sets what to do about a key that is abandoned. Defaults to {@code RUN_AGAIN}. */
        public Builder<T> whenAbandoned(WhenAbandoned policy) {
            this.whenAbandoned = policy;
            return this;
        }

        /**
         * Sets what becomes of the operation when its caller cancels it after it has begun, where a caller can.
         * Defaults to {@code ABANDON}.
         */
        public Builder<T> whenCancelled(WhenCancelled policy) {
            this.whenCancelled = policy;
            return this;
        }

        /**
         * Sets the types of failures after which nobody knows whether the operation was done, such as a read timeout.
         * The causes of a failure count too. Such a failure abandons the key, whatever else is declared for it.
         * Defaults to none.
         */
        public Builder<T> unknownOn(List<Class<? extends Throwable>> types) {
            unknownOn.clear();
            unknownOn.addAll(types);
            return this;
        }

        /**
         * Makes the operation.
         *
         * @throws IdempotencyConfigurationException if its outcome may be unknown, and it would run again all the same
         */
        public Operation<T> build() {
            if (!unknownOn.isEmpty() && whenAbandoned == WhenAbandoned.RUN_AGAIN) {
                throw new IdempotencyConfigurationException(
                        "The operation '" + name + "' has failures after which its outcome is unknown, " + unknownOn
                                + ", and would be run again after them",
                        "Set when-abandoned to reconcile or refuse, or leave unknown-on empty");
            }
            return new Operation<>(this);
        }

        private Duration positive(String setting, Duration duration) {
            if (duration.isNegative() || duration.isZero()) {
                throw invalid(setting, duration, "more than zero");
            }
            return duration;
        }

        private IdempotencyConfigurationException invalid(String setting, Duration duration, String allowed) {
            return new IdempotencyConfigurationException(
                    "The " + setting + " of operation '" + name + "' is " + duration, "It has to be " + allowed);
        }
    }
}
