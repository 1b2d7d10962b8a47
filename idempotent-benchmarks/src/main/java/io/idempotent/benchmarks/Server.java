package io.idempotent.benchmarks;

import io.idempotent.server.PostgresServer;

/** What the stores are measured on. */
public enum Server {
    /** Embedded, in memory. */
    H2 {
        @Override
        ServerBackend open() {
            return JdbcBackend.h2();
        }
    },
    /** PostgreSQL 18 without fsync, where the client's part is largest. */
    POSTGRES {
        @Override
        ServerBackend open() {
            return JdbcBackend.postgres(PostgresServer.version18());
        }
    },
    /** PostgreSQL 18 as its own defaults have it. */
    POSTGRES_WITH_FSYNC {
        @Override
        ServerBackend open() {
            return JdbcBackend.postgres(PostgresServer.version18WithFsync());
        }
    },
    /** MariaDB as its own defaults have it. */
    MARIADB {
        @Override
        ServerBackend open() {
            return JdbcBackend.mariaDb();
        }
    },
    /** Redis; by hand with Lettuce itself. */
    REDIS {
        @Override
        ServerBackend open() {
            return new RedisBackend(true);
        }
    },
    /** Redis; by hand with the connections of Spring Data Redis, which the store uses. */
    REDIS_BY_SPRING {
        @Override
        ServerBackend open() {
            return new RedisBackend(false);
        }
    };

    /** Starts it. */
    abstract ServerBackend open();
}
