package io.idempotent.spring.actuate;

import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.UsedStore;
import io.idempotent.store.TimeLimit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;

/**
 * The health of each store that operations use, by the store's name. Asks no store that nobody uses, and makes none.
 */
public final class StoreHealthContributor implements CompositeHealthContributor {

    private final OperationRegistry operations;
    // An interrupt would break an embedded database.
    private final TimeLimit limit = new TimeLimit("idempotent-health", false);

    /** Makes the health of the stores of these operations. */
    public StoreHealthContributor(OperationRegistry operations) {
        this.operations = operations;
    }

    @Override
    public @Nullable HealthContributor getContributor(String name) {
        return stream()
                .filter(entry -> entry.name().equals(name))
                .map(Entry::contributor)
                .findFirst()
                .orElse(null);
    }

    @Override
    public Stream<Entry> stream() {
        return operations.stores().stream().map(this::entry);
    }

    private Entry entry(UsedStore store) {
        return new Entry(store.name(), new StoreHealthIndicator(store, limit));
    }
}
