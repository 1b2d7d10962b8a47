package io.idempotent.spring.observation;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Meters of what a store keeps in this JVM's memory. It counts nothing itself: a scrape asks the store.
 *
 * <ul>
 *   <li>{@code idempotent.store.size} and {@code idempotent.store.weight}: how many records a Caffeine store keeps, and
 *       about how many bytes they take.
 *   <li>{@code idempotent.store.early.evictions}: how many records it dropped before their retention was over. Their
 *       keys are free again, though they should not be.
 *   <li>{@code idempotent.near.cache.hits}: how many replays of a durable store cost no round trip.
 * </ul>
 *
 * @param name the name of the store, which is the value of the tag {@code store}
 * @param store the store as operations use it
 */
public record StoreMeters(String name, IdempotencyStore store) implements MeterBinder {

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
                    .description("Replays that cost no round trip to the store")
                    .tags(tags)
                    .register(registry);
        }
    }
}
