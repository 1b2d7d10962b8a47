package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.idempotent.IdempotencyKey;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a store by their keys, which are weighed and bounded.
 *
 * <ol>
 *   <li>Entries are immutable. What there is for a key is read without a lock, and without Caffeine's bookkeeping.
 *   <li>The first entry of a key is computed under Caffeine's lock for the key.
 *   <li>Every other change replaces or removes the entry that was read, by identity; if another was faster, it begins
 *       again.
 *   <li>Caffeine purges what has expired, in a thread that writes. Its time moves on with {@link #now}.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
final class Entries {

    private final StoreClock clock;
    private final CoarseTicker purgeTicker = new CoarseTicker();
    private final Cache<IdempotencyKey, Entry> cache;
    private final Policy<IdempotencyKey, Entry> policy;
    private final ConcurrentMap<IdempotencyKey, Entry> map;
    private final SizeBound sizeBound;

    Entries(StoreClock clock, long maximumSize, long maximumWeight, Consumer<IdempotencyRecord> evictionListener) {
        this.clock = clock;
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
        this.map = cache.asMap();
        this.sizeBound = new SizeBound(maximumSize, maximumWeight, cache, clock, evictionListener);
    }

    SizeBound sizeBound() {
        return sizeBound;
    }

    /** Returns the store's time, and lets Caffeine purge what has expired by then. */
    long now() {
        long now = clock.read();
        purgeTicker.reach(now);
        return now;
    }

    @Nullable
    Entry find(IdempotencyKey key) {
        return policy.getIfPresentQuietly(key);
    }

    Stream<Entry> stream() {
        return map.values().stream();
    }

    long size() {
        return cache.estimatedSize();
    }

    /** Returns the entry of a key, which is made first if there is none. */
    Entry findOrMake(IdempotencyKey key, Function<IdempotencyKey, Entry> first) {
        return map.computeIfAbsent(key, first);
    }

    /** Counts an entry that was made. */
    void made(Entry entry) {
        sizeBound.weigh(entry.weight());
        sizeBound.enforce();
    }

    /** Replaces an entry that was read, if it still is there. */
    boolean replace(Entry read, Entry changed) {
        if (!map.replace(read.key(), read, changed)) {
            return false;
        }
        if (!(changed instanceof Entry.InProgress)) {
            sizeBound.completed(changed.endsAt);
        }
        long heavier = changed.weight() - read.weight();
        if (heavier != 0) {
            sizeBound.weigh(heavier);
            sizeBound.enforce();
        }
        return true;
    }

    /** Removes an entry that was read, if it still is there. */
    boolean remove(Entry read) {
        if (!map.remove(read.key(), read)) {
            return false;
        }
        removed(read);
        return true;
    }

    private void removed(Entry entry) {
        sizeBound.weigh(-entry.weight());
    }

    /** A change of an entry in progress. */
    interface Change {

        /** The entry that is to be there instead; null for none. */
        @Nullable
        Entry of(Entry.InProgress inProgress, long now);
    }

    /**
     * Changes the entry of a key in progress, if the claim is its last.
     *
     * @return whether it was changed
     */
    boolean changeHeld(Claim claim, Change change) {
        while (find(claim.key()) instanceof Entry.InProgress inProgress && inProgress.isHeldBy(claim)) {
            Entry changed = change.of(inProgress, now());
            if (changed == null ? remove(inProgress) : replace(inProgress, changed)) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        map.values().forEach(this::remove);
    }

    /** Purges what has expired; Caffeine does it by itself while there are writes. */
    void purge() {
        var unused = now();
        cache.cleanUp();
    }
}
