package io.idempotent.spring.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisServerCommands;

@NeedsServer(Server.REDIS)
@ExtendWith(OutputCaptureExtension.class)
class EvictionPolicyTest {

    private static final String WARNING = "Redis may evict idempotency records";
    private static final String NOT_CHECKED = "could not be checked";

    private final RedisServer redis = RedisServer.shared();

    @AfterEach
    void evictNothing() throws IOException {
        redis.ask("CONFIG SET maxmemory-policy noeviction");
        RedisServer.cluster().ask("CONFIG SET maxmemory-policy noeviction");
    }

    private static void check(RedisConnectionFactory connections) {
        new RedisIdempotencyStore(connections).afterPropertiesSet();
    }

    @ParameterizedTest
    @CsvSource({"LETTUCE, allkeys-lru", "JEDIS, volatile-ttl"})
    void aPolicyThatEvictsIsAWarningThatSaysWhatToDo(Driver driver, String policy, CapturedOutput output)
            throws IOException {
        redis.ask("CONFIG SET maxmemory-policy " + policy);

        check(driver.connect(redis.port()));

        assertThat(output)
                .containsOnlyOnce(WARNING)
                .contains("WARN")
                .contains("maxmemory-policy is " + policy)
                .contains("Set maxmemory-policy to noeviction")
                .doesNotContain(NOT_CHECKED);
    }

    @ParameterizedTest
    @EnumSource
    void aPolicyThatEvictsNothingIsSilent(Driver driver, CapturedOutput output) {
        check(driver.connect(redis.port()));

        assertThat(output).doesNotContain(WARNING).doesNotContain(NOT_CHECKED);
    }

    @ParameterizedTest
    @EnumSource
    void aRedisThatRefusesToTellIsSaidAndNoFailure(Driver driver, CapturedOutput output) throws IOException {
        redis.ask("ACL SETUSER untold on nopass ~* +@all -config");

        check(driver.connect(redis.port(), "untold"));

        assertThat(output)
                .containsOnlyOnce(NOT_CHECKED)
                .contains("INFO")
                .contains("make sure that its maxmemory-policy is noeviction")
                .doesNotContain(WARNING);
    }

    @Test
    void aServiceThatAnswersNothingIsSaid(CapturedOutput output) {
        RedisServerCommands commands = answering(RedisServerCommands.class, new Properties());
        RedisConnection connection = answering(RedisConnection.class, commands);

        check(answering(RedisConnectionFactory.class, connection));

        assertThat(output).containsOnlyOnce(NOT_CHECKED).contains("it answered nothing");
    }

    private static <T> T answering(Class<T> type, Object answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> method.getName().equals("close") ? null : answer));
    }

    @ParameterizedTest
    @EnumSource
    void aRedisThatIsNotThereIsSaidAndNoFailure(Driver driver, CapturedOutput output) throws IOException {
        check(driver.connect(Driver.portOfNobody()));

        assertThat(output).containsOnlyOnce(NOT_CHECKED).doesNotContain(WARNING);
    }

    @ParameterizedTest
    @EnumSource
    void theNodesOfAClusterAreAskedToo(Driver driver, CapturedOutput output) throws IOException {
        RedisServer.cluster().ask("CONFIG SET maxmemory-policy allkeys-lfu");

        check(driver.connectToCluster(RedisServer.cluster().port()));

        assertThat(output).containsOnlyOnce(WARNING).contains("maxmemory-policy is allkeys-lfu");
    }
}
