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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
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
 *   <li>Where the execution is recovered, no step begins that is not recorded while steps of earlier claims have not
 *       been asked for: they may have got other names.
 *   <li>A step that declares how it is undone is known to {@link Compensations} whether it runs or is recorded. Once
 *       the execution goes backward, no step begins.
 * </ol>
 *
 * <p>Where an operation runs unprotected there is no claim. Only its attempts remember its steps, and none runs that is
 * to run at most once.
 */
final class ExecutionSteps implements Execution.TrackedSteps {

    /** How the names begin of steps that undo others. Alone it names the step that begins the undoing. */
    static final String COMPENSATE = "compensate:";

    private static final OutcomeType NOTHING = OutcomeType.of(void.class);

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

    // What each step that declares it, by name, is undone by; the last one that was asked for last.
    private final Map<String, Undo> undos = new LinkedHashMap<>();

    private final Set<String> earlier;
    private final boolean backward;

    // Set once no step may begin any more, since those that were done are undone.
    private volatile boolean undoing;

    private volatile boolean inStore;

    /** Prepares to undo a step. */
    @FunctionalInterface
    interface Undo {

        /**
         * Finds out whether the step was done, and what it returned.
         *
         * @return undoes it; null if it was not done
         */
        @Nullable
        Action<? extends Exception> prepare();
    }

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
        this.earlier = namesOf(recorded);
        this.backward = recorded.containsKey(COMPENSATE);
    }

    private static Set<String> namesOf(Map<String, RecordedStep> recorded) {
        return recorded.keySet().stream()
                .filter(name -> !name.startsWith(COMPENSATE))
                .collect(Collectors.toUnmodifiableSet());
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
        return !unrecorded.isEmpty()
                || recorded.containsKey(COMPENSATE)
                || recorded.values().stream()
                        .anyMatch(step -> step.outcome() == null && !step.name().startsWith(COMPENSATE));
    }

    @Override
    public boolean areBackward() {
        return backward;
    }

    @Override
    public boolean areToBeUndone(boolean isFinal) {
        return new Compensations(execution, this, outcomes, listeners).areNeeded(isFinal);
    }

    @Override
    public Throwable undo(Throwable failure, Execution.Undoing undoing) {
        return new Compensations(execution, this, outcomes, listeners).compensate(failure, undoing);
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
        Set<String> names = new TreeSet<>(earlier);
        names.removeAll(seen);
        return names;
    }

    // What Compensations needs, in the one thread that undoes.

    /** Lets no further step begin, but those that undo. Returns the names of steps that still run in other threads. */
    Set<String> stop() {
        undoing = true;
        return Set.copyOf(running);
    }

    /** Returns what is recorded of a step; null if nothing is. */
    @Nullable
    RecordedStep find(String name) {
        return recorded.get(name);
    }

    /** Returns the names of recorded steps that are not undoing others. */
    Set<String> recordedNames() {
        return namesOf(recorded);
    }

    /** Tells whether this execution asked for a step. */
    boolean isSeen(String name) {
        return seen.contains(name);
    }

    /** Returns what undoes each step that declares it; the step that was asked for last comes last. */
    Map<String, Undo> undos() {
        synchronized (undos) {
            return new LinkedHashMap<>(undos);
        }
    }

    /** Records what begins or names the undoing, if there is a store to record it. */
    void note(String name, @Nullable RecordedOutcome outcome) {
        RecordedStep step = new RecordedStep(name, outcome);
        if (execution.isLeased()) {
            requireLease(name);
            inStore = true;
            if (!settlement.recordStep(execution, step)) {
                throw lost(name, "was not begun");
            }
        }
        recorded.put(name, step);
    }

    /** Runs an undo as a step. */
    // The type argument says @Nullable, which NullAway does not read on javac 17.
    @SuppressWarnings("NullAway")
    void runUndo(String name, Action<?> undo) throws Throwable {
        requireLease(name);
        long since = execution.age();
        undo.run();
        record(name, NOTHING, null, Duration.ofNanos(execution.age() - since));
    }

    /** Returns the names of steps that were done, and that the store does not know of. */
    Set<String> unrecorded() {
        return new TreeSet<>(unrecorded.keySet());
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X {
        return perform(name, null, work, false, null, null);
    }

    @Override
    public <X extends Throwable> void run(String name, Action<X> action) throws X {
        var unused = this.<@Nullable Void, X>perform(name, void.class, nothing(action), false, null, null);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(String name, Type type, Work<T, X> work) throws X {
        return perform(name, type, work, false, null, null);
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(
            String name, Work<T, X> work, Compensation<? super T> compensation) throws X {
        return perform(name, null, work, false, null, compensation);
    }

    @Override
    public <X extends Throwable> void run(String name, Action<X> action, Action<? extends Exception> undo) throws X {
        var unused = this.<@Nullable Void, X>perform(
                name, void.class, nothing(action), false, null, nothingToTell -> undo.run());
    }

    @Override
    public <T extends @Nullable Object, X extends Throwable> T run(
            String name, Type type, Work<T, X> work, Compensation<? super T> compensation) throws X {
        return perform(name, type, work, false, null, compensation);
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
            @Nullable Reconciler<? extends T> reconciler,
            @Nullable Compensation<? super T> compensation)
            throws X {
        RecordedStep.requireName(name);
        if (name.startsWith(COMPENSATE) || (compensation != null && name.startsWith(":"))) {
            throw new IllegalArgumentException("'" + name + "' cannot name a step: names that begin with '" + COMPENSATE
                    + "', and of a step with a compensation those that begin with a colon, are for undoing");
        }
        if (mustNotBlock.getAsBoolean()) {
            throw notBegun(
                    name,
                    "its thread '" + Thread.currentThread().getName()
                            + "' must not block, and a step waits for the store. Run it on a thread that may, such as"
                            + " one of Schedulers.boundedElastic()");
        }
        OutcomeType outcomeType = type(name, type, work);
        if (compensation != null) {
            RecordedStep.requireName(COMPENSATE + name);
            declare(name, () -> undoOf(name, outcomeType, reconciler, compensation));
        }
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
            requireForward(name);
            if (earlier == null) {
                requireAllAskedFor(name);
            }
            return begin(name, outcomeType, work, atMostOnce, reconciler, earlier);
        } finally {
            running.remove(name);
        }
    }

    private void declare(String name, Undo undo) {
        if (!execution.isUndoable()) {
            throw notBegun(
                    name,
                    "it declares how it is undone, and whoever ends its execution undoes nothing. Undo it in the"
                            + " operation itself");
        }
        synchronized (undos) {
            if (!recorded.containsKey(name)) {
                undos.remove(name);
            }
            // What was done before keeps its place: the order of undoing is the reverse of doing.
            undos.put(name, undo);
        }
    }

    /** Finds out whether a step was done, and how it is undone then; null if it was not done. */
    private <T extends @Nullable Object> @Nullable Action<? extends Exception> undoOf(
            String name,
            OutcomeType type,
            @Nullable Reconciler<? extends T> reconciler,
            Compensation<? super T> compensation) {
        RecordedStep step = recorded.get(name);
        if (step == null) {
            return null;
        }
        if (step.outcome() != null) {
            T value = value(type, name, step.outcome());
            return () -> compensation.compensate(value);
        }
        requireLease(name);
        Reconciliation<? extends T> found = reconcile(name, reconciler);
        if (!(found instanceof Reconciliation.Completed<? extends T> completed)) {
            return null;
        }
        T value = completed.value();
        record(name, type, value, Duration.ZERO);
        return () -> compensation.compensate(value);
    }

    private void requireForward(String name) {
        if (undoing) {
            throw notBegun(name, "the steps of its operation are being undone");
        }
        if (backward) {
            throw new Backward(execution.key());
        }
    }

    /** Begins nothing in a recovered execution that may have been done under another name. */
    private void requireAllAskedFor(String name) {
        Set<String> names = execution.recovered() ? leftOver() : Set.of();
        if (!names.isEmpty()) {
            listeners.tell(listener -> listener.stepsLeftOver(execution, names));
            throw new IdempotencyOutcomeUnknownException(
                    execution.key(), execution.fencingToken(), execution.firstClaimedAt(), name, names);
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

    // The type argument says @Nullable, which NullAway does not read on javac 17.
    @SuppressWarnings("NullAway")
    private static Reconciler<@Nullable Void> withoutValue(Reconciler<?> reconciler) {
        return () -> {
            Reconciliation<?> found = reconciler.reconcile();
            if (found instanceof Reconciliation.Completed) {
                return Reconciliation.completed(null);
            }
            return found instanceof Reconciliation.NotDone ? Reconciliation.notDone() : Reconciliation.unknown();
        };
    }

    /** The steps whose beginning is recorded first. */
    private final class StepsAtMostOnce implements AtMostOnce {

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X {
            return perform(name, null, work, true, null, null);
        }

        @Override
        public <X extends Throwable> void run(String name, Action<X> action) throws X {
            var unused =
                    ExecutionSteps.this.<@Nullable Void, X>perform(name, void.class, nothing(action), true, null, null);
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name, Work<T, X> work, Reconciler<? extends T> reconciler) throws X {
            return perform(name, null, work, true, reconciler, null);
        }

        @Override
        public <X extends Throwable> void run(String name, Action<X> action, Reconciler<?> reconciler) throws X {
            var unused = ExecutionSteps.this.<@Nullable Void, X>perform(
                    name, void.class, nothing(action), true, withoutValue(reconciler), null);
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name, Type type, Work<T, X> work, Reconciler<? extends T> reconciler) throws X {
            return perform(name, type, work, true, reconciler, null);
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name, Work<T, X> work, Reconciler<? extends T> reconciler, Compensation<? super T> compensation)
                throws X {
            return perform(name, null, work, true, reconciler, compensation);
        }

        @Override
        public <X extends Throwable> void run(
                String name, Action<X> action, Reconciler<?> reconciler, Action<? extends Exception> undo) throws X {
            var unused = ExecutionSteps.this.<@Nullable Void, X>perform(
                    name, void.class, nothing(action), true, withoutValue(reconciler), nothingToTell -> undo.run());
        }

        @Override
        public <T extends @Nullable Object, X extends Throwable> T run(
                String name,
                Type type,
                Work<T, X> work,
                Reconciler<? extends T> reconciler,
                Compensation<? super T> compensation)
                throws X {
            return perform(name, type, work, true, reconciler, compensation);
        }
    }
}
