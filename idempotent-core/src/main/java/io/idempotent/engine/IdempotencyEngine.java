package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations once per key.
 *
 * <ol>
 *   <li>If the store has the key's completed record in this JVM's memory, its outcome is replayed like any other.
 *   <li>A key that is not acceptable is refused. A call in the same transaction as an earlier one, whose outcome waits
 *       for that transaction's end, gets that outcome. A key that this very thread holds otherwise is refused.
 *   <li>The key is claimed. If the store fails in a way that may pass, the same claim is asked for once more after a
 *       few milliseconds: if only the answer was lost, it is given again. If the store still fails, the call is
 *       refused, or runs unprotected where its operation says so.
 *   <li>If the key is completed, its outcome is replayed: returned, or thrown. If it is in progress, the call is
 *       refused, or waits as long as its operation says and claims again: woken by an owner in this JVM, asking at
 *       growing and random intervals otherwise. In both cases a request that says something else is refused.
 *   <li>If the key was abandoned, the operation says what is to be done: it is taken over, and the operation run again;
 *       or asked, under the new claim, what became of the earlier execution: if its operation was done that is the
 *       outcome, if not the operation runs, and if nobody can tell, or finding out fails, the key is abandoned again
 *       and the call refused; or it is not taken over, and every call is refused.
 *   <li>If the key is claimed, the operation runs, its lease being renewed meanwhile. If the lease is over by the time
 *       that the claim is heard of, it does not.
 *   <li>What it returns is recorded, or a failure that it declares final; one after which nobody knows whether it was
 *       done, or whether a step of it was, abandons the key; any other failure, and a result that is not to be
 *       recorded, releases the key, whose recorded steps wait for the next claim. If the store fails, that is tried
 *       again for a bounded time, the lease still being renewed.
 *   <li>If the claim was lost meanwhile, a result is given up for the outcome that its successor recorded, or for an
 *       {@link IdempotencyClaimLostException} if there is none yet; a failure stays the caller's.
 *   <li>If the call is made in a transaction that what it does is part of, its result is recorded, and a failure on
 *       which its work stands is made known, when that transaction ends: see {@link PendingEnding}.
 * </ol>
 *
 * <p>An atomic operation claims, runs and is completed in one transaction instead: see {@link #executeAtomically}.
 *
 * <p>Safe for use by many threads; one engine serves all operations on a store. Close it after the last call: it then
 * waits for running executions, whose leases it renews until the end, and leaves the store open.
 */
public final class IdempotencyEngine implements AutoCloseable {

    /** How many callers may wait at the same time unless said otherwise: {@value}. */
    public static final int DEFAULT_MAX_WAITERS = 1_000;

    /** For how long recording an outcome is tried when the store fails, unless said otherwise: ten seconds. */
    public static final Duration DEFAULT_COMPLETION_TIMEOUT = Duration.ofSeconds(10);

    /** For how long closing waits for running executions unless said otherwise: ten seconds. */
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final IdempotencyStore store;
    private final OutcomeCodec codec;
    private final Listeners listeners;
    private final Outcomes outcomes;
    private final Owners owners;
    private final Claimant claimant;
    private final LeaseRenewal renewal;
    private final Admission admission;
    private final AtomicCalls atomicCalls;
    private final Duration closeTimeout;

    private IdempotencyEngine(Builder builder) {
        BiConsumer<String, Throwable> errorHandler = harmless(builder.errorHandler);
        LongSupplier ticker = builder.ticker;
        Pacing pacing = builder.pacing;
        store = builder.store;
        codec = builder.codec();
        closeTimeout = builder.closeTimeout;
        listeners = new Listeners(builder.listeners, errorHandler);
        outcomes = new Outcomes(codec, listeners, errorHandler);
        owners = new Owners(pacing);
        claimant = new Claimant(store, pacing);
        renewal = new LeaseRenewal(store, ticker, listeners, errorHandler, pacing);
        Waiting waiting = new Waiting(builder.waitingRoom, ticker, owners, claimant, pacing);
        Settlement settlement =
                new Settlement(store, renewal, owners, outcomes, listeners, pacing, builder.completionTimeout);
        admission = new Admission(
                store,
                claimant,
                owners,
                waiting,
                renewal,
                settlement,
                outcomes,
                listeners,
                ticker,
                builder.interruptOnLeaseLoss);
        atomicCalls = new AtomicCalls(admission, claimant, owners, waiting, settlement, outcomes, listeners, ticker);
    }

    private static BiConsumer<String, Throwable> harmless(BiConsumer<String, Throwable> errorHandler) {
        return (message, failure) -> {
            try {
                errorHandler.accept(message, failure);
            } catch (RuntimeException | Error unreported) {
                // There is nobody left to tell, and no call is to break over it.
            }
        };
    }

    /** Begins an engine on a store, which it does not close. */
    public static Builder builder(IdempotencyStore store) {
        return new Builder(store);
    }

    /**
     * What people do with records of this engine's store. Usable as long as the store is.
     *
     * @param operations the operation of a name, which tells what it returns; null where it is not known
     */
    public IdempotencyRecords records(Function<String, ? extends @Nullable Operation<?>> operations) {
        return new EngineRecords(store, codec, listeners, claimant, operations);
    }

    /** The store that this engine works on. */
    public IdempotencyStore store() {
        return store;
    }

    /**
     * Runs an operation once for a key without a scope, or replays what it produced. Like
     * {@link #execute(Operation, IdempotencyKey, Fingerprint, IdempotentWork)}.
     *
     * @param operation the operation
     * @param key the caller's key
     * @param fingerprint what the request says
     * @param work what to run
     * @return what it returned, now or when it ran
     * @throws Exception what the operation throws, now or when it ran, or an {@link IdempotencyException}
     */
    public <T extends @Nullable Object> T execute(
            Operation<T> operation, String key, Fingerprint fingerprint, Callable<? extends T> work) throws Exception {
        try {
            return execute(operation, operation.key(key), fingerprint, execution -> work.call());
        } catch (Exception | Error thrown) {
            throw thrown;
        } catch (Throwable neither) {
            throw new UndeclaredThrowableException(neither);
        }
    }

    /**
     * Runs an operation once for a key, or replays what it produced.
     *
     * @param operation the operation
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param work what to run while the key is held
     * @return what it returned, now or when it ran
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable what the operation throws, now or when it ran
     */
    public <T extends @Nullable Object> T execute(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, IdempotentWork<T> work)
            throws Throwable {
        NearbyOutcome nearby = admission.findNearby(key);
        if (nearby != null) {
            return outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome());
        }
        OpenResult<T> admitted = admission.admit(operation, key, fingerprint, work.enclosingTransaction());
        return admitted instanceof OpenExecution<T> open
                ? BlockingCall.run(open, work)
                : ((OpenResult.Recorded<T>) admitted).value();
    }

    /**
     * Opens an execution that its caller ends, later and in whichever thread: for work that does not return to whoever
     * began it, such as a request that several threads serve in turn. What holds for {@link #execute(Operation,
     * IdempotencyKey, Fingerprint, IdempotentWork)} holds for it, its lease being renewed until it is ended, or has run
     * for as long as its operation may; it is part of no transaction.
     *
     * @param operation the operation
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param reconciler asked where the key was abandoned before and its operation is to {@link WhenAbandoned#RECONCILE}
     * @return the execution, which has to be ended, or what was recorded
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable a failure that was recorded
     */
    public <T extends @Nullable Object> OpenResult<T> open(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, Reconciler<T> reconciler)
            throws Throwable {
        NearbyOutcome nearby = admission.findNearby(key);
        if (nearby != null) {
            return new OpenResult.Recorded<>(
                    outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome()));
        }
        OpenResult<T> admitted = admission.admit(operation, key, fingerprint, null);
        return admitted instanceof OpenExecution<T> open ? open.handOn(reconciler) : admitted;
    }

    /**
     * Runs an operation once for a key, in a transaction that it is claimed and completed in; or replays what it
     * produced.
     *
     * @param operation the operation; its lease, the limit of its run and what to do when the store fails do not matter
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param transactions on the database of this engine's store
     * @param work what to run in the transaction
     * @return what it returned, now or when it ran
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable what the operation throws, now or when it ran, or what the commit throws
     */
    public <T extends @Nullable Object> T executeAtomically(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            StoreTransactions transactions,
            AtomicWork<T> work)
            throws Throwable {
        NearbyOutcome nearby = admission.findNearby(key);
        return nearby == null
                ? atomicCalls.execute(operation, key, fingerprint, transactions, work)
                : outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome());
    }

    /**
     * Refuses further calls, waits for running executions as long as the close timeout says, and stops renewing leases.
     * The store stays open. Closing twice has no effect.
     */
    @Override
    public void close() {
        owners.close();
        awaitIdle(closeTimeout);
        renewal.close();
    }

    /**
     * Waits until the operations that are running now have ended. Leases are renewed meanwhile, and calls are served
     * on. An interrupt ends the wait, and the flag stays set.
     *
     * @param atMost how long to wait
     * @return whether they have ended
     */
    public boolean awaitIdle(Duration atMost) {
        return owners.awaitIdle(atMost);
    }

    /** Collects what an engine is made of. Not safe for use by several threads. */
    public static final class Builder {

        private final IdempotencyStore store;
        private final List<IdempotencyListener> listeners = new ArrayList<>();
        private @Nullable OutcomeCodec codec;
        private WaitingRoom waitingRoom = new WaitingRoom(DEFAULT_MAX_WAITERS, DEFAULT_MAX_WAITERS);
        private Duration completionTimeout = DEFAULT_COMPLETION_TIMEOUT;
        private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
        private boolean interruptOnLeaseLoss;
        private LongSupplier ticker = System::nanoTime;
        private Pacing pacing = new Pacing() {};
        private BiConsumer<String, Throwable> errorHandler = (message, failure) -> {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(message, failure));
        };

        private Builder(IdempotencyStore store) {
            this.store = store;
        }

        /** How outcomes are kept; by reference unless said otherwise, where the store keeps references. */
        public Builder codec(OutcomeCodec codec) {
            this.codec = codec;
            return this;
        }

        /** Adds a listener, told after those added before. */
        public Builder listener(IdempotencyListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * How many callers may wait at the same time, over all operations; {@value #DEFAULT_MAX_WAITERS} unless said
         * otherwise; with zero none waits.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxWaiters(int maxWaiters) {
            return waitingRoom(new WaitingRoom(maxWaiters, maxWaiters));
        }

        /**
         * Bounds how many callers wait, in all and for each key, together with other engines that have the same room.
         */
        public Builder waitingRoom(WaitingRoom waitingRoom) {
            this.waitingRoom = waitingRoom;
            return this;
        }

        /**
         * For how long, after the work is done, recording its outcome or releasing its key is tried while the store
         * fails; ten seconds unless said otherwise; with zero once.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder completionTimeout(Duration completionTimeout) {
            this.completionTimeout = notNegative("completion timeout", completionTimeout);
            return this;
        }

        /**
         * For how long closing waits for running executions; ten seconds unless said otherwise.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder closeTimeout(Duration closeTimeout) {
            this.closeTimeout = notNegative("close timeout", closeTimeout);
            return this;
        }

        /**
         * Whether the thread that runs an operation is interrupted when its lease is lost, so that one that hangs may
         * end; not unless said otherwise. The interrupt ends with the operation: the caller's thread does not keep it.
         */
        public Builder interruptOnLeaseLoss(boolean interrupt) {
            this.interruptOnLeaseLoss = interrupt;
            return this;
        }

        /** The monotonic clock, in nanoseconds, by which this engine measures; for tests. */
        public Builder ticker(LongSupplier ticker) {
            this.ticker = ticker;
            return this;
        }

        /** How threads wait and leases are visited; for tests. */
        Builder pacing(Pacing pacing) {
            this.pacing = pacing;
            return this;
        }

        /**
         * Told what fails beside a call, a listener or a codec say, and so cannot be thrown; the thread's handler of
         * uncaught exceptions unless said otherwise.
         */
        public Builder errorHandler(BiConsumer<String, Throwable> errorHandler) {
            this.errorHandler = errorHandler;
            return this;
        }

        /**
         * Makes the engine.
         *
         * @throws IdempotencyConfigurationException if the store needs a codec and none is given
         */
        public IdempotencyEngine build() {
            return new IdempotencyEngine(this);
        }

        private OutcomeCodec codec() {
            if (codec != null) {
                return codec;
            }
            if (store.keepsReferences()) {
                return new ReferenceOutcomeCodec();
            }
            throw new IdempotencyConfigurationException(
                    "The store " + store.getClass().getName() + " keeps bytes, and no codec is given to make them",
                    "Give the engine a codec, JacksonOutcomeCodec say");
        }

        private static Duration notNegative(String setting, Duration duration) {
            if (duration.isNegative()) {
                throw new IdempotencyConfigurationException(
                        "The " + setting + " is " + duration, "It has to be zero or more");
            }
            return duration;
        }
    }
}
