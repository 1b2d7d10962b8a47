package io.idempotent.spring.observation;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordCounts;
import io.idempotent.store.RecordCounts.InProgress;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Meters of what a store keeps. It counts nothing itself: a scrape asks the store.
 *
 * <ul>
 *   <li>{@code idempotent.store.size} and {@code idempotent.store.weight}: how many records a Caffeine store keeps, and
 *       about how many bytes they take.
 *   <li>{@code idempotent.store.early.evictions}: how many records it dropped before their retention was over. Their
 *       keys are free again, though they should not be.
 *   <li>{@code idempotent.near.cache.hits}: how many outcomes of a durable store were found in memory, without
 *       a round trip.
 *   <li>{@code idempotent.records.live}, {@code idempotent.records.abandoned} and {@code idempotent.records.oldest}:
 *       how many records have no outcome yet, with an owner and without, and how long ago the first of them was last
 *       claimed. Only of stores that can count them by an index. Asked for once in an interval, however often they are
 *       scraped, and unknown while the store fails.
 * </ul>
 *
 * @param name the name of the store, which is the value of the tag {@code store}
 * @param store the store as operations use it
 * @param countInterval how long a count of what is in progress is good for
 */
record StoreMeters(String name, IdempotencyStore store, Duration countInterval) implements MeterBinder {

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("store", name);
        CaffeineIdempotencyStore caffeine = store.unwrap(CaffeineIdempotencyStore.class);
        if (caffeine != null) {
            Gauge.builder("idempotent.store.size", caffeine, CaffeineIdempotencyStore::size)
                    .description("Records that the store keeps in memory")
                    .tags(tags)
                    .register(registry);
            Gauge.builder("idempotent.store.weight", caffeine, CaffeineIdempotencyStore::weight)
                    .description("About how many bytes the records take")
                    .baseUnit(BaseUnits.BYTES)
                    .tags(tags)
                    .register(registry);
            FunctionCounter.builder(
                            "idempotent.store.early.evictions", caffeine, CaffeineIdempotencyStore::evictedEarly)
                    .description("Completed records that were dropped before their retention was over")
                    .tags(tags)
                    .register(registry);
        }
        CompletedRecordCache nearCache = store.unwrap(CompletedRecordCache.class);
        if (nearCache != null) {
            FunctionCounter.builder("idempotent.near.cache.hits", nearCache, CompletedRecordCache::hits)
                    .description("Outcomes that were found in memory, without a round trip to the store")
                    .tags(tags)
                    .register(registry);
        }
        RecordCounts counts = store.unwrap(RecordCounts.class);
        if (counts != null) {
            bindCounts(new CachedCounts(counts, countInterval), tags, registry);
        }
    }

    // Each gauge holds the counts, which nobody else does.
    private static void bindCounts(CachedCounts counts, Tags tags, MeterRegistry registry) {
        Gauge.builder("idempotent.records.live", () -> counts.value(InProgress::live))
                .description("Records that are in progress, and have an owner")
                .tags(tags)
                .register(registry);
        Gauge.builder("idempotent.records.abandoned", () -> counts.value(InProgress::abandoned))
                .description("Records that are in progress, and whose lease is over")
                .tags(tags)
                .register(registry);
        TimeGauge.builder(
                        "idempotent.records.oldest",
                        () -> counts.value(found -> found.oldest().toMillis()),
                        TimeUnit.MILLISECONDS)
                .description("How long ago the first record in progress was last claimed")
                .tags(tags)
                .register(registry);
    }
}
