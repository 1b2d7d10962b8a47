package io.idempotent.kill.order;

import io.idempotent.kill.JdbcNodeFactory;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.List;

/** The JDBC store on the database whose URL is the only argument. */
public final class JdbcStoreFactory implements StoreFactory {

    /** For the JVM that is told its name. */
    public JdbcStoreFactory() {}

    @Override
    public IdempotencyStore open(List<String> arguments) {
        return JdbcIdempotencyStore.builder(JdbcNodeFactory.pool(arguments.get(0)))
                .build();
    }
}
