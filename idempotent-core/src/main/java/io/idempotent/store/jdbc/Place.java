package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Where tables are that are named without a schema. */
record Place(
        String url,
        @Nullable String user,
        @Nullable String catalog,
        @Nullable String schema) {

    static Place of(Connection connection) throws SQLException {
        return new Place(
                url(connection),
                connection.getMetaData().getUserName(),
                connection.getCatalog(),
                connection.getSchema());
    }

    /**
     * The URL of a connection's database without parameters and user, which may be secret and do not tell databases
     * apart; empty if its driver does not say.
     */
    static String url(Connection connection) throws SQLException {
        String url = connection.getMetaData().getURL();
        return url == null ? "" : url.replaceFirst("[?;].*", "").replaceFirst("//[^/@]*@", "//");
    }

    /**
     * Refuses a data source that leads another thread elsewhere. Leases are renewed, and records purged, by threads
     * that know nothing of those that claim.
     *
     * @throws IdempotencyConfigurationException if it leads elsewhere, or nowhere
     */
    void requireSameOnAnotherThread(DataSource dataSource) {
        AtomicReference<Object> found = new AtomicReference<>("no answer");
        Thread other = new Thread(
                null,
                () -> {
                    try (Connection connection = dataSource.getConnection()) {
                        found.set(of(connection));
                    } catch (SQLException | RuntimeException | Error failure) {
                        found.set(failure);
                    }
                },
                "idempotent-other-thread",
                0,
                false);
        other.setDaemon(true);
        other.setContextClassLoader(Thread.currentThread().getContextClassLoader());
        other.start();
        try {
            other.join();
        } catch (InterruptedException interruption) {
            // Whoever stops the start does not wait for this.
            Thread.currentThread().interrupt();
            return;
        }
        if (!equals(found.get())) {
            Throwable failure = found.get() instanceof Throwable thrown ? thrown : null;
            throw new IdempotencyConfigurationException(
                    "The JDBC idempotency store is on a DataSource that leads another thread elsewhere, or nowhere ("
                            + (failure == null ? "to another database, user, catalog or schema" : failure)
                            + "): leases would not be renewed, and a method would run twice",
                    RoutingDataSources.ACTION,
                    failure);
        }
    }

    /**
     * Chooses the data source whose transactions the store takes part in.
     *
     * @return the callers' if it leads here, and always so; else the store's own
     * @throws IdempotencyConfigurationException if the callers' gives no connection
     */
    DataSource joined(@Nullable DataSource callers, DataSource own) {
        if (callers == null || RoutingDataSources.find(callers) != null) {
            return own;
        }
        try (Connection connection = callers.getConnection()) {
            return equals(of(connection)) ? callers : own;
        } catch (SQLException failure) {
            throw new IdempotencyConfigurationException(
                    "The DataSource whose transactions the JDBC idempotency store is to take part in gives no"
                            + " connection: " + failure.getMessage(),
                    "Start its database, or correct its URL, user or password",
                    failure);
        }
    }
}
