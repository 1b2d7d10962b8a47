package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

@NeedsServer(Server.REDIS)
@ExtendWith(OutputCaptureExtension.class)
class RedisStoreAutoConfigurationTest {

    private static final String STORE = "redisIdempotencyStore";

    // Public, for the proxy in the test that has a class loader of its own.
    public static class Service {
        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return id + ++runs;
        }
    }

    // In an order of its own, so that each has to say after which it comes.
    private final ApplicationContextRunner withoutRedis = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RedisStoreAutoConfiguration.class, IdempotencyAutoConfiguration.class, AopAutoConfiguration.class))
            .withBean(Service.class);

    private final ApplicationContextRunner boot = withoutRedis
            .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
            .withPropertyValues(
                    "spring.data.redis.host=localhost",
                    "spring.data.redis.port=" + RedisServer.shared().port());

    private final String id = UUID.randomUUID().toString();

    private boolean isInRedis(String prefix) throws IOException {
        return RedisServer.shared().ask("EXISTS " + prefix + "pay:" + id).startsWith(":1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lettuce", "jedis"})
    void recordsAreKeptInTheOnlyRedisThereIsAndReplayedAfterARestart(String client) {
        ApplicationContextRunner application = boot.withPropertyValues("spring.data.redis.client-type=" + client);
        application.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay(id)).isEqualTo(id + 1);
            assertThat(service.pay(id)).isEqualTo(id + 1);
            assertThat(service.pay(id + "-other")).isEqualTo(id + "-other2");
            assertThat(isInRedis("idempotent:")).isTrue();
            assertThat(context.getBean(IdempotencyStore.class)).isInstanceOf(RedisIdempotencyStore.class);
        });
        application.run(context -> {
            assertThat(context.getBean(Service.class).pay(id)).isEqualTo(id + 1);
            assertThat(context.getBean(Service.class).pay(id + "-new")).isEqualTo(id + "-new1");
        });
    }

    @Test
    void theKeysBeginWithThePrefixThatIsSet() {
        boot.withPropertyValues("idempotent.redis.key-prefix=shop:once:").run(context -> {
            context.getBean(Service.class).pay(id);
            assertThat(isInRedis("shop:once:")).isTrue();
            assertThat(isInRedis("idempotent:")).isFalse();
        });
    }

    @Test
    void besideAnotherStoreOneHasToBeChosen() {
        ApplicationContextRunner two =
                boot.withBean("ledger", IdempotencyStore.class, CaffeineIdempotencyStore::create);

        two.run(context -> assertThat(context.getStartupFailure())
                .isInstanceOfSatisfying(
                        IdempotencyConfigurationException.class,
                        failure -> assertThat(failure.description())
                                .contains("There are several idempotency stores")
                                .contains("ledger")
                                .contains(STORE)));
        two.withPropertyValues("idempotent.store=redis").run(context -> {
            context.getBean(Service.class).pay(id);
            assertThat(isInRedis("idempotent:")).isTrue();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"ledger", "caffeine"})
    void whereAnotherIsChosenRedisIsNotAsked(String chosen, CapturedOutput output) throws IOException {
        try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            boot.withBean("ledger", IdempotencyStore.class, CaffeineIdempotencyStore::create)
                    .withPropertyValues("idempotent.store=" + chosen, "spring.data.redis.port=" + nobody.getLocalPort())
                    .run(context -> {
                        assertThat(context.getBean(Service.class).pay(id)).isEqualTo(id + 1);
                        assertThat(context.getBeanFactory().containsSingleton(STORE))
                                .isFalse();
                        assertThat(output).doesNotContain("maxmemory-policy");
                    });
        }
    }

    @Test
    void aPolicyThatEvictsIsToldAtStartupBeforeAnyCall(CapturedOutput output) throws IOException {
        RedisServer.shared().ask("CONFIG SET maxmemory-policy allkeys-lru");
        try {
            boot.run(context -> assertThat(output).containsOnlyOnce("Redis may evict idempotency records"));
        } finally {
            RedisServer.shared().ask("CONFIG SET maxmemory-policy noeviction");
        }
    }

    @Test
    void theApplicationsOwnStoreIsKept() {
        boot.withBean("own", RedisIdempotencyStore.class, () -> new RedisIdempotencyStore(connections(), "own:"))
                .run(context -> {
                    assertThat(context.getBeanNamesForType(RedisIdempotencyStore.class))
                            .containsExactly("own");
                    context.getBean(Service.class).pay(id);
                    assertThat(isInRedis("own:")).isTrue();
                });
        boot.withBean(STORE, IdempotencyStore.class, CaffeineIdempotencyStore::create)
                .run(context -> assertThat(context.getBean(STORE)).isInstanceOf(CaffeineIdempotencyStore.class));
    }

    @Test
    void ofSeveralConnectionsNoneIsGuessed() {
        withoutRedis
                .withBean("one", RedisConnectionFactory.class, RedisStoreAutoConfigurationTest::connections)
                .withBean("two", RedisConnectionFactory.class, RedisStoreAutoConfigurationTest::connections)
                .run(context -> assertThat(context).doesNotHaveBean(STORE));
        withoutRedis
                .withBean("one", RedisConnectionFactory.class, RedisStoreAutoConfigurationTest::connections)
                .withBean(
                        "two",
                        RedisConnectionFactory.class,
                        RedisStoreAutoConfigurationTest::connections,
                        definition -> definition.setPrimary(true))
                .run(context -> {
                    context.getBean(Service.class).pay(id);
                    assertThat(isInRedis("idempotent:")).isTrue();
                });
    }

    @Test
    void withoutRedisThereIsNoStoreForIt() {
        withoutRedis.run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(STORE));
        withoutRedis
                .withClassLoader(new FilteredClassLoader("org.springframework.data.redis"))
                .run(context -> {
                    assertThat(context).hasNotFailed().doesNotHaveBean(STORE);
                    assertThat(context.getBean(Service.class).pay(id)).isEqualTo(id + 1);
                });
    }

    private static LettuceConnectionFactory connections() {
        LettuceConnectionFactory connections =
                new LettuceConnectionFactory("localhost", RedisServer.shared().port());
        connections.afterPropertiesSet();
        return connections;
    }
}
