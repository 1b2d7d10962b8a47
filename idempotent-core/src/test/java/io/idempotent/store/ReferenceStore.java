package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state machine as plainly as it can be said: a map and if-statements that follow the table of
 * {@link IdempotencyStore}, under one lock, with a time that stands still until it is moved. Random histories compare
 * other stores with it; what is protected is there to be broken on purpose, to test the contract.
 */
public class ReferenceStore implements IdempotencyStore, RecoverableRecords {

    /** What is kept for a key. */
    protected static final class Row {
        public IdempotencyKey key;
        public UUID claimId;
        public long token;
        public Fingerprint fingerprint;
        public Instant firstClaimedAt;
        public Instant claimedAt;
        public int takeovers;
        public @Nullable String traceId;
        public @Nullable RecordedRequest request;
        public Instant leaseEndsAt;
        public @Nullable RecordedOutcome outcome;
        public @Nullable Instant completedAt;
        public @Nullable Instant retainedUntil;
        public @Nullable Instant releasedAt;
        public Map<String, RecordedStep> steps = new LinkedHashMap<>();

        Row(ClaimRequest request, long token, Instant now) {
            this.key = request.key();
            this.claimId = request.claimId();
            this.token = token;
            this.fingerprint = request.fingerprint();
            this.traceId = request.traceId();
            this.request = request.request();
            this.firstClaimedAt = now;
            this.claimedAt = now;
            this.leaseEndsAt = now.plus(request.lease());
        }
    }

    protected final Map<Object, Row> rows = new HashMap<>();
    protected Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final ReentrantLock lock = new ReentrantLock();
    private long lastToken;

    /** Moves the store's time on. */
    public void elapse(Duration time) {
        locked(() -> now = now.plus(time));
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return locked(() -> {
            Row row = row(request.key());
            if (row == null) {
                return claimFree(request);
            }
            if (row.outcome != null) {
                return new ClaimResult.Completed(shown(row));
            }
            if (row.releasedAt != null) {
                if (!mayContinue(row, request)) {
                    return new ClaimResult.Abandoned(shown(row));
                }
                continueBy(row, request);
                return claimed(row);
            }
            if (!isLeaseOver(row)) {
                return row.claimId.equals(request.claimId()) ? repeated(row, request) : inProgress(row);
            }
            if (!mayTakeOver(row, request)) {
                return new ClaimResult.Abandoned(shown(row));
            }
            takeOver(row, request);
            return claimed(row);
        });
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return locked(() -> {
            Row row = row(key);
            if (row == null || !isInProgress(row)) {
                return null;
            }
            if (!isLeaseOver(row)) {
                return row.claimId.equals(claimId) ? claimed(row) : null;
            }
            if (row.token != expectedToken) {
                return null;
            }
            takeOver(row, new ClaimRequest(key, claimId, row.fingerprint, lease, true));
            return claimed(row);
        });
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return locked(() -> {
            Row row = row(claim.key());
            if (row == null || !isInProgress(row) || !isMine(row, claim)) {
                return false;
            }
            record(row, step);
            return true;
        });
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return locked(() -> {
            Row row = row(key);
            return row == null || row.outcome != null ? List.of() : List.copyOf(row.steps.values());
        });
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        String after = query.after() == null ? "" : query.after().toString();
        return locked(() -> rows.values().stream()
                .map(this::shown)
                .filter(record ->
                        query.matches(record) && record.key().toString().compareTo(after) > 0)
                .sorted(Comparator.comparing(record -> record.key().toString()))
                .limit(query.limit())
                .toList());
    }

    @Override
    public List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
        RecordForm.requireNotNegative("time since the lease ended", abandonedFor);
        RecordQuery page = new RecordQuery(true, Duration.ZERO, operation, after, RecordQuery.DEFAULT_LIMIT);
        return locked(() -> list(page.limit(Integer.MAX_VALUE)).stream()
                .filter(record ->
                        isRecoverable(Objects.requireNonNull(rows.get(normalized(record.key()))), abandonedFor))
                .limit(page.limit(limit).limit())
                .toList());
    }

    protected boolean isRecoverable(Row row, Duration abandonedFor) {
        return row.request != null && !now.isBefore(row.leaseEndsAt.plus(abandonedFor));
    }

    @Override
    public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
        return locked(() -> {
            Row row = row(key);
            return row == null || !isInProgress(row) || row.token != fencingToken ? null : row.request;
        });
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        return locked(() -> {
            Set<Claim> renewed = new LinkedHashSet<>();
            for (Claim claim : claims) {
                Row row = row(claim.key());
                if (row != null && isInProgress(row) && isMine(row, claim)) {
                    row.leaseEndsAt = now.plus(lease);
                    renewed.add(claim);
                }
            }
            return RenewalResult.of(renewed);
        });
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return locked(() -> {
            Row row = row(claim.key());
            if (row == null || row.releasedAt != null || !isMine(row, claim)) {
                return false;
            }
            if (row.outcome == null) {
                record(row, outcome, retention);
            }
            return true;
        });
    }

    @Override
    public boolean release(Claim claim) {
        return locked(() -> {
            Row row = row(claim.key());
            if (row == null || !isInProgress(row) || !isMine(row, claim)) {
                return false;
            }
            rows.remove(normalized(claim.key()));
            return true;
        });
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return locked(() -> {
            Row row = row(claim.key());
            if (row == null || !isInProgress(row) || !isMine(row, claim)) {
                return false;
            }
            if (row.steps.isEmpty()) {
                rows.remove(normalized(claim.key()));
            } else {
                row.releasedAt = now;
                row.retainedUntil = now.plus(stepRetention);
            }
            return true;
        });
    }

    @Override
    public boolean abandon(Claim claim) {
        return locked(() -> {
            Row row = row(claim.key());
            if (row == null || !isInProgress(row) || !isMine(row, claim)) {
                return false;
            }
            if (row.leaseEndsAt.isAfter(now)) {
                row.leaseEndsAt = now;
            }
            return true;
        });
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return locked(() -> {
            Row row = row(key);
            return row == null ? null : shown(row);
        });
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return locked(() -> {
            Row row = row(key);
            if (row == null || row.token != expectedToken) {
                return false;
            }
            if (isInProgress(row) && !isLeaseOver(row)) {
                return false;
            }
            rows.remove(normalized(key));
            return true;
        });
    }

    /** The row of a key that is not free. */
    protected final @Nullable Row row(IdempotencyKey key) {
        Row row = rows.get(normalized(key));
        return row == null || (!isInProgress(row) && isExpired(row)) ? null : row;
    }

    protected static boolean isInProgress(Row row) {
        return row.outcome == null && row.releasedAt == null;
    }

    protected final ClaimResult claimFree(ClaimRequest request) {
        Row row = new Row(request, nextToken(rows.get(normalized(request.key()))), now);
        inherit(row, rows.put(normalized(request.key()), row));
        return claimed(row);
    }

    /** What a new life of a key takes from an expired one: nothing. */
    protected void inherit(Row row, @Nullable Row expired) {}

    /** What tells keys apart. */
    protected Object normalized(IdempotencyKey key) {
        return key;
    }

    /** What tells a record's steps apart. */
    protected String normalized(String stepName) {
        return stepName;
    }

    protected boolean isMine(Row row, Claim claim) {
        return row.token == claim.fencingToken() && row.claimId.equals(claim.id());
    }

    protected boolean isLeaseOver(Row row) {
        return !now.isBefore(row.leaseEndsAt);
    }

    protected boolean isExpired(Row row) {
        return row.retainedUntil != null && !now.isBefore(row.retainedUntil);
    }

    protected long nextToken(@Nullable Row previous) {
        lastToken = Math.max(lastToken + 1, ChronoUnit.MICROS.between(Instant.EPOCH, now));
        return lastToken;
    }

    protected boolean mayTakeOver(Row row, ClaimRequest request) {
        return request.mayTakeOver() && request.fingerprint().matches(row.fingerprint);
    }

    protected void takeOver(Row row, ClaimRequest request) {
        row.claimId = request.claimId();
        row.token = nextToken(row);
        row.claimedAt = now;
        row.takeovers++;
        row.leaseEndsAt = now.plus(request.lease());
        trace(row, request);
        keep(row, request.request());
    }

    /** Keeps the trace of another claim of a record, if it has one. */
    protected void trace(Row row, ClaimRequest request) {
        row.traceId = request.traceId() == null ? row.traceId : request.traceId();
    }

    /** Keeps the request of the first claim of a record that had one. */
    protected void keep(Row row, @Nullable RecordedRequest request) {
        row.request = row.request == null ? request : row.request;
    }

    protected boolean mayContinue(Row row, ClaimRequest request) {
        return request.fingerprint().matches(row.fingerprint);
    }

    /** Claims what was released with its steps. */
    protected void continueBy(Row row, ClaimRequest request) {
        row.claimId = request.claimId();
        row.token = nextToken(row);
        row.claimedAt = now;
        row.takeovers = 0;
        row.leaseEndsAt = now.plus(request.lease());
        trace(row, request);
        keep(row, request.request());
        row.releasedAt = null;
        row.retainedUntil = null;
    }

    protected ClaimResult repeated(Row row, ClaimRequest request) {
        return claimed(row);
    }

    protected void record(Row row, RecordedOutcome outcome, Duration retention) {
        row.outcome = outcome;
        row.request = null;
        row.completedAt = now;
        row.retainedUntil = now.plus(retention);
    }

    protected void record(Row row, RecordedStep step) {
        RecordedStep recorded = row.steps.get(normalized(step.name()));
        if (recorded == null || recorded.outcome() == null) {
            row.steps.put(normalized(step.name()), step);
        }
    }

    protected final ClaimResult.Claimed claimed(Row row) {
        return new ClaimResult.Claimed(
                new Claim(row.key, row.claimId, row.token),
                row.firstClaimedAt,
                row.takeovers,
                List.copyOf(row.steps.values()));
    }

    protected final ClaimResult inProgress(Row row) {
        return new ClaimResult.InProgress(shown(row));
    }

    protected IdempotencyRecord shown(Row row) {
        IdempotencyRecord.State state = new IdempotencyRecord.InProgress(row.leaseEndsAt);
        if (row.releasedAt != null && row.retainedUntil != null) {
            state = new IdempotencyRecord.Released(row.releasedAt, row.retainedUntil);
        } else if (row.outcome != null && row.completedAt != null && row.retainedUntil != null) {
            state = new IdempotencyRecord.Completed(row.outcome, row.completedAt, row.retainedUntil);
        }
        return new IdempotencyRecord(
                row.key,
                row.token,
                row.fingerprint,
                row.firstClaimedAt,
                row.claimedAt,
                row.takeovers,
                row.traceId,
                state,
                now);
    }

    protected final <T extends @Nullable Object> T locked(Supplier<T> request) {
        lock.lock();
        try {
            return request.get();
        } finally {
            lock.unlock();
        }
    }
}
