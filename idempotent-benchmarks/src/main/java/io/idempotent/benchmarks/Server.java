package io.idempotent.benchmarks;

import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;

/** What the stores are measured on. */
public enum Server {
    /** Embedded, in memory. */
    H2 {
        @Override
        Backend open() {
            return new JdbcBackend(
                    "jdbc:h2:mem:benchmark;DB_CLOSE_DELAY=-1",
                    "SYSTEM_RANGE(1, %d)",
                    "STRINGTOUTF8('" + StoreClaimant.OPERATION + ":' || X)");
        }
    },
    /** PostgreSQL 18 without fsync, where the client's part is largest. */
    POSTGRES {
        @Override
        Backend open() {
            return postgres(PostgresServer.version18());
        }
    },
    /** PostgreSQL 18 as its own defaults have it. */
    POSTGRES_WITH_FSYNC {
        @Override
        Backend open() {
            return postgres(PostgresServer.version18WithFsync());
        }
    },
    /** MariaDB as its own defaults have it. */
    MARIADB {
        @Override
        Backend open() {
            return new JdbcBackend(
                    MariaDbServer.shared().newDatabase("benchmark").url(),
                    "seq_1_to_%d",
                    "CONCAT('" + StoreClaimant.OPERATION + ":', seq)");
        }
    },
    /** Redis; by hand with Lettuce itself. */
    REDIS {
        @Override
        Backend open() {
            return new RedisBackend(true);
        }
    },
    /** Redis; by hand with the connections of Spring Data Redis, which the store uses. */
    REDIS_BY_SPRING {
        @Override
        Backend open() {
            return new RedisBackend(false);
        }
    };

    /** Starts it. */
    abstract Backend open();

    private static Backend postgres(DatabaseServer server) {
        return new JdbcBackend(
                server.newDatabase("benchmark").url(),
                "generate_series(1, %d) AS number",
                "convert_to('" + StoreClaimant.OPERATION + ":' || number, 'UTF8')");
    }
}
