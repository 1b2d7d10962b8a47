package io.idempotent.kill;

import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.List;

/** Atomic operations on the JDBC store; records and payments in one database, whose URL is the only argument. */
public final class AtomicNodeFactory implements NodeFactory {

    /** For the JVM that is told its name. */
    public AtomicNodeFactory() {}

    @Override
    public Node open(List<String> arguments, Journal journal) {
        return new AtomicNode(JdbcIdempotencyStore.builder(JdbcNodeFactory.pool(arguments.get(0)))
                .build());
    }
}
