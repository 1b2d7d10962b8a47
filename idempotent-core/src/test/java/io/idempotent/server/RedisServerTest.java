package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link RedisServer}. */
@OnOneJdk("it tests what the tests run on")
@NeedsServer(Server.REDIS)
class RedisServerTest {

    @Test
    void itStartsAndIsTheOldestVersionThatIsSupported() throws IOException {
        assertThat(RedisServer.shared().ask("INFO server")).contains("redis_version:6.2.");
    }

    @Test
    void itEvictsNothingAndWritesNothingToDisk() throws IOException {
        assertThat(RedisServer.shared().ask("CONFIG GET maxmemory-policy")).contains("noeviction");
        assertThat(RedisServer.shared().ask("CONFIG GET save")).endsWith("$0\r\n\r\n");
    }

    @Test
    void itsClusterHasAllSlotsAndRefusesKeysOfSeveral() throws IOException {
        RedisServer cluster = RedisServer.cluster();

        assertThat(cluster.ask("CLUSTER INFO")).contains("cluster_state:ok").contains("cluster_slots_ok:16384");
        assertThat(cluster.ask("MGET a b")).startsWith("-CROSSSLOT");
    }

    @Test
    void keptDataAreThereAgainWhenTheServerIsClosedAndStarted(@TempDir Path directory) throws Exception {
        Path data = directory.resolve("kept data");
        RedisServer first = RedisServer.keptIn(data);
        try (first) {
            first.ask("SET kept 42");
            assertThatThrownBy(() -> RedisServer.keptIn(data))
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("this JVM has a server running on the data in " + data);
        }
        assertThatThrownBy(() -> first.ask("PING")).isInstanceOf(ConnectException.class);
        try (RedisServer second = RedisServer.keptIn(data)) {
            assertThat(second.ask("GET kept")).isEqualTo("$2\r\n42\r\n");
            assertThat(second.ask("CONFIG GET appendfsync")).contains("always");
            assertThat(second.ask("CONFIG GET maxmemory-policy")).contains("noeviction");
        }
    }

    @Test
    void aServerOnKeptDataRunsOnWithoutItsJvmUntilTheNextStopsIt(@TempDir Path data) throws Exception {
        Process ended = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dservers.directory=" + ServerDirectory.ROOT,
                        "-cp",
                        System.getProperty("java.class.path"),
                        LeavesRedisBehind.class.getName(),
                        data.toString())
                .inheritIO()
                .start();
        assertThat(ended.waitFor()).isZero();
        String processId = Files.readString(ServerDirectory.processId(data)).strip();
        ProcessHandle left = ProcessHandle.of(Long.parseLong(processId)).orElseThrow();
        // Its executable, and not whether it is alive: what nobody waits for stays a process when it has ended.
        assertThat(left.info().command()).isPresent();

        try (RedisServer next = RedisServer.keptIn(data)) {
            assertThat(left.info().command()).isEmpty();
            assertThat(next.ask("GET kept")).isEqualTo("$2\r\n42\r\n");
        }
    }

    /** A JVM that ends without closing its server. */
    static final class LeavesRedisBehind {

        private LeavesRedisBehind() {}

        public static void main(String[] arguments) throws IOException {
            RedisServer.keptIn(Path.of(arguments[0])).ask("SET kept 42");
            // With all that the JVM does at its end, unlike when it is killed: no hook may stop the server, either.
            System.exit(0);
        }
    }
}
