package io.idempotent.store.caffeine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Claims keys, and draws the fencing tokens of their claims.
 *
 * <ol>
 *   <li>Tokens are one number for the whole store, {@code max(last + 1, the store's clock in microseconds)}, which no
 *       forgetting of entries resets.
 *   <li>The token of a free key is drawn under the key's lock: drawn earlier, it could be lower than that of a claim
 *       that came and went meanwhile. Any other is drawn after the entry was read that it takes the place of, and so is
 *       higher than that entry's.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
final class Claiming {

    private final StoreClock clock;
    private final Entries entries;
    private final AtomicLong lastToken = new AtomicLong();

    Claiming(StoreClock clock, Entries entries) {
        this.clock = clock;
        this.entries = entries;
    }

    ClaimResult claim(ClaimRequest request) {
        IdempotencyKey key = request.key();
        Entry entry = entries.find(key);
        if (entry instanceof Entry.Completed completed && !completed.isOver(clock.read())) {
            return new ClaimResult.Completed(completed.record(clock));
        }
        while (true) {
            long now = entries.now();
            if (entry == null) {
                FirstClaim firstClaim = new FirstClaim(request, now);
                entry = entries.findOrMake(key, firstClaim);
                if (entry == firstClaim.made) {
                    entries.made(entry);
                    return firstClaim.made.claimed(clock);
                }
                // Somebody else was faster: look at that one's entry, by the time that it is now.
                continue;
            }
            Entry.InProgress claimed;
            if (entry instanceof Entry.InProgress inProgress) {
                if (!inProgress.isOver(now)) {
                    return inProgress.isClaimedBy(request.claimId())
                            ? inProgress.claimed(clock)
                            : new ClaimResult.InProgress(inProgress.observedAt(clock, now));
                }
                if (!inProgress.mayBeTakenOverBy(request)) {
                    return new ClaimResult.Abandoned(inProgress.observedAt(clock, now));
                }
                claimed = inProgress.takenOverBy(request, nextToken(now), now);
            } else if (entry instanceof Entry.Released released && !released.isOver(now)) {
                if (!released.mayBeContinuedBy(request)) {
                    return new ClaimResult.Abandoned(released.observedAt(clock, now));
                }
                claimed = released.continuedBy(request, nextToken(now), now);
            } else if (entry instanceof Entry.Completed completed && !completed.isOver(now)) {
                return new ClaimResult.Completed(completed.record(clock));
            } else {
                claimed = new Entry.InProgress(request, nextToken(now), now);
            }
            if (entries.replace(entry, claimed)) {
                return claimed.claimed(clock);
            }
            entry = entries.find(key);
        }
    }

    ClaimResult.@Nullable Claimed takeOver(IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        ClaimRequest request = new ClaimRequest(key, claimId, Fingerprint.none(), lease, true);
        while (entries.find(key) instanceof Entry.InProgress inProgress) {
            long now = entries.now();
            if (!inProgress.isOver(now)) {
                return inProgress.isClaimedBy(claimId) ? inProgress.claimed(clock) : null;
            }
            if (inProgress.fencingToken() != expectedToken) {
                return null;
            }
            Entry.InProgress claimed = inProgress.takenOverBy(request, nextToken(now), now);
            if (entries.replace(inProgress, claimed)) {
                return claimed.claimed(clock);
            }
        }
        return null;
    }

    private long nextToken(long now) {
        return lastToken.accumulateAndGet(
                clock.microsecondsAt(now), (last, microseconds) -> Math.max(last + 1, microseconds));
    }

    /** Makes the first entry of a key when none is there, and remembers whether it did. */
    private final class FirstClaim implements Function<IdempotencyKey, Entry> {

        private final ClaimRequest request;
        private final long now;
        private Entry.@Nullable InProgress made;

        FirstClaim(ClaimRequest request, long now) {
            this.request = request;
            this.now = now;
        }

        @Override
        public Entry apply(IdempotencyKey key) {
            Entry.InProgress first = new Entry.InProgress(request, nextToken(now), now);
            made = first;
            return first;
        }
    }
}
