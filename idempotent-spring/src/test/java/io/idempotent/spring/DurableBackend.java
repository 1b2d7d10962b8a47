package io.idempotent.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.kill.JdbcNodeFactory;
import io.idempotent.server.Database;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.server.TcpProxy;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.net.URI;
import java.util.UUID;
import java.util.stream.Stream;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Where records outlive a JVM. Addresses are text, so that they can be told to another JVM. */
public enum DurableBackend {
    POSTGRES(Server.POSTGRES_18) {
        @Override
        TcpProxy proxy() {
            PostgresServer server = PostgresServer.version18();
            return new TcpProxy(server.host(), server.port());
        }

        @Override
        public String newAddress() {
            return PostgresServer.version18().newDatabase("records").url();
        }

        @Override
        String through(TcpProxy proxy) {
            Database database = PostgresServer.version18().newDatabase("records");
            return database.through(proxy).url();
        }

        @Override
        public Connected connect(String address) {
            HikariDataSource pool = (HikariDataSource) JdbcNodeFactory.pool(address);
            return new Connected(
                    JdbcIdempotencyStore.builder(pool)
                            .schemaInitialization(SchemaInitialization.ALWAYS)
                            .build(),
                    pool::close);
        }
    },

    REDIS(Server.REDIS) {
        @Override
        TcpProxy proxy() {
            return new TcpProxy(
                    RedisServer.shared().host(), RedisServer.shared().port());
        }

        @Override
        public String newAddress() {
            return address(RedisServer.shared().host(), RedisServer.shared().port());
        }

        @Override
        String through(TcpProxy proxy) {
            return address(proxy.host(), proxy.port());
        }

        private String address(String host, int port) {
            return "redis://%s:%d/%s".formatted(host, port, UUID.randomUUID());
        }

        @Override
        public Connected connect(String address) {
            URI uri = URI.create(address);
            LettuceConnectionFactory connections = new LettuceConnectionFactory(uri.getHost(), uri.getPort());
            connections.afterPropertiesSet();
            connections.start();
            return new Connected(new RedisIdempotencyStore(connections, uri.getPath() + ":"), connections::destroy);
        }
    };

    /**
     * A store that is connected.
     *
     * @param store the store
     * @param connections what to close
     */
    public record Connected(IdempotencyStore store, Closing connections) implements AutoCloseable {

        @Override
        public void close() {
            connections.close();
        }
    }

    public interface Closing {
        /** Closes. */
        void close();
    }

    private final Server server;

    DurableBackend(Server server) {
        this.server = server;
    }

    /** Those that tests are to run on. */
    public static Stream<DurableBackend> wanted() {
        return Stream.of(values()).filter(backend -> backend.server.isWanted());
    }

    /** A way to the server that can be looked at. */
    abstract TcpProxy proxy();

    /** Where a new store, empty, is to be connected to. */
    public abstract String newAddress();

    /** Where a new store, empty, is to be connected to by a way to the server. */
    abstract String through(TcpProxy proxy);

    /** Connects to a store. */
    public abstract Connected connect(String address);
}
