package io.idempotent.benchmarks;

import io.idempotent.server.PostgresServer;
import java.net.InetSocketAddress;
import java.util.function.UnaryOperator;

/** What the stores are measured on. */
public enum Server {
    /** Embedded, in memory. */
    H2 {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return JdbcBackend.h2();
        }
    },
    /** PostgreSQL 18 without fsync, where the client's part is largest. */
    POSTGRES {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return JdbcBackend.postgres(PostgresServer.version18(), way);
        }
    },
    /** PostgreSQL 18 as its own defaults have it. */
    POSTGRES_WITH_FSYNC {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return JdbcBackend.postgres(PostgresServer.version18WithFsync(), way);
        }
    },
    /** MariaDB as its own defaults have it. */
    MARIADB {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return JdbcBackend.mariaDb(way);
        }
    },
    /** Redis; by hand with Lettuce itself. */
    REDIS {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return new RedisBackend(way, true);
        }
    },
    /** Redis; by hand with the connections of Spring Data Redis, which the store uses. */
    REDIS_BY_SPRING {
        @Override
        public ServerBackend open(UnaryOperator<InetSocketAddress> way) {
            return new RedisBackend(way, false);
        }
    };

    /** Starts it. */
    ServerBackend open() {
        return open(UnaryOperator.identity());
    }

    /**
     * Starts it, and leads all that it is asked another way.
     *
     * @param way is told where a server is, and tells where to connect to instead
     */
    public abstract ServerBackend open(UnaryOperator<InetSocketAddress> way);
}
