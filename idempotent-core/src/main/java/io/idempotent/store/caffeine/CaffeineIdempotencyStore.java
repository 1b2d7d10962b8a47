package io.idempotent.store.caffeine;

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
import java.util.function.Consumer;
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
 * <p>Safe for use by many threads.
 */
public final class CaffeineIdempotencyStore implements IdempotencyStore, NearbyOutcomes {

    /** How many records a store keeps by default: {@value}. */
    public static final long DEFAULT_MAXIMUM_SIZE = 100_000;

    private static final RecordForm FORM = new RecordForm("Caffeine store", Duration.ofNanos(Long.MAX_VALUE));

    private final StoreClock clock;
    private final Entries entries;
    private final Claiming claiming;

    private CaffeineIdempotencyStore(Builder builder) {
        this.clock = new StoreClock(builder.ticker, builder.clock.instant());
        this.entries = new Entries(clock, builder.maximumSize, builder.maximumWeight, builder.evictionListener);
        this.claiming = new Claiming(clock, entries);
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
        try {
            return claiming.claim(request);
        } catch (RuntimeException failure) {
            throw failed("claim", request.key(), failure);
        }
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        try {
            Set<Claim> renewed = new LinkedHashSet<>();
            for (Claim claim : claims) {
                if (entries.changeHeld(
                        claim, (inProgress, now) -> inProgress.withLeaseUntil(StoreClock.after(now, lease)))) {
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
        entries.sizeBound().requireFits(claim.key(), outcome);
        if (change("complete", claim, (inProgress, now) -> inProgress.completed(outcome, retention, now))) {
            return true;
        }
        // Asked again because the first answer was lost?
        return findNearby(claim.key()) instanceof Entry.Completed completed && completed.isCompletedBy(claim);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        if (step.outcome() != null) {
            entries.sizeBound().requireFits(claim.key(), step.outcome());
        }
        return change("record a step of", claim, (inProgress, now) -> inProgress.with(step));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        RecordForm.requirePositive("retention of steps", stepRetention);
        return change("release", claim, (inProgress, now) -> inProgress.released(stepRetention, now));
    }

    @Override
    public boolean release(Claim claim) {
        return change("release", claim, (inProgress, now) -> null);
    }

    @Override
    public boolean abandon(Claim claim) {
        return change(
                "abandon", claim, (inProgress, now) -> inProgress.withLeaseUntil(Math.min(inProgress.endsAt, now)));
    }

    private boolean change(String request, Claim claim, Entries.Change change) {
        try {
            return entries.changeHeld(claim, change);
        } catch (RuntimeException failure) {
            throw failed(request, claim.key(), failure);
        }
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        try {
            Entry entry = entries.find(key);
            long now = clock.read();
            // What is in progress is there until its owner or somebody else ends it.
            return entry instanceof Entry.InProgress || (entry != null && !entry.isOver(now))
                    ? entry.observedAt(clock, now)
                    : null;
        } catch (RuntimeException failure) {
            throw failed("find", key, failure);
        }
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        try {
            Entry entry = entries.find(key);
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
            return entries.stream()
                    .filter(each -> each instanceof Entry.InProgress
                            && each.key().toString().compareTo(after) > 0)
                    .map(each -> each.observedAt(clock, now))
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
            return claiming.takeOver(key, expectedToken, claimId, lease);
        } catch (RuntimeException failure) {
            throw failed("take over", key, failure);
        }
    }

    @Override
    public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
        try {
            return entries.find(key) instanceof Entry.Completed completed && !completed.isOver(clock.read())
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
                Entry entry = entries.find(key);
                if (entry == null || entry.fencingToken() != expectedToken) {
                    return false;
                }
                // What is in progress can be forgotten after its lease, all else before it has expired.
                boolean over = entry.isOver(clock.read());
                if (over != entry instanceof Entry.InProgress) {
                    return false;
                }
                if (entries.remove(entry)) {
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
        return entries.size();
    }

    /**
     * About how many bytes the records take, those expired but not yet purged included. An estimate while other threads
     * write.
     *
     * @return the weight of all records
     */
    public long weight() {
        return entries.sizeBound().weight();
    }

    /**
     * How many completed records were evicted before the end of their retention since the store was made.
     *
     * @return the number, which never decreases
     */
    public long evictedEarly() {
        return entries.sizeBound().evictedEarly();
    }

    /**
     * Forgets every record, those in progress too, whose owners can then no longer complete them: for tests. Fencing
     * tokens grow on all the same.
     */
    public void clear() {
        entries.clear();
    }

    /** Purges what has expired; Caffeine does it by itself while there are writes. */
    void purge() {
        entries.purge();
    }

    private static IdempotencyStoreException failed(
            String request, @Nullable IdempotencyKey key, RuntimeException cause) {
        return FORM.failed(request, key, RecordForm.EFFECT_UNKNOWN, cause, false);
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
