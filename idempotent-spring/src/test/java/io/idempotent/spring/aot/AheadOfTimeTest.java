package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.aspectj.weaver.loadtime.Agent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Applications that were processed ahead of time protect their calls as ever, on every store. */
@OnOneJdk("the sample runs ahead of time on both")
@NeedsServer(Server.REDIS)
class AheadOfTimeTest {

    private static final String[] SETTINGS = {
        "--server.port=0",
        "--idempotent.store=caffeine",
        "--idempotent.jdbc.initialize-schema=always",
        "--spring.data.redis.port=" + RedisServer.shared().port()
    };

    private static AheadOfTime boot;

    private static AheadOfTime plain;

    @BeforeAll
    static void process(@TempDir Path directory) throws IOException {
        boot = AheadOfTime.ofBoot(BootApplication.class, directory.resolve("boot"), SETTINGS);
        plain = AheadOfTime.of(PlainApplication.class, directory.resolve("plain"));
    }

    @Test
    void withSpringBootOnCaffeineH2AndRedisByLettuce() throws IOException, InterruptedException {
        boot.run(0, with(SETTINGS, "--spring.datasource.url=jdbc:h2:mem:boot;DB_CLOSE_DELAY=-1"));
    }

    @Test
    @NeedsServer({Server.POSTGRES_18, Server.REDIS})
    void withSpringBootOnPostgres() throws IOException, InterruptedException {
        Database database = PostgresServer.version18().newDatabase("aot");
        boot.run(
                0,
                with(
                        SETTINGS,
                        "--spring.datasource.url=" + database.url(),
                        "--spring.datasource.username=" + database.user()));
    }

    @Test
    void withoutSpringBootOnCaffeineH2AndRedisByJedis() throws IOException, InterruptedException {
        plain.run(0, "--redis.port=" + RedisServer.shared().port());
    }

    @Test
    void whatIsWrongIsSaidWhenTheApplicationStarts() throws IOException, InterruptedException {
        String output = plain.run(
                1, "--redis.port=" + RedisServer.shared().port(), "--idempotent.operations.in-memroy.lease=10s");

        assertThat(output).contains("There are settings for the operations [in-memroy], which nothing declares");
    }

    @Test
    void wovenByAnAgentThatTheBuildDoesWithout(@TempDir Path directory) throws IOException, InterruptedException {
        AheadOfTime woven = AheadOfTime.of(WovenApplication.class, directory);

        assertThat(woven.run(1)).contains("is not woven");
        String agent =
                Agent.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        woven.run(List.of("-javaagent:" + agent), 0);
    }

    private static String[] with(String[] settings, String... more) {
        return Stream.of(settings, more).flatMap(Stream::of).toArray(String[]::new);
    }
}
