package io.idempotent.spring.operation;

import static io.idempotent.spring.operation.EventLog.Level.DEBUG;
import static io.idempotent.spring.operation.EventLog.Level.ERROR;
import static io.idempotent.spring.operation.EventLog.Level.INFO;
import static io.idempotent.spring.operation.EventLog.Level.WARN;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RedactedException;
import io.idempotent.engine.Execution;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.ManualResolution;
import io.idempotent.spring.operation.EventLog.Level;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says in the log what an operator has to know, and what a developer wants to see at level debug. Each line has the
 * operation and the key's value as pairs beside its message; a line of an execution has its attempt, take-overs and
 * fencing token, too.
 */
final class LoggingListener implements IdempotencyListener {

    private static final EventLog LOG = EventLog.of("io.idempotent");

    private static void log(
            Level level,
            IdempotencyContext context,
            String message,
            @Nullable Throwable failure,
            Map<String, String> more) {
        Map<String, Object> pairs = pairs(context.key());
        pairs.put("idempotency.attempt", context.attempt());
        pairs.put("idempotency.takeovers", context.takeovers());
        pairs.put("idempotency.fencing.token", context.fencingToken());
        pairs.putAll(more);
        LOG.log(level, message, failure, pairs);
    }

    private static void log(Level level, IdempotencyContext context, String message) {
        log(level, context, message, null, Map.of());
    }

    private static Map<String, Object> pairs(IdempotencyKey key) {
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put(KeyInLog.OPERATION, key.operation());
        pairs.put(KeyInLog.KEY, key.value());
        return pairs;
    }

    @Override
    public void claimed(IdempotencyContext context) {
        if (context.takeovers() > 0) {
            log(
                    WARN,
                    context,
                    "Idempotency key '" + context.key() + "' was taken over (take-over " + context.takeovers()
                            + ", fencing token " + context.fencingToken()
                            + "): its last owner died, hangs or gave up, and recorded no outcome");
        }
    }

    @Override
    public void reconciled(IdempotencyContext context, Reconciliation<?> found) {
        log(
                INFO,
                context,
                "Idempotency key '" + context.key() + "' was reconciled: "
                        + (found instanceof Reconciliation.Completed
                                ? "its operation was done before"
                                : found instanceof Reconciliation.NotDone
                                        ? "its operation was not done, and runs now"
                                        : "nobody can tell whether its operation was done"));
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        if (LOG.isDebugEnabled()) {
            log(
                    DEBUG,
                    context,
                    "Idempotency key '" + context.key() + "' was completed after " + took.toMillis() + " ms and "
                            + context.attempt() + " attempts");
        }
    }

    @Override
    public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
        if (LOG.isDebugEnabled()) {
            log(
                    DEBUG,
                    context,
                    "Idempotency key '" + context.key() + "' was released after " + took.toMillis() + " ms and "
                            + context.attempt() + " attempts: "
                            + (failure == null
                                    ? "its result is not to be recorded, or its transaction was rolled back"
                                    : failure.getClass().getName()));
        }
    }

    @Override
    public void abandoned(IdempotencyContext context) {
        log(
                WARN,
                context,
                "Idempotency key '" + context.key() + "' with fencing token " + context.fencingToken()
                        + " was abandoned: it is not known whether what its operation did stands; what the"
                        + " next call does is for the operation's when-abandoned to say");
    }

    @Override
    public void stepNotRecorded(IdempotencyContext context, String step, IdempotencyStoreException failure) {
        log(
                ERROR,
                context,
                "Step '" + step + "' of idempotency key '" + context.key()
                        + "' has run, but the store could not be told: if this process dies now, the step runs"
                        + " again, or is unknown if it runs at most once",
                failure,
                Map.of("idempotency.step", step));
    }

    @Override
    public void compensating(IdempotencyContext context, Throwable failure) {
        log(
                WARN,
                context,
                "The operation of idempotency key '" + context.key() + "' failed for good with "
                        + failure.getClass().getName() + ", and its recorded steps are undone");
    }

    @Override
    public void compensationFailed(IdempotencyContext context, @Nullable String step, Throwable failure) {
        log(
                ERROR,
                context,
                "The steps of idempotency key '" + context.key() + "' were not all undone"
                        + (step == null ? "" : ", since step '" + step + "' could not be")
                        + ": the key is abandoned, and its next execution undoes the rest; if that does not help,"
                        + " undo them by hand and resolve the record",
                // What undoes a step is not ours, and its message may show what was asked for.
                failure instanceof IdempotencyException ? failure : RedactedException.of(failure),
                step == null ? Map.of() : Map.of("idempotency.step", step));
    }

    @Override
    public void stepsLeftOver(IdempotencyContext context, Set<String> steps) {
        log(
                WARN,
                context,
                "The operation of idempotency key '" + context.key() + "' did not ask for the steps "
                        + steps
                        + ", which an earlier execution recorded: fine if they are conditional, or part of a step"
                        + " that was not run again; if they were renamed, they were done again under another name,"
                        + " unless the"
                        + " execution is recovered, which is refused then");
    }

    @Override
    public void leftForPerson(IdempotencyKey key, int takeovers, String reason) {
        Map<String, Object> pairs = pairs(key);
        pairs.put("idempotency.takeovers", takeovers);
        LOG.log(
                ERROR,
                "Idempotency key '" + key + "' is abandoned, and is not recovered any more: " + reason
                        + ". Find out what became of its operation, and settle the record by the endpoint"
                        + " 'idempotency' or the bean IdempotencyRecords; or recover it by hand when the cause is"
                        + " mended",
                null,
                pairs);
    }

    @Override
    public void contradicted(IdempotencyKey key, String difference) {
        LOG.log(
                ERROR,
                "What is recorded for idempotency key '" + key + "' is not what its verifier found outside: "
                        + difference + ". Nothing was changed; find out which is right",
                null,
                pairs(key));
    }

    @Override
    public void resolved(IdempotencyKey key, ManualResolution resolution) {
        Map<String, Object> pairs = pairs(key);
        pairs.put("idempotency.fencing.token", resolution.fencingToken());
        LOG.log(
                WARN,
                "Idempotency key '" + key + "' with fencing token " + resolution.fencingToken() + " was "
                        + resolution.act().name().toLowerCase(Locale.ROOT) + " by " + resolution.who() + ": "
                        + resolution.why(),
                null,
                pairs);
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        if (LOG.isDebugEnabled()) {
            Map<String, Object> pairs = pairs(key);
            if (traceId != null) {
                pairs.put("idempotency.first.trace.id", traceId);
            }
            LOG.log(
                    DEBUG,
                    "Idempotency key '" + key + "' was answered by its recorded outcome"
                            + (traceId == null ? "" : ", made in trace " + traceId),
                    null,
                    pairs);
        }
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        if (LOG.isDebugEnabled()) {
            LOG.log(DEBUG, String.valueOf(refusal.getMessage()), null, pairs(key));
        }
    }

    @Override
    public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
        LOG.log(
                WARN,
                "Idempotency key '" + key + "' could not be claimed, and the operation runs unprotected, as configured",
                failure,
                pairs(key));
    }

    @Override
    public void leaseLost(IdempotencyContext context) {
        log(
                WARN,
                context,
                "The lease of idempotency key '" + context.key() + "' with fencing token " + context.fencingToken()
                        + " is lost while its operation runs: another caller may run it too; no further attempt is"
                        + " begun"
                        + (context instanceof Execution execution && execution.isUnknownToStore()
                                ? ". The store did not know the claim, though nobody can have taken it over yet: its"
                                        + " record was deleted or lost, or the store leads each thread to a database"
                                        + " of its own, and renewals ask another one than claims; give it one that is"
                                        + " the same for all threads"
                                : ""));
    }

    @Override
    public void renewalFailed(int claims, IdempotencyStoreException failure) {
        LOG.log(
                WARN,
                "The leases of " + claims + " running operations could not be renewed; it is tried again",
                failure,
                Map.of());
    }

    @Override
    public void completionFailed(IdempotencyContext context, IdempotencyStoreException failure) {
        log(
                ERROR,
                context,
                "The operation of idempotency key '" + context.key()
                        + "' has run, but the store could not be told: its key is found abandoned when the lease"
                        + " is over, and a later call does what its when-abandoned says. If it is atomic, it is not"
                        + " known whether it has committed, and a later call finds out",
                failure,
                Map.of());
    }

    @Override
    public void notReplayable(IdempotencyContext context, String reason) {
        log(
                WARN,
                context,
                "The operation of idempotency key '" + context.key()
                        + "' is recorded as done, but its outcome cannot be replayed: " + reason);
    }
}
