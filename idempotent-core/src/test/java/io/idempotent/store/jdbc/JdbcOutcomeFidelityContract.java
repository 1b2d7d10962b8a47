package io.idempotent.store.jdbc;

import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.store.IdempotencyStore;

/** What a database keeps comes back as it was. */
abstract class JdbcOutcomeFidelityContract extends OutcomeFidelityContract {

    private final JdbcIdempotencyStore store;

    JdbcOutcomeFidelityContract(TestDatabase database) {
        store = JdbcIdempotencyStore.builder(database.pool())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    @Override
    protected IdempotencyStore store() {
        return store;
    }
}
