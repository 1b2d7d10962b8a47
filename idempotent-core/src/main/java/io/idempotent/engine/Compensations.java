package io.idempotent.engine;

import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.Steps;
import io.idempotent.store.RecordedStep;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Undoes the recorded steps of an execution that failed for good, in the thread of its driver, before the failure is
 * recorded.
 *
 * <ol>
 *   <li>It is needed if a step that declares a compensation is recorded or was begun. It is also needed if the failure
 *       is recorded in any case, the operation or one of its steps declares that something is undone, and the execution
 *       did not ask for steps that earlier claims recorded.
 *   <li>No further step of the operation begins. If one still runs in another thread, or the store does not know of one
 *       that was done, nothing is undone.
 *   <li>Each step that is to be undone gets a record that its undo begins, {@code compensate:} and its name, without an
 *       outcome. One that was not asked for may declare a compensation, and gets the record {@code compensate::} and
 *       its name.
 *   <li>The failure is recorded as the step {@code compensate:}. From now on every claim of the record goes backward:
 *       its operation is run again only so that its steps declare their compensations, and whatever it returns or
 *       throws, the recorded failure counts. Only such a claim begins with the next rule.
 *   <li>A step that is to be undone and that nobody asked for, or whose compensation nobody declares any more, cannot
 *       be undone: nothing is.
 *   <li>The steps are undone one by one, the one that was done last first, unless their undo is recorded. A step
 *       that is unknown is asked for by its reconciler: one that was not done is skipped. What undoes a step may be
 *       repeated by the work, and is then recorded as done.
 *   <li>If all are undone, the failure is recorded as the operation's; as not replayable if it was recorded by an
 *       earlier claim and cannot be read. If anything fails on the way, the key is abandoned with what is recorded.
 * </ol>
 */
final class Compensations {

    private final Execution execution;
    private final ExecutionSteps steps;
    private final Outcomes outcomes;
    private final Listeners listeners;

    Compensations(Execution execution, ExecutionSteps steps, Outcomes outcomes, Listeners listeners) {
        this.execution = execution;
        this.steps = steps;
        this.outcomes = outcomes;
        this.listeners = listeners;
    }

    private static String undoOf(String step) {
        return ExecutionSteps.COMPENSATE + step;
    }

    /** The name of what notes that a step may declare a compensation. No step that does begins with a colon. */
    private static String possibleUndoOf(String step) {
        return ExecutionSteps.COMPENSATE + ':' + step;
    }

    /**
     * Tells whether there is something to undo.
     *
     * @param isFinal whether the failure is recorded in any case
     */
    boolean areNeeded(boolean isFinal) {
        Set<String> declared = steps.undos().keySet();
        return declared.stream().anyMatch(name -> steps.find(name) != null)
                || (isFinal
                        && (!declared.isEmpty() || execution.operation().isCompensated())
                        && !steps.leftOver().isEmpty());
    }

    /**
     * Undoes the steps, and tells the execution what became of that.
     *
     * @param thrown what the operation threw
     * @return the failure that counts, with what failed meanwhile
     */
    Throwable compensate(Throwable thrown, Execution.Undoing undoing) {
        RecordedStep begun = steps.find(ExecutionSteps.COMPENSATE);
        Throwable failure = thrown;
        String unreadable = null;
        if (begun != null && begun.outcome() != null) {
            try {
                failure = recorded(begun.outcome());
            } catch (IdempotencyOutcomeException problem) {
                failure = problem;
                unreadable = problem.problem();
            }
        }
        Throwable counts = failure;
        listeners.tell(listener -> listener.compensating(execution, counts));
        Progress progress = new Progress();
        try {
            stop();
            if (begun == null) {
                begin(failure);
            }
            undoAll(progress, undoing);
        } catch (Throwable problem) {
            if (problem instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            if (begun != null && thrown != problem && !(thrown instanceof Backward)) {
                // Why it did not come so far as to declare how its steps are undone.
                problem.addSuppressed(thrown);
            }
            String step = progress.step;
            listeners.tell(listener -> listener.compensationFailed(execution, step, problem));
            if (problem != failure) {
                failure.addSuppressed(problem);
            }
            execution.compensated(new Execution.Compensated(failure, false, unreadable));
            return failure;
        }
        execution.compensated(new Execution.Compensated(failure, true, unreadable));
        return failure;
    }

    /** How far it came. */
    private static final class Progress {

        private @Nullable String step;
    }

    private Throwable recorded(RecordedOutcome outcome) {
        Outcome decoded =
                outcomes.decodedStep(execution.operation().type(), execution.key(), ExecutionSteps.COMPENSATE, outcome);
        return ((Outcome.Failure) decoded).cause();
    }

    private void stop() {
        Set<String> running = steps.stop();
        if (!running.isEmpty()) {
            throw impossible("the steps " + new TreeSet<>(running)
                    + " still run in other threads. Wait for them in the operation");
        }
    }

    private void begin(Throwable failure) {
        execution.recordStepsAgain(true);
        if (!steps.unrecorded().isEmpty()) {
            throw impossible("the store does not know yet that the steps " + steps.unrecorded()
                    + " were done. Repeat the call later");
        }
        Set<String> toUndo = new TreeSet<>(steps.undos().keySet());
        toUndo.retainAll(steps.recordedNames());
        toUndo.forEach(step -> note(undoOf(step)));
        steps.leftOver().forEach(step -> note(possibleUndoOf(step)));
        steps.note(ExecutionSteps.COMPENSATE, outcomes.encode(execution, new Outcome.Failure(failure)));
    }

    private void undoAll(Progress progress, Execution.Undoing undoing) throws Throwable {
        Set<String> unknown = new TreeSet<>();
        for (String step : steps.recordedNames()) {
            boolean isMissing = isDeclared(step) ? !steps.undos().containsKey(step) : !steps.isSeen(step);
            if (isMissing && isToBeUndone(step)) {
                unknown.add(step);
            }
        }
        if (!unknown.isEmpty()) {
            progress.step = unknown.iterator().next();
            throw impossible("the operation did not say how the recorded steps " + unknown
                    + " are undone, because it did not ask for them or they declare no compensation. Bring that back"
                    + " and repeat the call, or undo them by hand and resolve the record");
        }
        List<Map.Entry<String, ExecutionSteps.Undo>> lastFirst =
                new ArrayList<>(steps.undos().entrySet());
        Collections.reverse(lastFirst);
        for (Map.Entry<String, ExecutionSteps.Undo> declared : lastFirst) {
            String step = declared.getKey();
            if (!isToBeUndone(step)) {
                continue;
            }
            progress.step = step;
            Steps.Action<? extends Exception> undo = declared.getValue().prepare();
            if (undo != null) {
                steps.runUndo(undoOf(step), () -> undoing.undo(execution, undo));
            }
        }
    }

    private IdempotencyOutcomeUnknownException impossible(String problem) {
        return new IdempotencyOutcomeUnknownException(
                execution.key(), execution.fencingToken(), execution.firstClaimedAt(), problem);
    }

    private void note(String undo) {
        if (steps.find(undo) == null) {
            steps.note(undo, null);
        }
    }

    /** Tells whether a step declared a compensation when undoing began. */
    private boolean isDeclared(String step) {
        return steps.find(undoOf(step)) != null;
    }

    private boolean isToBeUndone(String step) {
        RecordedStep undo = steps.find(undoOf(step));
        return undo == null ? steps.find(possibleUndoOf(step)) != null : undo.outcome() == null;
    }
}
