package io.idempotent.benchmarks;

import io.idempotent.server.PostgresServer;
import java.util.Map;

/** Where records are kept, on a server or without one. */
public enum Keeper {
    /** This JVM's memory. */
    CAFFEINE,
    /** As {@link Server#H2}. */
    H2,
    /** As {@link Server#POSTGRES}. */
    POSTGRES,
    /**
     * As {@link #POSTGRES}, with buffers for ten million records: its documentation advises a quarter of a server's
     * memory.
     */
    POSTGRES_WITH_4_GB,
    /** As {@link Server#POSTGRES_WITH_FSYNC}. */
    POSTGRES_WITH_FSYNC,
    /** As {@link Server#MARIADB}. */
    MARIADB,
    /** As {@link Server#REDIS}. */
    REDIS;

    private static final Map<String, String> SETTINGS = Map.of("shared_buffers", "4GB", "max_wal_size", "8GB");

    /** Starts it. */
    public Backend open() {
        return switch (this) {
            case CAFFEINE -> new CaffeineBackend();
            case POSTGRES_WITH_4_GB -> JdbcBackend.postgres(PostgresServer.version18With(SETTINGS));
            case H2, POSTGRES, POSTGRES_WITH_FSYNC, MARIADB, REDIS ->
                Server.valueOf(name()).open();
        };
    }
}
