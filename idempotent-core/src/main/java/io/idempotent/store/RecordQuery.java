package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Tells which records without an outcome to list, and how many of them. Immutable; begin with {@link #abandoned()} or
 * {@link #inProgress(Duration)}.
 *
 * @param abandonedOnly whether only those are meant whose lease is over
 * @param claimedSince how long ago their last claim was made at least; zero or more
 * @param operation the operation whose records are meant, or null for all
 * @param after the last record of the page before, or null for the first page
 * @param limit how many at most; positive
 */
public record RecordQuery(
        boolean abandonedOnly,
        Duration claimedSince,
        @Nullable String operation,
        @Nullable IdempotencyKey after,
        int limit) {

    /** How many records a page has at most by default: {@value}. */
    public static final int DEFAULT_LIMIT = 100;

    /**
     * Makes a query.
     *
     * @throws IllegalArgumentException if the time is negative, the limit not positive, or the operation no operation's
     *     name
     */
    public RecordQuery {
        RecordForm.requireNotNegative("time since the claim", claimedSince);
        RecordForm.requirePositive("limit", limit);
        if (operation != null && !IdempotencyKey.isOperationName(operation)) {
            throw new IllegalArgumentException("'" + operation + "' is no name of an operation");
        }
    }

    /** The records whose outcome is unknown: in progress, their lease over. */
    public static RecordQuery abandoned() {
        return new RecordQuery(true, Duration.ZERO, null, null, DEFAULT_LIMIT);
    }

    /** The records that are in progress, live or abandoned, and were last claimed so long ago at least. */
    public static RecordQuery inProgress(Duration claimedSince) {
        return new RecordQuery(false, claimedSince, null, null, DEFAULT_LIMIT);
    }

    /** The same, of one operation only. */
    public RecordQuery ofOperation(String name) {
        return new RecordQuery(abandonedOnly, claimedSince, name, after, limit);
    }

    /** The same, from after a record on, which was the last of the page before. */
    public RecordQuery after(IdempotencyKey last) {
        return new RecordQuery(abandonedOnly, claimedSince, operation, last, limit);
    }

    /** The same, with at most so many records. */
    public RecordQuery limit(int records) {
        return new RecordQuery(abandonedOnly, claimedSince, operation, after, records);
    }

    /** Whether a record is one of those that are meant, wherever its page. */
    public boolean matches(IdempotencyRecord record) {
        return record.state() instanceof IdempotencyRecord.InProgress
                && (!abandonedOnly || record.isAbandoned())
                && record.claimedSince().compareTo(claimedSince) >= 0
                && (operation == null || operation.equals(record.key().operation()));
    }
}
