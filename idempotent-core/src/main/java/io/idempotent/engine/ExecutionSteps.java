package io.idempotent.engine;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeType;
import io.idempotent.store.RecordedStep;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The steps of one execution.
 *
 * <ol>
 *   <li>A step whose outcome is recorded, by this claim or an earlier one of the record, is answered by that outcome.
 *   <li>No step begins in a thread that must not block.
 *   <li>No step begins once the lease is lost or the operation has ended, or while a step of the same name runs.
 *   <li>A step that was begun and has no outcome is unknown. Its reconciler says that it was done, which is recorded as
 *       its outcome, or that it was not, and it runs. Otherwise it is refused.
 *   <li>The beginning of a step that runs at most once is recorded first. If that fails, the step does not begin.
 *   <li>What a step returned is recorded, repeated for a bounded time while the store fails. If the store fails to the
 *       end, the execution goes on, since the step is done, and remembers it. It is recorded once more when the
 *       operation has ended and its key is to be released. If that fails too, the key is abandoned instead.
 *   <li>A record that the store refuses means that the claim is lost.
 * </ol>
 *
 * <p>Where an operation runs unprotected there is no claim. Only its attempts remember its steps, and none runs that is
 * to run at most once.
 */
final class ExecutionSteps implements Execution.TrackedSteps {

    private final Execution execution;
    private final Settlement settlement;
    private final Outcomes outcomes;
    private final Listeners listeners;
    private final BooleanSupplier mustNotBlock;
    private final Map<String, RecordedStep> recorded = new ConcurrentHashMap<>();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final Set<String> seenInAttempt = ConcurrentHashMap.newKeySet();
    private final Set<String> running = ConcurrentHashMap.newKeySet();

    // Steps that were done, and that the store does not know of.
    private final Map<String, RecordedStep> unrecorded = new ConcurrentHashMap<>();

    // Outcomes that cannot be encoded, for later attempts of this execution.
    private final Map<String, Outcome.Value> unencodable = new ConcurrentHashMap<>();

    private volatile boolean inStore;

    ExecutionSteps(
            Execution execution,
            List<RecordedStep> earlier,
            Settlement settlement,
            Outcomes outcomes,
            Listeners listeners,
            BooleanSupplier mustNotBlock) {
        this.mustNotBlock = mustNotBlock;
        this.execution = execution;
        this.settlement = settlement;
        this.outcomes = outcomes;
        this.listeners = listeners;
        for (RecordedStep step : earlier) {
            recorded.put(step.name(), step);
        }
        this.inStore = !earlier.isEmpty();
    }

    @Override
    public void beginAttempt() {
        seenInAttempt.clear();
    }

    @Override
    public boolean areInStore() {
        return inStore;
    }

    @Override
    public boolean areInDoubt() {
        return !unrecorded.isEmpty() || recorded.values().stream().anyMatch(step -> step.outcome() == null);
    }

    @Override
    public void recordAgain(boolean mayPause) {
        for (RecordedStep step : List.copyOf(unrecorded.values())) {
            try {
                if (settlement.recordStep(execution, step, mayPause ? settlement.timeout() : 0)) {
                    unrecorded.remove(step.name());
                }
            } catch (IdempotencyStoreException toldAlready) {
                return;
            }
        }
    }

    @Override
    public Set<String> leftOver() {
        Set<String> names = new TreeSet<>(recorded.keySet());
        names.removeAll(seen);
        return names;
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X {
        return perform(name, null, work, false, null);
    }

    @Override
    public <X extends Throwable> void run(String name, Action<X> action) throws X {
        var unused = this.<@Nullable Void, X>perform(name, void.class, nothing(action), false, null);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Type type, Work<T, X> work) throws X {
        return perform(name, type, work, false, null);
    }

    @Override
    public AtMostOnce atMostOnce() {
        return new StepsAtMostOnce();
    }

    @Override
    public String keyFor(String name) {
        return execution.keyFor(name);
    }

    @Override
    public UUID uuid(String name) {
        return execution.uuid(name);
    }

    @Override
    public Instant firstClaimedAt() {
        return execution.firstClaimedAt();
    }

    /** Runs a step, or returns what it recorded. The type is null where the work has to tell it. */
    private <T extends @Nullable Object, X extends Throwable> T perform(
            String name,
            @Nullable Type type,
            Work<T, X> work,
            boolean atMostOnce,
            @Nullable Reconciler<? extends T> reconciler)
            throws X {
        RecordedStep.requireName(name);
        if (mustNotBlock.getAsBoolean()) {
            throw notBegun(
                    name,
                    "its thread '" + Thread.currentThread().getName()
                            + "' must not block, and a step waits for the store. Run it on a thread that may, such as"
                            + " one of Schedulers.boundedElastic()");
        }
        OutcomeType outcomeType = type(name, type, work);
        seen.add(name);
        if (!seenInAttempt.add(name)) {
            throw new IllegalStateException("Step '" + name + "' of idempotency key '" + execution.key()
                    + "' was run twice in one attempt; give each step a name of its own");
        }
        // A thread of an earlier attempt may still run it. It records its outcome before it ends, so look for that
        // afterwards.
        if (!running.add(name)) {
            throw notBegun(name, "it is running on another thread");
        }
        try {
            RecordedStep earlier = recorded.get(name);
            if (earlier != null && earlier.outcome() != null) {
                T value = value(outcomeType, name, earlier.outcome());
                listeners.tell(listener -> listener.stepReplayed(execution, name));
                return value;
            }
            if (execution.isOver()) {
                throw notBegun(name, "its operation has ended");
            }
            return begin(name, outcomeType, work, atMostOnce, reconciler, earlier);
        } finally {
            running.remove(name);
        }
    }

    private IllegalStateException notBegun(String name, String why) {
        return new IllegalStateException(
                "Step '" + name + "' of idempotency key '" + execution.key() + "' was not begun: " + why);
    }

    private <T extends @Nullable Object, X extends Throwable> T begin(
            String name,
            OutcomeType outcomeType,
            Work<T, X> work,
            boolean atMostOnce,
            @Nullable Reconciler<? extends T> reconciler,
            @Nullable RecordedStep earlier)
            throws X {
        requireLease(name);
        if (earlier != null) {
            Reconciliation<? extends T> found = reconcile(name, reconciler);
            if (found instanceof Reconciliation.Completed<? extends T> completed) {
                T value = completed.value();
                record(name, outcomeType, value, Duration.ZERO);
                return value;
            }
        } else if (atMostOnce) {
            recordBegin(new RecordedStep(name, null));
        }
        // Asked again, since finding out and recording may have taken long.
        requireLease(name);
        long since = execution.age();
        T value = work.run();
        record(name, outcomeType, value, Duration.ofNanos(execution.age() - since));
        return value;
    }

    private OutcomeType type(String name, @Nullable Type type, Work<?, ?> work) {
        if (!outcomes.encodes()) {
            // What is kept by reference needs no type.
            return OutcomeType.of(Object.class);
        }
        return outcomes.ofValues(type != null ? type : StepTypes.of(name, work));
    }

    /** Returns what the step's reconciler found out. Refuses the step if that is nothing. */
    private <T extends @Nullable Object> Reconciliation<? extends T> reconcile(
            String name, @Nullable Reconciler<? extends T> reconciler) {
        Throwable cause = null;
        if (reconciler != null) {
            try {
                Reconciliation<? extends T> found = reconciler.reconcile();
                if (found != null && !(found instanceof Reconciliation.Unknown)) {
                    return found;
                }
            } catch (Exception failure) {
                if (failure instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                cause = failure;
            }
        }
        throw new IdempotencyOutcomeUnknownException(
                execution.key(), execution.fencingToken(), execution.firstClaimedAt(), name, reconciler != null, cause);
    }

    private void requireLease(String name) {
        if (execution.leaseLost()) {
            throw lost(name, "was not begun");
        }
    }

    private void recordBegin(RecordedStep begun) {
        if (!execution.isLeased()) {
            throw new IdempotencyStoreException(
                    "Step '" + begun.name() + "' of idempotency key '" + execution.key()
                            + "' runs at most once and was not begun: its operation runs unprotected, since the store"
                            + " failed, and so nothing can be recorded",
                    execution.key(),
                    new IllegalStateException("The operation runs unprotected"),
                    false);
        }
        inStore = true;
        if (!settlement.recordStep(execution, begun)) {
            throw lost(begun.name(), "was not begun");
        }
        recorded.put(begun.name(), begun);
    }

    private <T extends @Nullable Object> void record(String name, OutcomeType type, T value, Duration took) {
        Outcome.Value outcome = new Outcome.Value(value);
        RecordedStep done = new RecordedStep(name, outcomes.encode(type, execution, outcome));
        if (done.outcome() instanceof RecordedOutcome.NotReplayable notReplayable) {
            unencodable.put(name, outcome);
            listeners.tell(listener ->
                    listener.notReplayable(execution, "that of step '" + name + "': " + notReplayable.reason()));
        }
        if (execution.isLeased()) {
            inStore = true;
            boolean held;
            try {
                held = settlement.recordStep(execution, done);
            } catch (IdempotencyStoreException failure) {
                unrecorded.put(name, done);
                recorded.put(name, done);
                listeners.tell(listener -> listener.stepNotRecorded(execution, name, failure));
                return;
            }
            if (!held) {
                throw lost(name, "was done, and its outcome was not recorded");
            }
        }
        recorded.put(name, done);
        listeners.tell(listener -> listener.stepRecorded(execution, name, took));
    }

    // The codec decodes to the type that the caller, or the compiler, vouched to be T, null included.
    @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
    private <T extends @Nullable Object> T value(OutcomeType type, String name, RecordedOutcome outcome) {
        Outcome.Value kept = unencodable.get(name);
        return (T) (kept != null ? kept : (Outcome.Value) outcomes.decodedStep(type, execution.key(), name, outcome))
                .value();
    }

    private IdempotencyClaimLostException lost(String name, String what) {
        return new IdempotencyClaimLostException(
                execution.key(), execution.fencingToken(), "step '" + name + "' " + what);
    }

    // The type argument says @Nullable, which NullAway does not read on javac 17.
    @SuppressWarnings("NullAway")
    private static <X extends Throwable> Work<@Nullable Void, X> nothing(Action<X> action) {
        return () -> {
            action.run();
            return null;
        };
    }

    /** The steps whose beginning is recorded first. */
    private final class StepsAtMostOnce implements AtMostOnce {

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X {
            return perform(name, null, work, true, null);
        }

        @Override
        public <X extends Throwable> void run(String name, Action<X> action) throws X {
            var unused = ExecutionSteps.this.<@Nullable Void, X>perform(name, void.class, nothing(action), true, null);
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name, Work<T, X> work, Reconciler<? extends T> reconciler) throws X {
            return perform(name, null, work, true, reconciler);
        }

        // The type argument says @Nullable, which NullAway does not read on javac 17.
        @SuppressWarnings("NullAway")
        @Override
        public <X extends Throwable> void run(String name, Action<X> action, Reconciler<?> reconciler) throws X {
            Reconciler<@Nullable Void> withoutValue = () -> {
                Reconciliation<?> found = reconciler.reconcile();
                if (found instanceof Reconciliation.Completed) {
                    return Reconciliation.completed(null);
                }
                return found instanceof Reconciliation.NotDone ? Reconciliation.notDone() : Reconciliation.unknown();
            };
            var unused = ExecutionSteps.this.<@Nullable Void, X>perform(
                    name, void.class, nothing(action), true, withoutValue);
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name, Type type, Work<T, X> work, Reconciler<? extends T> reconciler) throws X {
            return perform(name, type, work, true, reconciler);
        }
    }
}
