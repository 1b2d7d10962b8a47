package io.idempotent.spring.recovery;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecoverableRecords;
import io.idempotent.store.ReferenceStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Keeps what was asked for, and counts how often it is asked for what is recoverable; its time stands still. */
public final class RecoverableStore extends ReferenceStore implements RecoverableRecords {

    private final Map<IdempotencyKey, RecordedRequest> requests = new ConcurrentHashMap<>();
    private final AtomicInteger listings = new AtomicInteger();
    private final AtomicInteger requestsAsked = new AtomicInteger();
    private volatile boolean down;
    private volatile boolean cutOff;

    /** How often it was asked for what is recoverable. */
    public int listings() {
        return listings.get();
    }

    /** How often it was asked for what a call asked for. */
    public int requestsAsked() {
        return requestsAsked.get();
    }

    /** Whether it answers nobody who recovers. */
    public void down(boolean now) {
        down = now;
    }

    /** Whether executions that fail do not get so far as to tell. */
    public void cutOff(boolean now) {
        cutOff = now;
    }

    /** Somebody asks for this, and dies at once. */
    public void die(String operation, String key) {
        die(operation, key, 0);
    }

    /** The same, and so many others die after having taken over. */
    public void die(String operation, String key, int takeovers) {
        for (int claim = 0; claim <= takeovers; claim++) {
            ClaimResult claimed = claim(new ClaimRequest(
                    new IdempotencyKey(operation, "", key),
                    UUID.randomUUID(),
                    Fingerprint.none(),
                    Duration.ofSeconds(30),
                    true,
                    null,
                    new RecordedRequest(key.getBytes(StandardCharsets.UTF_8))));
            abandon(((ClaimResult.Claimed) claimed).claim());
        }
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        RecordedRequest asked = request.request();
        if (asked != null) {
            requests.putIfAbsent(request.key(), asked);
        }
        return super.claim(request);
    }

    @Override
    public boolean release(Claim claim) {
        return cutOff ? abandon(claim) : super.release(claim);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return cutOff ? abandon(claim) : super.release(claim, stepRetention);
    }

    @Override
    public List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
        listings.incrementAndGet();
        failIfDown();
        return requests.keySet().stream()
                .filter(key -> key.operation().equals(operation))
                .filter(key -> after == null || key.value().compareTo(after.value()) > 0)
                .sorted(Comparator.comparing(IdempotencyKey::value))
                .map(this::find)
                .filter(Objects::nonNull)
                .filter(IdempotencyRecord::isAbandoned)
                .filter(record -> !((IdempotencyRecord.InProgress) record.state())
                        .leaseEndsAt()
                        .plus(abandonedFor)
                        .isAfter(record.observedAt()))
                .limit(limit)
                .toList();
    }

    @Override
    public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
        requestsAsked.incrementAndGet();
        failIfDown();
        IdempotencyRecord record = find(key);
        return record != null
                        && record.fencingToken() == fencingToken
                        && record.state() instanceof IdempotencyRecord.InProgress
                ? requests.get(key)
                : null;
    }

    private void failIfDown() {
        if (down) {
            throw new IdempotencyStoreException("The store is down", null, new IllegalStateException("unplugged"));
        }
    }
}
