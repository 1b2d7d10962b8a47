package io.idempotent.store.jdbc;

import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.store.IdempotencyStore;
import org.h2.jdbcx.JdbcConnectionPool;

/** What H2 keeps comes back as it was. */
final class H2OutcomeFidelityTest extends OutcomeFidelityContract {

    private static final JdbcIdempotencyStore STORE = JdbcIdempotencyStore.builder(
                    JdbcConnectionPool.create("jdbc:h2:mem:fidelity;DB_CLOSE_DELAY=-1", "sa", ""))
            .build();

    @Override
    protected IdempotencyStore store() {
        return STORE;
    }
}
