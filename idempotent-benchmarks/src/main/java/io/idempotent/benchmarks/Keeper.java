package io.idempotent.benchmarks;

/** Where records are kept, on a server or without one. */
public enum Keeper {
    /** This JVM's memory. */
    CAFFEINE,
    /** As {@link Server#H2}. */
    H2,
    /** As {@link Server#POSTGRES}. */
    POSTGRES,
    /** As {@link Server#POSTGRES_WITH_FSYNC}. */
    POSTGRES_WITH_FSYNC,
    /** As {@link Server#MARIADB}. */
    MARIADB,
    /** As {@link Server#REDIS}. */
    REDIS;

    /** Starts it. */
    public Backend open() {
        return this == CAFFEINE ? new CaffeineBackend() : Server.valueOf(name()).open();
    }
}
