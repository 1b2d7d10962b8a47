package io.idempotent.spring.actuate;

import io.idempotent.spring.recovery.Recoverer.Prospect;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * What is known of a record. All times are the store's.
 *
 * @param operation the operation that its key names
 * @param scope the key's scope; empty where there is none
 * @param key the key's value
 * @param known whether this application declares the operation
 * @param store the store that has it
 * @param state {@code in-progress}, {@code abandoned}, {@code completed} or {@code released}
 * @param since when the record got into this state
 * @param age how long ago that was
 * @param firstClaimedAt when the key was first claimed
 * @param claimedAt when it was last claimed
 * @param takeovers how many claims took over from an owner that was lost
 * @param fencingToken the token to present when settling it
 * @param traceId the trace of the last claim; null if that was part of none
 * @param leaseEndsAt when the lease ends, or ended; null where there is none
 * @param retainedUntil until when the record counts; null while it is in progress
 * @param recovery what becomes of an abandoned record without its caller; null where nothing does
 * @param outcome what is recorded; null where nothing is, and in a list
 * @param steps the steps; null in a list
 * @param compensating whether the steps are being undone; null in a list
 */
public record RecordDescriptor(
        String operation,
        String scope,
        String key,
        boolean known,
        String store,
        String state,
        Instant since,
        Duration age,
        Instant firstClaimedAt,
        Instant claimedAt,
        int takeovers,
        long fencingToken,
        @Nullable String traceId,
        @Nullable Instant leaseEndsAt,
        @Nullable Instant retainedUntil,
        @Nullable RecoveryDescriptor recovery,
        @Nullable OutcomeDescriptor outcome,
        @Nullable List<StepDescriptor> steps,
        @Nullable Boolean compensating)
        implements OperationResponseBody {

    private static final String COMPENSATION = "compensate:";

    /**
     * What becomes of an abandoned record without its caller.
     *
     * @param recoverable whether what was asked for is kept, so that the execution can be finished
     * @param maxTakeovers how many take-overs the record may have
     * @param needsPerson why nobody finishes it but a person; null where that is not so
     */
    public record RecoveryDescriptor(
            boolean recoverable, int maxTakeovers, @Nullable String needsPerson) {

        private static @Nullable RecoveryDescriptor of(@Nullable Prospect prospect) {
            return prospect == null
                    ? null
                    : new RecoveryDescriptor(prospect.recoverable(), prospect.maxTakeovers(), prospect.needsPerson());
        }
    }

    /**
     * A step.
     *
     * @param name its name
     * @param state {@code recorded}, or {@code begun} where nobody knows whether it was done
     */
    public record StepDescriptor(String name, String state) {}

    /**
     * An outcome.
     *
     * @param kind {@code value}, {@code failure} or {@code not-replayable}
     * @param failure the type of a failure; null unless it may be shown
     * @param message the message of a failure; null unless it may be shown
     * @param value the value as JSON; null unless it may be shown
     * @param problem why it cannot be shown, or replayed; says nothing of what it is
     */
    public record OutcomeDescriptor(
            String kind,
            @Nullable String failure,
            @Nullable String message,
            @Nullable Object value,
            @Nullable String problem) {}

    static RecordDescriptor of(
            IdempotencyRecord record,
            boolean known,
            String store,
            @Nullable Prospect prospect,
            @Nullable OutcomeDescriptor outcome,
            @Nullable List<StepDescriptor> steps) {
        Instant leaseEndsAt = null;
        Instant retainedUntil = null;
        Instant since = record.claimedAt();
        String state = "in-progress";
        if (record.state() instanceof IdempotencyRecord.InProgress inProgress) {
            leaseEndsAt = inProgress.leaseEndsAt();
            if (record.isAbandoned()) {
                state = "abandoned";
                since = leaseEndsAt;
            }
        } else if (record.state() instanceof IdempotencyRecord.Completed completed) {
            state = "completed";
            since = completed.completedAt();
            retainedUntil = completed.retainedUntil();
        } else if (record.state() instanceof IdempotencyRecord.Released released) {
            state = "released";
            since = released.releasedAt();
            retainedUntil = released.retainedUntil();
        }
        return new RecordDescriptor(
                record.key().operation(),
                record.key().scope(),
                record.key().value(),
                known,
                store,
                state,
                since,
                Duration.between(since, record.observedAt()),
                record.firstClaimedAt(),
                record.claimedAt(),
                record.takeovers(),
                record.fencingToken(),
                record.traceId(),
                leaseEndsAt,
                retainedUntil,
                RecoveryDescriptor.of(prospect),
                outcome,
                steps,
                steps == null
                        ? null
                        : steps.stream().anyMatch(step -> step.name().startsWith(COMPENSATION)));
    }
}
