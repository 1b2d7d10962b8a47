package io.idempotent.spring.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.kill.History;
import io.idempotent.kill.KillRun;
import io.idempotent.kill.LeasedNode;
import io.idempotent.kill.Verdict;
import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that are killed while they run leased operations on the Redis store. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class RedisKillTest {

    @TempDir
    private Path directory;

    @Test
    @NeedsServer({Server.REDIS, Server.POSTGRES_18})
    void noTwoOwnersAreLiveAndEverySecondPaymentIsExplainedByAKill() throws Exception {
        Database payments = PostgresServer.version18().newDatabase("kill");
        List<String> arguments = List.of(String.valueOf(RedisServer.shared().port()), payments.url());

        History history = new KillRun(RedisNodeFactory.class, arguments, payments, KillRun.KEYS, directory).run();

        Verdict verdict = Verdict.onLeased(history, LeasedNode.LEASE);
        System.out.println(verdict.report());
        assertThat(verdict.violations()).as(verdict.report()).isEmpty();
    }
}
