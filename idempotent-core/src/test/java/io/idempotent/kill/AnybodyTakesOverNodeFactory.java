package io.idempotent.kill;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import javax.sql.DataSource;

/** A planted fault: each claim first ends the leases of all others. */
public final class AnybodyTakesOverNodeFactory extends JdbcNodeFactory {

    /** For the JVM that is told its name. */
    public AnybodyTakesOverNodeFactory() {}

    @Override
    IdempotencyStore store(DataSource database) {
        IdempotencyStore store = JdbcIdempotencyStore.builder(database).build();
        return (IdempotencyStore) Proxy.newProxyInstance(
                IdempotencyStore.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("claim")) {
                        endAllLeases(database);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private static void endAllLeases(DataSource database) throws Exception {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE " + JdbcIdempotencyStore.DEFAULT_TABLE_NAME
                    + " SET lease_ends_at = claimed_at WHERE completed_at IS NULL");
        }
    }
}
