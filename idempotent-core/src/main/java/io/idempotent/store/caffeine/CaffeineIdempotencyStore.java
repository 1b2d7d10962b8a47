package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records in the memory of this JVM, in a Caffeine cache. It protects the callers of this JVM only, and forgets
 * everything when the JVM ends.
 *
 * <p>Outcomes and fingerprints of every kind are kept, by reference.
 *
 * <p><b>Time</b> is a {@link Ticker}'s, exact to the nanosecond; a clock is asked once, when the store is made, so that
 * the ticker's time can be shown as moments of the calendar. Leases and retentions of more than 292 years do not end.
 *
 * <p><b>Size.</b> Records are bounded by their number and by their weight, which is about how many bytes they take:
 * keys, fingerprints and encoded outcomes by their length, as are texts and bytes that are kept by reference, and what
 * is {@link io.idempotent.Weighted}; any other object counts as 256 bytes, however large it is. An outcome that is
 * heavier than all records may be is refused.
 *
 * <p>When a claim or a completion makes the records more or heavier than the maximum, expired ones are removed first,
 * then the record nearest the end of its retention, completed or released with steps: never by how often it is read,
 * and never one in progress. If all are in progress, the store grows over its maximum, since to forget one would let
 * two run at once. Nearest is exact among at least the 64 records that Caffeine's timer wheel holds for the soonest to
 * end; the wheel itself tells ends apart by about 1 s in the next minute, 1 min in the next hour, 1 h in the next day,
 * 1 d in the next 6 days, and not at all beyond that, where the order of completion counts. Each record that is evicted
 * before its end is counted and told to a listener, since its promise to be replayed is gone.
 *
 * <p><b>How a key's entry changes:</b>
 *
 * <ol>
 *   <li>Entries are immutable. What there is for the key is read without a lock, and without Caffeine's bookkeeping. A
 *       completed entry holds what a replay needs, and no more: most are never asked for again.
 *   <li>A free key is computed under Caffeine's lock for the key, and the fencing token is drawn there: drawn earlier,
 *       it could be lower than that of a claim that came and went meanwhile.
 *   <li>Every other change replaces or removes the entry that was read, by identity; if another was faster, it begins
 *       again. A token is drawn after the entry was read, and so is higher than that entry's.
 *   <li>Tokens are one number for the whole store, {@code max(last + 1, the store's clock in microseconds)}, which no
 *       forgetting of entries resets.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
public final class CaffeineIdempotencyStore implements IdempotencyStore, NearbyOutcomes {

    /** How many records a store keeps by default: {@value}. */
    public static final long DEFAULT_MAXIMUM_SIZE = 100_000;

    private static final RecordForm FORM = new RecordForm("Caffeine store", Duration.ofNanos(Long.MAX_VALUE));

    private final StoreClock clock;
    private final CoarseTicker purgeTicker = new CoarseTicker();
    private final Cache<IdempotencyKey, Entry> cache;
    private final Policy<IdempotencyKey, Entry> policy;
    private final ConcurrentMap<IdempotencyKey, Entry> entries;
    private final AtomicLong lastToken = new AtomicLong();
    private final long maximumWeight;
    private final LongAdder weight = new LongAdder();
    private final SizeBound sizeBound;

    private CaffeineIdempotencyStore(Builder builder) {
        this.clock = new StoreClock(builder.ticker, builder.clock.instant());
        this.cache = Caffeine.newBuilder()
                .ticker(purgeTicker)
                .expireAfter(new RetentionExpiry())
                .evictionListener((@Nullable IdempotencyKey key, @Nullable Entry expired, RemovalCause cause) -> {
                    // Never null, since nothing is kept by a weak reference.
                    if (expired != null) {
                        removed(expired);
                    }
                })
                // Purging in the thread that writes needs no other thread, and has happened when the write returns.
                .executor(Runnable::run)
                .build();
        this.policy = cache.policy();
        this.entries = cache.asMap();
        this.maximumWeight = builder.maximumWeight;
        this.sizeBound =
                new SizeBound(builder.maximumSize, maximumWeight, weight, cache, clock, builder.evictionListener);
    }

    /**
     * Makes a store with the default settings of {@link Builder}.
     *
     * @return the store, empty
     */
    public static CaffeineIdempotencyStore create() {
        return builder().build();
    }

    /**
     * Begins a store with settings of one's own.
     *
     * @return a builder with the default settings
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        IdempotencyKey key = request.key();
        try {
            Entry entry = policy.getIfPresentQuietly(key);
            if (entry instanceof Entry.Completed completed && !completed.isOver(clock.read())) {
                return new ClaimResult.Completed(completed.record(clock));
            }
            return claimUncompleted(request, entry);
        } catch (RuntimeException failure) {
            throw failed("claim", key, failure);
        }
    }

    private ClaimResult claimUncompleted(ClaimRequest request, @Nullable Entry entryAtFirst) {
        IdempotencyKey key = request.key();
        @Nullable Entry entry = entryAtFirst;
        while (true) {
            long now = clock.read();
            purgeTicker.reach(now);
            if (entry == null) {
                FirstClaim firstClaim = new FirstClaim(request, now);
                entry = entries.computeIfAbsent(key, firstClaim);
                if (entry == firstClaim.made) {
                    weight.add(entry.weight());
                    sizeBound.enforce();
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
                claimed = inProgress.takenOverBy(request.claimId(), nextToken(now), request.lease(), now);
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
            if (entries.replace(key, entry, claimed)) {
                weight.add(claimed.weight() - entry.weight());
                return claimed.claimed(clock);
            }
            entry = policy.getIfPresentQuietly(key);
        }
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        try {
            Set<Claim> renewed = new LinkedHashSet<>();
            for (Claim claim : claims) {
                if (changeHeld(claim, (inProgress, now) -> inProgress.withLeaseUntil(StoreClock.after(now, lease)))) {
                    renewed.add(claim);
                }
            }
            return RenewalResult.of(renewed);
        } catch (RuntimeException failure) {
            throw failed("renew leases", null, failure);
        }
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        RecordForm.requirePositive("retention", retention);
        requireFits(claim.key(), outcome);
        try {
            if (changeHeld(claim, (inProgress, now) -> inProgress.completed(outcome, retention, now))) {
                return true;
            }
            // Asked again because the first answer was lost?
            return policy.getIfPresentQuietly(claim.key()) instanceof Entry.Completed completed
                    && completed.isCompletedBy(claim)
                    && !completed.isOver(clock.read());
        } catch (RuntimeException failure) {
            throw failed("complete", claim.key(), failure);
        }
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        if (step.outcome() != null) {
            requireFits(claim.key(), step.outcome());
        }
        try {
            return changeHeld(claim, (inProgress, now) -> inProgress.with(step));
        } catch (RuntimeException failure) {
            throw failed("record a step of", claim.key(), failure);
        }
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        RecordForm.requirePositive("retention of steps", stepRetention);
        try {
            return changeHeld(claim, (inProgress, now) -> inProgress.released(stepRetention, now));
        } catch (RuntimeException failure) {
            throw failed("release", claim.key(), failure);
        }
    }

    @Override
    public boolean release(Claim claim) {
        try {
            return changeHeld(claim, (inProgress, now) -> null);
        } catch (RuntimeException failure) {
            throw failed("release", claim.key(), failure);
        }
    }

    @Override
    public boolean abandon(Claim claim) {
        try {
            return changeHeld(claim, (inProgress, now) -> inProgress.withLeaseUntil(Math.min(inProgress.endsAt, now)));
        } catch (RuntimeException failure) {
            throw failed("abandon", claim.key(), failure);
        }
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        try {
            Entry entry = policy.getIfPresentQuietly(key);
            long now = clock.read();
            if (entry instanceof Entry.InProgress inProgress) {
                return inProgress.observedAt(clock, now);
            }
            if (entry instanceof Entry.Released released && !released.isOver(now)) {
                return released.observedAt(clock, now);
            }
            return entry instanceof Entry.Completed completed && !completed.isOver(now)
                    ? completed.record(clock)
                    : null;
        } catch (RuntimeException failure) {
            throw failed("find", key, failure);
        }
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        try {
            Entry entry = policy.getIfPresentQuietly(key);
            if (entry instanceof Entry.InProgress inProgress) {
                return inProgress.steps();
            }
            return entry instanceof Entry.Released released && !released.isOver(clock.read())
                    ? released.steps()
                    : List.of();
        } catch (RuntimeException failure) {
            throw failed("find the steps of", key, failure);
        }
    }

    /** {@inheritDoc} It looks at all records; they are in the order of their keys' texts. */
    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        String after = query.after() == null ? "" : query.after().toString();
        long now = clock.read();
        try {
            return entries.entrySet().stream()
                    .filter(each -> each.getValue() instanceof Entry.InProgress
                            && each.getKey().toString().compareTo(after) > 0)
                    .map(each -> ((Entry.InProgress) each.getValue()).observedAt(clock, now))
                    .filter(query::matches)
                    .sorted(Comparator.comparing(record -> record.key().toString()))
                    .limit(query.limit())
                    .toList();
        } catch (RuntimeException failure) {
            throw failed("list records", null, failure);
        }
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        try {
            while (true) {
                if (!(policy.getIfPresentQuietly(key) instanceof Entry.InProgress inProgress)) {
                    return null;
                }
                long now = clock.read();
                purgeTicker.reach(now);
                if (!inProgress.isOver(now)) {
                    return inProgress.isClaimedBy(claimId) ? inProgress.claimed(clock) : null;
                }
                if (inProgress.fencingToken() != expectedToken) {
                    return null;
                }
                Entry.InProgress claimed = inProgress.takenOverBy(claimId, nextToken(now), lease, now);
                if (entries.replace(key, inProgress, claimed)) {
                    return claimed.claimed(clock);
                }
            }
        } catch (RuntimeException failure) {
            throw failed("take over", key, failure);
        }
    }

    @Override
    public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
        try {
            return policy.getIfPresentQuietly(key) instanceof Entry.Completed completed
                            && !completed.isOver(clock.read())
                    ? completed
                    : null;
        } catch (RuntimeException failure) {
            throw failed("find", key, failure);
        }
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        try {
            while (true) {
                Entry entry = policy.getIfPresentQuietly(key);
                if (entry == null || entry.fencingToken() != expectedToken) {
                    return false;
                }
                // What is in progress can be forgotten after its lease, all else before it has expired.
                boolean over = entry.isOver(clock.read());
                if (over != entry instanceof Entry.InProgress) {
                    return false;
                }
                if (entries.remove(key, entry)) {
                    removed(entry);
                    return true;
                }
            }
        } catch (RuntimeException failure) {
            throw failed("forget", key, failure);
        }
    }

    /**
     * Tells that every object is kept by reference.
     *
     * @return true
     */
    @Override
    public boolean keepsReferences() {
        return true;
    }

    /**
     * How many records there are, in progress and completed, those expired but not yet purged included. An estimate
     * while other threads write.
     *
     * @return the number of records
     */
    public long size() {
        return cache.estimatedSize();
    }

    /**
     * About how many bytes the records take, those expired but not yet purged included. An estimate while other threads
     * write.
     *
     * @return the weight of all records
     */
    public long weight() {
        return weight.sum();
    }

    /**
     * How many completed records were evicted before the end of their retention since the store was made.
     *
     * @return the number, which never decreases
     */
    public long evictedEarly() {
        return sizeBound.evictedEarly();
    }

    /**
     * Forgets every record, those in progress too, whose owners can then no longer complete them: for tests. Fencing
     * tokens grow on all the same.
     */
    public void clear() {
        entries.forEach((key, entry) -> {
            if (entries.remove(key, entry)) {
                removed(entry);
            }
        });
    }

    /** Purges what has expired; Caffeine does it by itself while there are writes. */
    void purge() {
        purgeTicker.reach(clock.read());
        cache.cleanUp();
    }

    /**
     * Changes the entry of a key in progress, if the claim is its last.
     *
     * @return whether it was changed
     */
    private boolean changeHeld(Claim claim, Change change) {
        IdempotencyKey key = claim.key();
        while (true) {
            if (!(policy.getIfPresentQuietly(key) instanceof Entry.InProgress inProgress)
                    || !inProgress.isHeldBy(claim)) {
                return false;
            }
            long now = clock.read();
            purgeTicker.reach(now);
            Entry changed = change.of(inProgress, now);
            boolean done =
                    changed == null ? entries.remove(key, inProgress) : entries.replace(key, inProgress, changed);
            if (done) {
                if (changed == null) {
                    removed(inProgress);
                    return true;
                }
                if (!(changed instanceof Entry.InProgress)) {
                    sizeBound.completed(changed.endsAt);
                }
                long heavier = changed.weight() - inProgress.weight();
                if (heavier != 0) {
                    weight.add(heavier);
                    sizeBound.enforce();
                }
                return true;
            }
        }
    }

    private void removed(Entry entry) {
        weight.add(-entry.weight());
    }

    /**
     * Refuses an outcome that alone is heavier than all may be: nothing else would be left. That there was one always
     * fits.
     */
    private void requireFits(IdempotencyKey key, RecordedOutcome outcome) {
        long outcomeWeight = Weights.of(outcome);
        if (outcomeWeight > maximumWeight && !(outcome instanceof RecordedOutcome.NotReplayable)) {
            String problem = "it takes about " + outcomeWeight
                    + " bytes of memory, and all records of the Caffeine store at most " + maximumWeight;
            throw IdempotencyStoreException.refusal(
                    "The outcome of idempotency key '" + key + "' is too large: " + problem
                            + "; raise the store's maximum weight, or keep the record in a database",
                    key,
                    new IllegalArgumentException(problem));
        }
    }

    private long nextToken(long now) {
        return lastToken.accumulateAndGet(
                clock.microsecondsAt(now), (last, microseconds) -> Math.max(last + 1, microseconds));
    }

    private static IdempotencyStoreException failed(
            String request, @Nullable IdempotencyKey key, RuntimeException cause) {
        return FORM.failed(request, key, RecordForm.EFFECT_UNKNOWN, cause, false);
    }

    /** A change of an entry in progress. */
    private interface Change {

        /** The entry that is to be there instead; null for none. */
        @Nullable
        Entry of(Entry.InProgress inProgress, long now);
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

    /** The settings of a store. Each is checked at once. Not safe for use by many threads. */
    public static final class Builder {

        private long maximumSize = DEFAULT_MAXIMUM_SIZE;
        private long maximumWeight = Weights.shareOfHeap();
        private Ticker ticker = Ticker.systemTicker();
        private InstantSource clock = InstantSource.system();
        private Consumer<IdempotencyRecord> evictionListener = record -> {};

        private Builder() {}

        /**
         * Sets how many records may be kept. Defaults to {@value CaffeineIdempotencyStore#DEFAULT_MAXIMUM_SIZE}. There
         * are more while more than that are in progress.
         *
         * @param records the number, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder maximumSize(long records) {
            RecordForm.requirePositive("maximum size", records);
            this.maximumSize = records;
            return this;
        }

        /**
         * Sets how much the records may weigh. Defaults to a quarter of the JVM's maximum heap. They weigh more while
         * those in progress do.
         *
         * @param bytes the weight, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder maximumWeight(long bytes) {
            RecordForm.requirePositive("maximum weight", bytes);
            this.maximumWeight = bytes;
            return this;
        }

        /**
         * Sets what measures time. Defaults to {@link Ticker#systemTicker()}. It must not go backwards.
         *
         * @param ticker in nanoseconds
         * @return this builder
         */
        public Builder ticker(Ticker ticker) {
            this.ticker = Objects.requireNonNull(ticker, "ticker");
            return this;
        }

        /**
         * Sets the clock that tells the moment of the calendar at which the ticker begins. Defaults to the system's
         * clock. {@link #build()} asks it once.
         *
         * @param clock the clock
         * @return this builder
         */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Sets who is told of each completed record that is evicted before the end of its retention. Defaults to
         * nobody. The thread whose claim made the store too large tells it, after that claim took effect and with no
         * lock held. The listener should be quick and must not claim. What it throws goes to the thread's handler of
         * uncaught exceptions, and the claim stands.
         *
         * @param listener takes the record as it was
         * @return this builder
         */
        public Builder evictionListener(Consumer<IdempotencyRecord> listener) {
            this.evictionListener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Makes the store.
         *
         * @return the store, empty
         * @throws IllegalArgumentException if the clock is further from 1970 than the store can count in microseconds
         */
        public CaffeineIdempotencyStore build() {
            return new CaffeineIdempotencyStore(this);
        }
    }
}
