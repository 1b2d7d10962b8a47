package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** {@link RedisServer}. */
@NeedsServer(Server.REDIS)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RedisServerTest {

    @Test
    void it_starts_and_is_the_oldest_version_that_is_supported() throws IOException {
        assertThat(RedisServer.shared().ask("INFO server")).contains("redis_version:6.2.");
    }

    @Test
    void it_evicts_nothing_and_writes_nothing_to_disk() throws IOException {
        assertThat(RedisServer.shared().ask("CONFIG GET maxmemory-policy")).contains("noeviction");
        assertThat(RedisServer.shared().ask("CONFIG GET save")).endsWith("$0\r\n\r\n");
    }

    @Test
    void its_cluster_has_all_slots_and_refuses_keys_of_several() throws IOException {
        RedisServer cluster = RedisServer.cluster();

        assertThat(cluster.ask("CLUSTER INFO")).contains("cluster_state:ok").contains("cluster_slots_ok:16384");
        assertThat(cluster.ask("MGET a b")).startsWith("-CROSSSLOT");
    }
}
