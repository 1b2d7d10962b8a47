package io.idempotent.spring.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.OrderRun;
import io.idempotent.kill.order.OrderVerdict;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that are killed in and between the steps of orders whose records are in the Redis store. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class RedisOrderKillTest {

    @TempDir
    private Path directory;

    @Test
    @NeedsServer(Server.REDIS)
    void noStepIsDoneTwiceUnlessItsOwnerWasKilledBeforeTheRecordAndNoneThatRunsAtMostOnce() throws Exception {
        List<String> arguments = List.of(String.valueOf(RedisServer.shared().port()));

        OrderVerdict verdict = OrderVerdict.of(new OrderRun(RedisStoreFactory.class, arguments, directory).run());

        System.out.println(verdict.report());
        assertThat(verdict.violations()).as(verdict.report()).isEmpty();
        assertThat(verdict.killedAt()).containsOnlyKeys(CrashPoint.all());
    }
}
