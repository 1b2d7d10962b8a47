package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations once per key.
 *
 * <ol>
 *   <li>If the store has the key's outcome in this JVM's memory, the outcome is replayed.
 *   <li>A key that is not acceptable is refused. A call in the same transaction as an earlier one, whose outcome waits
 *       for the transaction's end, gets that outcome. A key that this very thread holds otherwise is refused.
 *   <li>The key is claimed. If the store fails in a way that may pass, it is asked once more a few milliseconds later,
 *       with the same claim id: if only the answer was lost, the store gives it again. If the store still fails, the
 *       call is refused, or runs unprotected if its operation allows that.
 *   <li>The outcome of a completed key is replayed: returned, or thrown. If the key is in progress, the call is
 *       refused, or waits as long as its operation allows: an owner in this JVM wakes it, and otherwise it asks again
 *       at growing and random intervals. In both cases a request that says something else is refused.
 *   <li>The operation decides about an abandoned key. It may be taken over, and the operation runs again. It may be
 *       taken over, and a reconciler is asked what became of the earlier execution: a known result is the outcome, an
 *       operation that was not done runs, and if the reconciler cannot tell, the key is abandoned again and the call
 *       refused. Or it is not taken over, and every call is refused.
 *   <li>The operation runs while its claim's lease is renewed. It does not run if the lease is over by the time that
 *       the answer to the claim arrives.
 *   <li>A result is recorded, and so is a failure that the operation declares final. A failure after which nobody knows
 *       whether the operation, or a step of it, was done abandons the key. Any other failure, and a result that is not
 *       to be recorded, releases the key, and recorded steps wait for the next claim. If the store fails, this is
 *       repeated for a bounded time, and the lease is still renewed. Before a final failure is recorded, steps that
 *       declare how they are undone are undone: see {@link io.idempotent.Steps}.
 *   <li>If the claim was lost meanwhile, the caller gets the outcome that its successor recorded instead of the result,
 *       or an {@link IdempotencyClaimLostException} if there is none yet. A failure stays the caller's.
 *   <li>If the operation is part of its caller's transaction, its ending waits for the end of that transaction: see
 *       {@link PendingEnding}.
 * </ol>
 *
 * <p>An atomic operation claims, runs and completes in one transaction instead: see {@link #executeAtomically}.
 *
 * <p>Safe for use by many threads; one engine serves all operations on a store. Close it after the last call. It then
 * waits for running executions, renews their leases until they end, and leaves the store open.
 */
public final class IdempotencyEngine implements AutoCloseable {

    /** How many callers may wait at the same time, by default: {@value}. */
    public static final int DEFAULT_MAX_WAITERS = 1_000;

    /** How long recording an outcome is repeated while the store fails, by default: ten seconds. */
    public static final Duration DEFAULT_COMPLETION_TIMEOUT = Duration.ofSeconds(10);

    /** How many threads ask the store on behalf of calls that wait for nothing, by default: {@value}. */
    public static final int DEFAULT_ASYNC_THREADS = 16;

    /** How long closing waits for running executions, by default: ten seconds. */
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
    private final RequestThreads threads;
    private final BiConsumer<String, Throwable> errorHandler;
    private final Duration closeTimeout;

    private IdempotencyEngine(Builder builder) {
        errorHandler = harmless(builder.errorHandler);
        LongSupplier ticker = builder.ticker;
        Pacing pacing = builder.pacing;
        store = builder.store;
        codec = builder.codec();
        closeTimeout = builder.closeTimeout;
        listeners = new Listeners(builder.listeners, errorHandler);
        outcomes = new Outcomes(codec, listeners, errorHandler);
        owners = new Owners(pacing);
        claimant = new Claimant(store, traces(builder.traces, errorHandler), pacing);
        renewal = new LeaseRenewal(store, ticker, listeners, errorHandler, pacing);
        Waiting waiting = new Waiting(builder.waitingRoom, ticker, owners, claimant, listeners, pacing);
        threads = new RequestThreads(builder.asyncThreads, builder.asyncExecutor, pacing);
        Settlement settlement = new Settlement(
                store, renewal, owners, outcomes, listeners, pacing, threads, Nanos.of(builder.completionTimeout));
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
                builder.interruptOnLeaseLoss,
                builder.mustNotBlock);
        atomicCalls = new AtomicCalls(admission, claimant, owners, waiting, settlement, outcomes, listeners, ticker);
    }

    private static BiConsumer<String, Throwable> harmless(BiConsumer<String, Throwable> errorHandler) {
        return (message, failure) -> {
            try {
                errorHandler.accept(message, failure);
            } catch (RuntimeException | Error unreported) {
                // There is nobody left to tell, and no call may break over it.
            }
        };
    }

    /** A trace that cannot be told, or is none, breaks no call. */
    private static Supplier<@Nullable String> traces(
            Supplier<? extends @Nullable String> traces, BiConsumer<String, Throwable> errorHandler) {
        return () -> {
            try {
                String traceId = traces.get();
                return traceId == null || ClaimRequest.isTraceId(traceId) ? traceId : null;
            } catch (RuntimeException | Error failure) {
                errorHandler.accept("The current trace is not known; the call is not affected", failure);
                return null;
            }
        };
    }

    /** Begins an engine on a store. The engine does not close the store. */
    public static Builder builder(IdempotencyStore store) {
        return new Builder(store);
    }

    /**
     * Returns what people do with records of this engine's store. Usable as long as the store is.
     *
     * @param operations gives the operation of a name, which tells what the operation returns; gives null if it is not
     *     known
     */
    public IdempotencyRecords records(Function<String, ? extends @Nullable Operation<?>> operations) {
        return new EngineRecords(store, codec, listeners, claimant, operations);
    }

    /** Tells the listeners that nobody finishes an abandoned execution without its caller any more. */
    public void leaveForPerson(IdempotencyRecord record, String reason) {
        listeners.tell(listener -> listener.leftForPerson(record.key(), record.takeovers(), reason));
    }

    /** Tells the listeners that a recorded outcome is not what was found outside. */
    public void contradict(IdempotencyKey key, String difference) {
        listeners.tell(listener -> listener.contradicted(key, difference));
    }

    /** Returns the store that this engine works on. */
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
            return outcomes.replay(
                    operation, key, fingerprint, nearby.fingerprint(), nearby.outcome(), nearby.traceId());
        }
        OpenResult<T> admitted = admission.admit(operation, key, fingerprint, work.enclosingTransaction(), work);
        return admitted instanceof OpenExecution<T> open
                ? BlockingCall.run(open, work)
                : ((OpenResult.Recorded<T>) admitted).value();
    }

    /**
     * Opens an execution that its caller ends, later and in whichever thread: for work that does not return to whoever
     * began it, such as a request that several threads serve in turn. It is like {@link #execute(Operation,
     * IdempotencyKey, Fingerprint, IdempotentWork)} otherwise. Its lease is renewed until it is ended, or has run for
     * as long as its operation may. It is part of no transaction.
     *
     * @param operation the operation
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param reconciler asked if the key was abandoned before, and its operation is to {@link WhenAbandoned#RECONCILE}
     * @return the execution, which has to be ended, or what was recorded
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable a failure that was recorded
     */
    public <T extends @Nullable Object> OpenResult<T> open(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, ExecutionReconciler<T> reconciler)
            throws Throwable {
        NearbyOutcome nearby = admission.findNearby(key);
        if (nearby != null) {
            return recorded(operation, key, fingerprint, nearby);
        }
        OpenResult<T> admitted = admission.admit(operation, key, fingerprint, null, Admission.ALONE);
        return admitted instanceof OpenExecution<T> open ? open.handOn(reconciler) : admitted;
    }

    /**
     * Runs an operation that ends later, in any thread, once for a key; or replays what it produced. It is like {@link
     * #execute(Operation, IdempotencyKey, Fingerprint, IdempotentWork)} otherwise, waits for nothing, and throws
     * nothing: not for the store, which threads of this engine ask, nor for another owner, nor for the work, which
     * begins once the key is held. It is part of no transaction.
     *
     * @param operation the operation; its type is that of the value
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param work what to run while the key is held
     * @return the call, whose future has what the operation produced, now or when it ran, or the {@link
     *     IdempotencyException}
     */
    public <T extends @Nullable Object> StageCall<T> executeAsync(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, StageWork<T> work) {
        StageCall<T> call = new StageCall<>(operation, work, threads);
        if (!answerNearby(operation, key, fingerprint, call::opened)) {
            call.admittedBy(admitAsync(
                    operation,
                    key,
                    fingerprint,
                    work::reconcile,
                    work::calledIn,
                    () -> call.runsIn(harmless(work.scope(), key)),
                    work,
                    call::opened));
        }
        return call;
    }

    /**
     * Like {@link #open}, without waiting for the store or for another owner. If somebody else completes or cancels
     * the future, a wait for another owner ends, and a key that is claimed nevertheless is given back.
     *
     * @param scope what the engine's threads run parts of the call in, so that its listeners know whose it is
     * @return what {@link #open} returns, or the failure that it throws; completed by a thread that runs no request of
     *     the store
     */
    public <T extends @Nullable Object> CompletableFuture<OpenResult<T>> openAsync(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            ExecutionReconciler<T> reconciler,
            CallScope scope) {
        CompletableFuture<OpenResult<T>> future = new CompletableFuture<>();
        BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> opened = (result, failure) -> {
            if (result == null) {
                future.completeExceptionally(Objects.requireNonNull(failure));
            } else if (!future.complete(result) && result instanceof OpenExecution<T> open) {
                var unused = open.releaseAsync(Waiting.unwanted(key));
            }
        };
        if (!answerNearby(operation, key, fingerprint, opened)) {
            Runnable giveUp = admitAsync(
                    operation,
                    key,
                    fingerprint,
                    reconciler,
                    IdempotencyContext::currentOrNull,
                    () -> harmless(scope, key),
                    Admission.ALONE,
                    opened);
            var unused = future.whenComplete((result, failure) -> giveUp.run());
        }
        return future;
    }

    /** Answers a call at once whose outcome is nearby, or that is refused; tells whether it is answered. */
    private <T extends @Nullable Object> boolean answerNearby(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> answered) {
        OpenResult.Recorded<T> recorded;
        try {
            NearbyOutcome nearby = admission.findNearby(key);
            if (nearby == null) {
                return false;
            }
            recorded = recorded(operation, key, fingerprint, nearby);
        } catch (Throwable refusal) {
            answered.accept(null, refusal);
            return true;
        }
        answered.accept(recorded, null);
        return true;
    }

    /**
     * Admits a call whose outcome is not nearby.
     *
     * @param opened gets what is opened, or the failure, in a thread that runs no request of the store
     * @return ends the wait for another owner, when nobody wants the call any more
     */
    private <T extends @Nullable Object> Runnable admitAsync(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            ExecutionReconciler<T> reconciler,
            Supplier<@Nullable IdempotencyContext> calledIn,
            Supplier<CallScope> callers,
            RecoverableWork work,
            BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> opened) {
        try {
            CallScope scope = callers.get();
            return admission.<T>admitAsync(
                    operation,
                    key,
                    fingerprint,
                    calledIn.get(),
                    scope,
                    work,
                    (admitted, refusal) -> threads.work(() -> scope.run(() -> {
                        if (admitted instanceof OpenExecution<T> open) {
                            if (work != Admission.ALONE) {
                                open.execution().beUndoable();
                            }
                            open.handOnAsync(reconciler, opened);
                        } else {
                            opened.accept(admitted, refusal);
                        }
                    })));
        } catch (RuntimeException | Error refusal) {
            opened.accept(null, refusal);
            return () -> {};
        }
    }

    /** A scope that fails breaks no call: what it did not begin runs without it. */
    private CallScope harmless(CallScope scope, IdempotencyKey key) {
        return part -> {
            AtomicBoolean begun = new AtomicBoolean();
            try {
                scope.run(() -> {
                    begun.set(true);
                    part.run();
                });
            } catch (RuntimeException | Error failure) {
                errorHandler.accept("The scope of the call for '" + key + "' failed; the call goes on", failure);
                if (!begun.get()) {
                    part.run();
                }
            }
        };
    }

    private <T extends @Nullable Object> OpenResult.Recorded<T> recorded(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, NearbyOutcome nearby)
            throws Throwable {
        T value =
                outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome(), nearby.traceId());
        return new OpenResult.Recorded<>(value, nearby.traceId());
    }

    /**
     * Runs an operation once for a key, and claims and completes the key in the operation's own transaction; or replays
     * what it produced.
     *
     * @param operation the operation; its lease, its longest run and what to do when the store fails do not matter
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param transactions begins transactions on the database of this engine's store
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
                : outcomes.replay(
                        operation, key, fingerprint, nearby.fingerprint(), nearby.outcome(), nearby.traceId());
    }

    /**
     * Refuses further calls, waits for running executions as long as the close timeout allows, and stops renewing
     * leases. The store stays open. Closing twice has no effect.
     */
    @Override
    public void close() {
        owners.close();
        awaitIdle(closeTimeout);
        renewal.close();
    }

    /**
     * Waits until the operations that run now have ended. Leases are renewed meanwhile, and further calls are served.
     * An interrupt ends the wait, and the flag stays set.
     *
     * @param atMost how long to wait
     * @return whether they have ended
     */
    public boolean awaitIdle(Duration atMost) {
        return owners.awaitIdle(atMost);
    }

    /** Collects what an engine is made of. For one thread at a time. */
    public static final class Builder {

        private final IdempotencyStore store;
        private final List<IdempotencyListener> listeners = new ArrayList<>();
        private @Nullable OutcomeCodec codec;
        private WaitingRoom waitingRoom = new WaitingRoom(DEFAULT_MAX_WAITERS, DEFAULT_MAX_WAITERS);
        private Duration completionTimeout = DEFAULT_COMPLETION_TIMEOUT;
        private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
        private boolean interruptOnLeaseLoss;
        private int asyncThreads = DEFAULT_ASYNC_THREADS;
        private @Nullable Executor asyncExecutor;
        private BooleanSupplier mustNotBlock = () -> false;
        private LongSupplier ticker = System::nanoTime;
        private Supplier<? extends @Nullable String> traces = () -> null;
        private Pacing pacing = new Pacing() {};
        private BiConsumer<String, Throwable> errorHandler = (message, failure) -> {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(message, failure));
        };

        private Builder(IdempotencyStore store) {
            this.store = store;
        }

        /** Sets how outcomes are kept. Defaults to by reference, if the store keeps references. */
        public Builder codec(OutcomeCodec codec) {
            this.codec = codec;
            return this;
        }

        /** Adds a listener. It is told after those added before. */
        public Builder listener(IdempotencyListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * Sets how many callers may wait at the same time, over all operations. Defaults to {@value
         * #DEFAULT_MAX_WAITERS}; with zero none waits.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxWaiters(int maxWaiters) {
            return waitingRoom(new WaitingRoom(maxWaiters, maxWaiters));
        }

        /** Bounds how many callers wait, in all and for each key. Several engines may share a room. */
        public Builder waitingRoom(WaitingRoom waitingRoom) {
            this.waitingRoom = waitingRoom;
            return this;
        }

        /**
         * Sets how long, after the work is done, recording its outcome or releasing its key is repeated while the store
         * fails. Defaults to ten seconds; with zero the store is asked once.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder completionTimeout(Duration completionTimeout) {
            this.completionTimeout = notNegative("completion timeout", completionTimeout);
            return this;
        }

        /**
         * Sets how long closing waits for running executions. Defaults to ten seconds.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder closeTimeout(Duration closeTimeout) {
            this.closeTimeout = notNegative("close timeout", closeTimeout);
            return this;
        }

        /**
         * Sets how many threads ask the store at the same time on behalf of calls that wait for nothing. Defaults to
         * {@value #DEFAULT_ASYNC_THREADS}. They start when they are needed.
         *
         * @throws IdempotencyConfigurationException if it is not positive
         */
        public Builder asyncThreads(int threads) {
            if (threads < 1) {
                throw new IdempotencyConfigurationException(
                        "The number of threads for asynchronous calls is " + threads, "It has to be one or more");
            }
            this.asyncThreads = threads;
            return this;
        }

        /**
         * Sets what begins the work of calls that wait for nothing, and completes their futures. It must not run tasks
         * on threads that must not block. Defaults to virtual threads where the JVM has them, and else to as many
         * threads as there is to do at the same time.
         */
        public Builder asyncExecutor(Executor executor) {
            this.asyncExecutor = executor;
            return this;
        }

        /**
         * Sets what tells whether the current thread must not block. Steps, which wait for the store, are refused
         * there. Defaults to threads that may.
         */
        public Builder mustNotBlock(BooleanSupplier mustNotBlock) {
            this.mustNotBlock = mustNotBlock;
            return this;
        }

        /**
         * Sets whether the thread that runs an operation is interrupted when its lease is lost, so that one that hangs
         * may end. Defaults to false. The interrupt ends with the operation: the caller's thread does not keep it.
         */
        public Builder interruptOnLeaseLoss(boolean interrupt) {
            this.interruptOnLeaseLoss = interrupt;
            return this;
        }

        /**
         * Sets what tells the trace that a call is part of, so that the record of an execution keeps it. Defaults to
         * none. Asked in the calling thread for each claim. Its failures go to the error handler, and a text that is no
         * {@linkplain ClaimRequest#isTraceId trace id} counts as none.
         *
         * @param traces gives the trace id of the calling thread; null if there is none
         * @return this builder
         */
        public Builder traceId(Supplier<? extends @Nullable String> traces) {
            this.traces = traces;
            return this;
        }

        /** Sets the monotonic clock, in nanoseconds, by which this engine measures. For tests. */
        public Builder ticker(LongSupplier ticker) {
            this.ticker = ticker;
            return this;
        }

        /** Sets how threads wait, and who visits the leases. For tests. */
        Builder pacing(Pacing pacing) {
            this.pacing = pacing;
            return this;
        }

        /**
         * Sets who is told what fails beside a call, such as a listener or a codec, and so cannot be thrown. Defaults
         * to the thread's handler of uncaught exceptions.
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
                    "Give the engine a codec, such as JacksonOutcomeCodec");
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
