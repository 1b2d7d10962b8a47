package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.ReferenceStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What is explored: who calls what, where, and what may go wrong. Set up once, and not changed while it is explored.
 */
final class Scenario {

    static final Duration LEASE = Duration.ofSeconds(30);

    /** Time passes in halves of a lease. */
    static final Duration TICK = LEASE.dividedBy(2);

    /** What the transaction that callers call in has to do with the store. */
    enum Transactions {
        /** There is none. */
        NONE,
        /** The outcome is recorded when it has committed. */
        ELSEWHERE,
        /** The outcome is recorded in it. */
        OF_THE_STORE,
        /** A fault: the outcome is recorded when it is about to commit, but not in it. */
        RECORDING_TOO_EARLY
    }

    /** Nobody knows what was done. */
    static final class UnknownException extends Exception {

        private static final long serialVersionUID = 1L;

        UnknownException(String message) {
            super(message, null, true, false);
        }
    }

    /** Nothing was done, and will not be. */
    static final class FinalException extends Exception {

        private static final long serialVersionUID = 1L;

        FinalException(String message) {
            super(message, null, true, false);
        }
    }

    /** Nothing was done. */
    static final class PlainException extends Exception {

        private static final long serialVersionUID = 1L;

        PlainException(String message) {
            super(message, null, true, false);
        }
    }

    /**
     * One who calls.
     *
     * @param recovers whether it has no caller of its own, and finishes what it finds abandoned
     */
    record Caller(int node, Fingerprint fingerprint, boolean recovers) {}

    /** How a call is made of the engine. */
    @FunctionalInterface
    interface Calling {
        String call(IdempotencyEngine engine, Operation<String> operation, Fingerprint fingerprint, ModelCall work)
                throws Throwable;
    }

    final WhenAbandoned whenAbandoned;
    final Operation<String> operation;
    final List<Caller> callers = new ArrayList<>();
    Transactions transactions = Transactions.NONE;
    Supplier<ReferenceStore> store = ReferenceStore::new;
    UnaryOperator<IdempotencyStore> line = UnaryOperator.identity();
    Calling calling = (engine, operation, fingerprint, work) ->
            engine.execute(operation, operation.key("4711"), fingerprint, work);
    Duration completionTimeout = IdempotencyEngine.DEFAULT_COMPLETION_TIMEOUT;
    int depth = 4;
    boolean steps;
    boolean compensated;

    private Scenario(WhenAbandoned whenAbandoned, Duration waitAtMost) {
        this.whenAbandoned = whenAbandoned;
        this.operation = Operation.builder("pay", String.class)
                .whenAbandoned(whenAbandoned)
                .unknownOn(whenAbandoned == WhenAbandoned.RUN_AGAIN ? List.of() : List.of(UnknownException.class))
                .recordFailures(List.of(FinalException.class))
                .lease(LEASE)
                .waitAtMost(waitAtMost)
                .build();
    }

    /** Callers of an operation that are refused while it is in progress. */
    static Scenario impatient(WhenAbandoned whenAbandoned) {
        return new Scenario(whenAbandoned, Duration.ZERO);
    }

    /** Callers of an operation that wait two leases long for it. */
    static Scenario waiting(WhenAbandoned whenAbandoned) {
        return new Scenario(whenAbandoned, LEASE.multipliedBy(2));
    }

    /** Adds one caller on each of these nodes, all with the same request. */
    Scenario on(int... nodes) {
        for (int node : nodes) {
            callers.add(new Caller(node, Fingerprint.ofContent("12.50"), false));
        }
        return this;
    }

    /** Adds one that recovers on a node. */
    Scenario withRecovererOn(int node) {
        callers.add(new Caller(node, Fingerprint.ofContent("12.50"), true));
        return this;
    }

    /** Adds a caller that says something else. */
    Scenario withAnotherRequestOn(int node) {
        callers.add(new Caller(node, Fingerprint.ofContent("99.00"), false));
        return this;
    }

    Scenario in(Transactions kind) {
        transactions = kind;
        return this;
    }

    /** The work is two steps: one that is told repetitions by its key, and then one that runs at most once. */
    Scenario inSteps() {
        steps = true;
        return this;
    }

    /** Like {@link #inSteps}, with steps that are undone if the work fails finally. */
    Scenario compensated() {
        compensated = true;
        return inSteps();
    }

    /** The store that is behind all nodes. */
    Scenario at(Supplier<ReferenceStore> model) {
        store = model;
        return this;
    }

    /** What stands between a node's engine and the store. */
    Scenario over(UnaryOperator<IdempotencyStore> way) {
        line = way;
        return this;
    }

    Scenario calling(Calling way) {
        calling = way;
        return this;
    }

    /** The calls are made without a thread. */
    Scenario async() {
        return calling(Scenario::callAsync);
    }

    private static String callAsync(
            IdempotencyEngine engine, Operation<String> operation, Fingerprint fingerprint, ModelCall work)
            throws Throwable {
        CompletableFuture<String> answer = engine.executeAsync(
                        operation, operation.key("4711"), fingerprint, new StageWork<>() {
                            @Override
                            public CompletionStage<String> begin(Execution execution) throws Throwable {
                                return CompletableFuture.completedFuture(work.run(execution));
                            }

                            @Override
                            public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
                                work.undo(execution, undo);
                            }

                            @Override
                            public @Nullable IdempotencyRecord recovers() {
                                return work.recovers();
                            }

                            @Override
                            public Reconciliation<String> reconcile(Execution execution) throws Throwable {
                                return work.reconcile(execution);
                            }
                        })
                .future();
        if (!answer.isDone()) {
            throw new Schedule.Stopped();
        }
        try {
            return answer.get();
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    /** An outcome that the store does not take at once is given up. */
    Scenario givingUpAtOnce() {
        completionTimeout = Duration.ZERO;
        return this;
    }

    /** How much may happen in one schedule, see {@link Schedule}. */
    Scenario deep(int costs) {
        depth = costs;
        return this;
    }

    /** How many nodes there are. */
    int nodes() {
        return callers.stream().mapToInt(Caller::node).max().orElse(0) + 1;
    }

    /** Whether what user code does stands at once, whatever becomes of the transaction that it is called in. */
    boolean hasEffectsOutside() {
        return transactions == Transactions.NONE || operation.hasEffectsOutside();
    }
}
