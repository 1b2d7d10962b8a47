package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** {@link RedisServer}. */
@NeedsServer(Server.REDIS)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RedisServerTest {

    @Test
    void it_starts_and_is_the_oldest_version_that_is_supported() throws IOException {
        assertThat(ask("INFO server")).contains("redis_version:6.2.");
    }

    @Test
    void it_evicts_nothing_and_writes_nothing_to_disk() throws IOException {
        assertThat(ask("CONFIG GET maxmemory-policy")).contains("noeviction");
        assertThat(ask("CONFIG GET save")).endsWith("$0\r\n\r\n");
    }

    /** Inline commands need no client. */
    private static String ask(String command) throws IOException {
        RedisServer redis = RedisServer.shared();
        try (Socket socket = new Socket(redis.host(), redis.port())) {
            socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.substring(0, answer.length() - "+OK\r\n".length());
        }
    }
}
