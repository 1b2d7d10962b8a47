package io.idempotent.spring.recovery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.engine.ManualResolution;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.util.List;
import java.util.Objects;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Finishes single abandoned executions without their callers, and knows which of them need a person. Inject it to
 * finish one by hand. Safe for use by many threads.
 */
public final class Recoverer {

    private static final Log LOG = LogFactory.getLog(Recoverer.class);

    private static final int REMEMBERED = 10_000;

    private final OperationRegistry operations;

    // What was told, so that it is told once. The oldest are forgotten, and told again.
    private final Cache<Seen, String> leftForPerson =
            Caffeine.newBuilder().maximumSize(REMEMBERED).build();

    private final Cache<Seen, Integer> unclaimed =
            Caffeine.newBuilder().maximumSize(REMEMBERED).build();

    Recoverer(OperationRegistry operations) {
        this.operations = operations;
    }

    /**
     * What can become of an abandoned record without its caller.
     *
     * @param recoverable whether what was asked for is kept, so that the execution can be finished
     * @param maxTakeovers how many take-overs the record may have
     * @param needsPerson why it is left for a person; null if it is not
     */
    public record Prospect(
            boolean recoverable, int maxTakeovers, @Nullable String needsPerson) {}

    /**
     * Tells what can become of a record without its caller.
     *
     * @param record the record, as it was seen
     * @return null if it is not abandoned, or its operation is not recovered here
     * @throws IdempotencyStoreException if the store could not be asked
     */
    public @Nullable Prospect prospect(IdempotencyRecord record) {
        Recoverable operation = record.isAbandoned() ? find(record.key().operation()) : null;
        if (operation == null) {
            return null;
        }
        boolean kept = operation.records().findRequest(record.key(), record.fencingToken()) != null;
        String told = leftForPerson.getIfPresent(Seen.of(record));
        return new Prospect(
                kept,
                operation.recovery().maxTakeovers(),
                told == null && kept ? beyondLimit(operation, record) : told);
    }

    /**
     * Finishes one abandoned execution now, as a person asks: however long ago it was abandoned, and however many
     * take-overs its record had. Waits for its end.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @param who who asks; not blank
     * @param why the reason; not blank
     * @return what became of it; {@code TAKEN} too if the record is not abandoned, or another by now
     * @throws IllegalArgumentException if the operation is not recovered here, nothing of what was asked for is kept,
     *     or who and why are not each said in one line
     * @throws UnreadableRequestException if what was asked for cannot be read any more
     * @throws IdempotencyStoreException if the store failed
     */
    public Recovery.Result recoverNow(IdempotencyKey key, long fencingToken, String who, String why) {
        ManualResolution.requireSaid(who, why);
        Recoverable operation = find(key.operation());
        if (operation == null) {
            throw new IllegalArgumentException("The operation '" + key.operation()
                    + "' is not recovered here; declare it with recover, or settle the record by hand");
        }
        IdempotencyRecord record = operation.engine().store().find(key);
        if (record == null || record.fencingToken() != fencingToken || !record.isAbandoned()) {
            return Recovery.Result.TAKEN;
        }
        RecordedRequest request = operation.records().findRequest(key, fencingToken);
        if (request == null) {
            throw new IllegalArgumentException("Nothing of what the call for '" + key
                    + "' asked for is kept, so that it cannot be finished without its caller; call it again, or settle"
                    + " the record by hand");
        }
        LOG.warn("Idempotency key '" + key + "' with fencing token " + fencingToken + " is recovered now, as " + who
                + " asks: " + why);
        return recover(operation, record, request);
    }

    /** Returns the operations that are recovered. */
    List<Recoverable> operations() {
        return operations.operations().stream()
                .map(Recoverable::of)
                .filter(Objects::nonNull)
                .toList();
    }

    /** Finishes an abandoned execution, or leaves it for a person. */
    void recover(Recoverable operation, IdempotencyRecord record) {
        String reason = beyondLimit(operation, record);
        if (reason != null) {
            leave(operation, record, reason);
            return;
        }
        if (leftForPerson.getIfPresent(Seen.of(record)) != null) {
            return;
        }
        RecordedRequest request = operation.records().findRequest(record.key(), record.fencingToken());
        if (request != null) {
            try {
                recover(operation, record, request);
            } catch (UnreadableRequestException told) {
                LOG.debug("What was asked for '" + record.key() + "' cannot be read", told);
            }
        }
    }

    private Recovery.Result recover(Recoverable operation, IdempotencyRecord record, RecordedRequest request) {
        try {
            Recovery.Result result = operation.recovery().recover(record, request);
            if (result == Recovery.Result.NOT_FINISHED) {
                notClaimed(operation, record);
            }
            return result;
        } catch (UnreadableRequestException unreadable) {
            leave(operation, record, "What was asked for cannot be read any more: " + unreadable.getMessage());
            throw unreadable;
        }
    }

    /** Counts what fails before the key is claimed, by a method that loads for example: its take-overs do not grow. */
    private void notClaimed(Recoverable operation, IdempotencyRecord record) {
        IdempotencyRecord now = operation.engine().store().find(record.key());
        if (now == null || now.fencingToken() != record.fencingToken()) {
            return;
        }
        int failures = unclaimed.asMap().merge(Seen.of(record), 1, Integer::sum);
        if (failures >= operation.recovery().maxTakeovers()) {
            leave(
                    operation,
                    record,
                    "Its recovery failed " + failures + " times before the key was claimed; see the log for why");
        }
    }

    private void leave(Recoverable operation, IdempotencyRecord record, String reason) {
        if (leftForPerson.asMap().putIfAbsent(Seen.of(record), reason) == null) {
            operation.engine().leaveForPerson(record, reason);
        }
    }

    private static @Nullable String beyondLimit(Recoverable operation, IdempotencyRecord record) {
        int limit = operation.recovery().maxTakeovers();
        return record.takeovers() < limit
                ? null
                : "Its record had " + record.takeovers() + " take-overs, and may have " + limit;
    }

    private @Nullable Recoverable find(String operation) {
        return operations.ofOperation(operation).stream()
                .map(Recoverable::of)
                .filter(Objects::nonNull)
                .findAny()
                .orElse(null);
    }

    /** A record as it was seen: another claim of its key is another. */
    private record Seen(IdempotencyKey key, long fencingToken) {

        static Seen of(IdempotencyRecord record) {
            return new Seen(record.key(), record.fencingToken());
        }
    }
}
