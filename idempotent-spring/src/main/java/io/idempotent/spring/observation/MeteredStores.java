package io.idempotent.spring.observation;

import io.idempotent.spring.operation.StoreObserver;
import io.idempotent.store.IdempotencyStore;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Binds {@link StoreMeters} of each store that operations use. Spring Boot configures it where there is a {@link
 * MeterRegistry}. Without Spring Boot, declare a bean of this type.
 */
public final class MeteredStores implements StoreObserver {

    private static final Log LOG = LogFactory.getLog(MeteredStores.class);

    private final MeterRegistry registry;

    /** Binds meters to this registry. */
    public MeteredStores(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void used(String name, IdempotencyStore store) {
        try {
            new StoreMeters(name, store).bindTo(registry);
        } catch (RuntimeException | Error failure) {
            LOG.error("The idempotency store '" + name + "' has no meters; its operations are not affected", failure);
        }
    }
}
