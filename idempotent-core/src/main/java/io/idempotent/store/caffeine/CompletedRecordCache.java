package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import io.idempotent.store.RecordForm;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Keeps completed records of another store in the memory of this JVM, in a Caffeine cache. A replay that {@link
 * #findNearby} answers costs no round trip. Every other request goes to the other store, and is answered by it.
 *
 * <p>Records are kept by value: encoded outcomes and digests of requests. The fingerprint is kept with the outcome, so
 * that a key that is used again for something else is noticed here, too.
 *
 * <p><b>Size.</b> The cache keeps no more records than its maximum size, and they weigh no more than its maximum
 * weight. The weight of a record is about how many bytes it takes; one that weighs more than its share counts as
 * several. Beyond that, those go that are asked for least, which costs a round trip and nothing else.
 *
 * <p><b>Time.</b> A record is kept until its time-to-live or its retention is over, whichever is sooner. What is left
 * of the retention is told by the other store's clock when it answers; it is counted by a {@link Ticker}, from before
 * the request, so that it is never too long. This JVM's calendar does not matter.
 *
 * <p><b>Forgetting.</b> A record that is forgotten through this cache is gone from it at once. That another node forgot
 * it goes unseen for at most the time-to-live, unless this node asks the other store for it sooner; until then this
 * node replays its outcome.
 *
 * <p><b>Transactions.</b> What a transaction of the caller completes may yet be rolled back, and must not be seen here
 * before. So such a completion goes to the other store itself, which {@link #unwrap} gives, and the outcome is found
 * here after the first replay.
 *
 * <p><b>How a key's entry changes:</b>
 *
 * <ol>
 *   <li>A claim that is made by this cache leaves a note of what its request said, since completing does not tell. The
 *       note is kept for the time-to-live, since this cache is not told of every end, and goes when the claim is
 *       released or abandoned. A take-over leaves none: the record says what its first request said, which may be less.
 *   <li>The first completion of a claim that left a note takes it away. If it is answered with true, the completed
 *       record takes its place. A completion that is asked again fills nothing, since it does not tell what was
 *       recorded, and when.
 *   <li>A completed record that {@code claim} or {@code find} answers is kept.
 *   <li>{@code forget} removes the entry first, so that it is not replayed from here on. Its request made, even in
 *       vain, it counts and removes again. Whoever makes a request that may fill reads that count before, and keeps the
 *       answer only if the count is the same, both under Caffeine's lock for the key. So an answer from before the
 *       forgetting is either removed by it, or not kept.
 *   <li>An answer by which the key is not completed removes a completed record. Removing is never wrong, and costs a
 *       round trip at most.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
public final class CompletedRecordCache extends ForwardingIdempotencyStore implements NearbyOutcomes {

    /** How many records are kept by default: {@value}. */
    public static final long DEFAULT_MAXIMUM_SIZE = 10_000;

    /** How long a record is kept by default: five minutes. */
    public static final Duration DEFAULT_TIME_TO_LIVE = Duration.ofMinutes(5);

    private final Ticker ticker;
    private final Duration timeToLive;
    private final Cache<IdempotencyKey, Kept> cache;
    private final ConcurrentMap<IdempotencyKey, Kept> entries;
    private final AtomicLong forgets = new AtomicLong();
    private final LongAdder hits = new LongAdder();

    private CompletedRecordCache(Builder builder) {
        super(builder.store);
        this.ticker = builder.ticker;
        this.timeToLive = builder.timeToLive;
        long share = Math.max(1, builder.maximumWeight / builder.maximumSize);
        this.cache = Caffeine.newBuilder()
                .maximumWeight(Math.min(builder.maximumSize, builder.maximumWeight))
                .weigher((IdempotencyKey key, Kept kept) ->
                        (int) Math.min(Integer.MAX_VALUE, 1 + (kept.weight(key) - 1) / share))
                .ticker(ticker)
                .expireAfter(
                        Expiry.writing((IdempotencyKey key, Kept kept) -> kept.remaining(ticker.read(), timeToLive)))
                // Purging in the thread that writes needs no other thread, and has happened when the write returns.
                .executor(Runnable::run)
                .build();
        this.entries = cache.asMap();
    }

    /**
     * Begins a cache in front of a store.
     *
     * @param store the store, which keeps what it is given by value
     * @return a builder with the default settings
     * @throws IdempotencyConfigurationException if the store keeps references
     */
    public static Builder builder(IdempotencyStore store) {
        return new Builder(store);
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        IdempotencyKey key = request.key();
        Moment asked = now();
        ClaimResult result = super.claim(request);
        if (result instanceof ClaimResult.Completed completed) {
            keep(completed.record(), asked);
            return result;
        }
        removeCompleted(key);
        if (result instanceof ClaimResult.Claimed claimed
                && claimed.takeovers() == 0
                && claimed.steps().isEmpty()) {
            // Asked again, it is what the first request said that counts.
            entries.compute(
                    key,
                    (same, kept) -> kept instanceof Note note && note.claim.equals(claimed.claim())
                            ? kept
                            : new Note(claimed.claim(), request.fingerprint(), request.traceId()));
        }
        return result;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        Note note = takeNote(claim);
        Moment asked = now();
        boolean completed = super.complete(claim, outcome, retention);
        if (completed && note != null) {
            keep(claim.key(), asked, retention, note.fingerprint, outcome, note.traceId);
        }
        return completed;
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        var unused = takeNote(claim);
        return super.release(claim, stepRetention);
    }

    @Override
    public boolean release(Claim claim) {
        var unused = takeNote(claim);
        return super.release(claim);
    }

    @Override
    public boolean abandon(Claim claim) {
        var unused = takeNote(claim);
        return super.abandon(claim);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        Moment asked = now();
        IdempotencyRecord record = super.find(key);
        if (record == null || !keep(record, asked)) {
            removeCompleted(key);
        }
        return record;
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        ClaimResult.Claimed claimed = super.takeOver(key, expectedToken, claimId, lease);
        if (claimed != null) {
            removeCompleted(key);
        }
        return claimed;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Answers what this cache has, and asks nobody.
     */
    @Override
    public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
        if (cache.getIfPresent(key) instanceof Completed completed) {
            hits.increment();
            return completed;
        }
        return null;
    }

    /** Returns how many outcomes were found here since the cache was made. */
    public long hits() {
        return hits.sum();
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        entries.remove(key);
        try {
            return super.forget(key, expectedToken);
        } finally {
            // Also what was asked for since, and answered before the forgetting took effect.
            forgets.incrementAndGet();
            entries.remove(key);
        }
    }

    private void removeCompleted(IdempotencyKey key) {
        entries.computeIfPresent(key, (same, kept) -> kept instanceof Completed ? null : kept);
    }

    /** The note of a claim, the first time that it is asked for; null if there is none. */
    private @Nullable Note takeNote(Claim claim) {
        return entries.get(claim.key()) instanceof Note note
                        && note.claim.equals(claim)
                        && entries.remove(claim.key(), note)
                ? note
                : null;
    }

    /** Keeps a record if it is completed; tells whether it is. */
    private boolean keep(IdempotencyRecord record, Moment asked) {
        if (!(record.state() instanceof IdempotencyRecord.Completed completed)) {
            return false;
        }
        keep(
                record.key(),
                asked,
                Duration.between(record.observedAt(), completed.retainedUntil()),
                record.fingerprint(),
                completed.outcome(),
                record.traceId());
        return true;
    }

    private void keep(
            IdempotencyKey key,
            Moment asked,
            Duration retention,
            Fingerprint fingerprint,
            RecordedOutcome outcome,
            @Nullable String traceId) {
        long lifetime = Math.min(TimeUnit.NANOSECONDS.convert(timeToLive), TimeUnit.NANOSECONDS.convert(retention));
        Completed completed = new Completed(fingerprint, outcome, traceId, asked.nanoseconds(), lifetime);
        entries.compute(key, (same, kept) -> forgets.get() == asked.forgets() ? completed : kept);
    }

    private Moment now() {
        return new Moment(ticker.read(), forgets.get());
    }

    /**
     * When a request was made.
     *
     * @param nanoseconds by the ticker
     * @param forgets how many requests to forget had been answered
     */
    private record Moment(long nanoseconds, long forgets) {}

    /** What there is for a key. */
    private sealed interface Kept {

        /** Returns for how long it stays, which is no longer than the time-to-live. */
        Duration remaining(long now, Duration timeToLive);

        /** Returns about how many bytes of memory it takes under its key. */
        long weight(IdempotencyKey key);
    }

    /** What the request of a claim said; stays until that claim ends, its time-to-live is over, or others need room. */
    private record Note(
            Claim claim, Fingerprint fingerprint, @Nullable String traceId) implements Kept {

        @Override
        public Duration remaining(long now, Duration timeToLive) {
            return timeToLive;
        }

        @Override
        public long weight(IdempotencyKey key) {
            return Weights.of(key, fingerprint);
        }
    }

    /** A completed record. */
    private record Completed(
            Fingerprint fingerprint,
            RecordedOutcome outcome,
            @Nullable String traceId,
            long askedAt,
            long lifetime) implements Kept, NearbyOutcome {

        @Override
        public Duration remaining(long now, Duration timeToLive) {
            return Duration.ofNanos(Math.max(0, lifetime - (now - askedAt)));
        }

        @Override
        public long weight(IdempotencyKey key) {
            return Weights.of(key, fingerprint) + Weights.of(outcome);
        }
    }

    /** The settings of a cache. Each is checked at once. Not safe for use by many threads. */
    public static final class Builder {

        private final IdempotencyStore store;
        private long maximumSize = DEFAULT_MAXIMUM_SIZE;
        private long maximumWeight = Weights.shareOfHeap();
        private Duration timeToLive = DEFAULT_TIME_TO_LIVE;
        private Ticker ticker = Ticker.systemTicker();

        private Builder(IdempotencyStore store) {
            if (store.keepsReferences()) {
                throw new IdempotencyConfigurationException(
                        "The store " + store.getClass().getName()
                                + " keeps references in this JVM's memory, and needs no cache in front of it",
                        "Use it without one");
            }
            this.store = store;
        }

        /**
         * Sets how many records may be kept, including the claims of this node that are running. Defaults to {@value
         * CompletedRecordCache#DEFAULT_MAXIMUM_SIZE}.
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
         * Sets how much the records may weigh. Defaults to a quarter of the JVM's maximum heap.
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
         * Sets how long a record may be kept, and so how long it may go unseen that another node forgot it. Defaults to
         * five minutes. Longer than 292 years is as long as that.
         *
         * @param timeToLive the time, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder timeToLive(Duration timeToLive) {
            RecordForm.requirePositive("time-to-live", timeToLive);
            this.timeToLive = timeToLive;
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
         * Makes the cache.
         *
         * @return the cache, empty
         */
        public CompletedRecordCache build() {
            return new CompletedRecordCache(this);
        }
    }
}
