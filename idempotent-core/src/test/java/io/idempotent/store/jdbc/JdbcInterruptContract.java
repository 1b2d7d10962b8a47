package io.idempotent.store.jdbc;

import io.idempotent.fault.InterruptContract;
import io.idempotent.store.IdempotencyStore;
import javax.sql.DataSource;

/** Interrupted callers of the JDBC store. */
abstract class JdbcInterruptContract extends InterruptContract {

    private final IdempotencyStore store;

    JdbcInterruptContract(TestDatabase database) {
        this(database.pool());
    }

    JdbcInterruptContract(DataSource dataSource) {
        this.store = JdbcIdempotencyStore.builder(dataSource)
                .tableName("interrupted")
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    @Override
    protected final IdempotencyStore store() {
        return store;
    }
}
