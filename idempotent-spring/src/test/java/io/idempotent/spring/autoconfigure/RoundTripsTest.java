package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.OnOneJdk;
import io.idempotent.server.Database;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.server.TcpProxy;
import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** What goes over the wire for one call of a bean's method, all in all. */
@OnOneJdk("the same statements")
class RoundTripsTest {

    /** Where the records are. */
    enum Backend {
        POSTGRES(Server.POSTGRES_18, 1),
        MARIADB(Server.MARIADB, 2),
        REDIS(Server.REDIS, 1);

        private final Server server;
        private final int ofClaim;

        Backend(Server server, int ofClaim) {
            this.server = server;
            this.ofClaim = ofClaim;
        }

        TcpProxy proxy() {
            if (this == REDIS) {
                return new TcpProxy(
                        RedisServer.shared().host(), RedisServer.shared().port());
            }
            return new TcpProxy(databases().host(), databases().port());
        }

        private DatabaseServer databases() {
            return this == MARIADB ? MariaDbServer.shared() : PostgresServer.version18();
        }

        ApplicationContextRunner application(TcpProxy proxy) {
            ApplicationContextRunner boot = new ApplicationContextRunner()
                    .withConfiguration(AutoConfigurations.of(
                            IdempotencyAutoConfiguration.class,
                            JdbcStoreAutoConfiguration.class,
                            RedisStoreAutoConfiguration.class,
                            AopAutoConfiguration.class))
                    .withPropertyValues("idempotent.jdbc.initialize-schema=always", "idempotent.jdbc.purge-interval=0")
                    .withBean(Service.class);
            if (this == REDIS) {
                return boot.withBean(
                        LettuceConnectionFactory.class, () -> new LettuceConnectionFactory(proxy.host(), proxy.port()));
            }
            Database database = databases().newDatabase("round_trips").through(proxy);
            return boot.withBean(HikariDataSource.class, () -> new HikariDataSource(config(database)));
        }

        private static HikariConfig config(Database database) {
            // Asked before each use only if it was idle for longer, which would be one more request to count.
            System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "600000");
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(database.url());
            config.setMaximumPoolSize(1);
            return config;
        }
    }

    static class Service {

        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return id + ++runs;
        }
    }

    static Stream<Backend> backends() {
        return Stream.of(Backend.values()).filter(backend -> backend.server.isWanted());
    }

    private static long roundTrips(TcpProxy proxy, Service service, String id) {
        long before = proxy.traffic().requests();
        assertThat(service.pay(id)).startsWith(id);
        return proxy.traffic().requests() - before;
    }

    /** Drivers look at types and prepare statements at first, and Redis learns the scripts. */
    private static void warmUp(Service service) {
        for (int turn = 0; turn < 10; turn++) {
            String id = UUID.randomUUID().toString();
            assertThat(service.pay(id)).isEqualTo(service.pay(id));
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void aFirstCallTakesOneForTheClaimAndOneForTheCompletionAndAReplayOne(Backend backend) {
        try (TcpProxy proxy = backend.proxy()) {
            backend.application(proxy).run(context -> {
                Service service = context.getBean(Service.class);
                warmUp(service);
                String id = UUID.randomUUID().toString();
                assertThat(roundTrips(proxy, service, id)).as("first").isEqualTo(backend.ofClaim + 1);
                assertThat(roundTrips(proxy, service, id)).as("replay").isEqualTo(1);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void aReplayFromTheNearCacheTakesNone(Backend backend) {
        try (TcpProxy proxy = backend.proxy()) {
            backend.application(proxy)
                    .withPropertyValues("idempotent.near-cache.maximum-size=100")
                    .run(context -> {
                        Service service = context.getBean(Service.class);
                        warmUp(service);
                        String id = UUID.randomUUID().toString();
                        assertThat(roundTrips(proxy, service, id)).as("first").isEqualTo(backend.ofClaim + 1);
                        assertThat(roundTrips(proxy, service, id)).as("replay").isZero();
                    });
        }
    }
}
