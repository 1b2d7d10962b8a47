package io.idempotent.spring.observation;

import io.idempotent.spring.operation.StoreObserver;
import io.idempotent.store.IdempotencyStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Binds {@link StoreMeters} of each store that operations use. Spring Boot configures it where there is a {@link
 * MeterRegistry}. Without Spring Boot, declare a bean of this type.
 */
public final class MeteredStores implements StoreObserver {

    private static final Log LOG = LogFactory.getLog(MeteredStores.class);

    private final MeterRegistry registry;

    private final Duration countInterval;

    /**
     * Binds meters to a registry.
     *
     * @param countInterval how long a count of what is in progress is good for
     */
    public MeteredStores(MeterRegistry registry, Duration countInterval) {
        this.registry = registry;
        this.countInterval = countInterval;
    }

    @Override
    public void used(String name, IdempotencyStore store) {
        try {
            new StoreMeters(name, store, countInterval).bindTo(registry);
        } catch (RuntimeException | Error failure) {
            LOG.error("The idempotency store '" + name + "' has no meters; its operations are not affected", failure);
        }
    }
}
