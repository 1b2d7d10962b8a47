package io.idempotent.spring.recovery.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.kill.order.JdbcStoreFactory;
import io.idempotent.kill.order.StoreFactory;
import io.idempotent.server.Database;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.spring.store.redis.RedisStoreFactory;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Applications that are killed in orders that nobody asks for again, and those that recover them. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class RecoveryKillTest {

    // The lease and the interval make three and a half seconds. The rest is for a machine that starts JVMs meanwhile.
    private static final Duration BOUND = Duration.ofSeconds(15);

    private static final Duration SHORT_PATIENCE = Duration.ofSeconds(8);

    @TempDir
    private Path directory;

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void onPostgresqlAllOrdersEndWithoutTheirCallersAndEveryRepetitionIsExplainedByAKill() throws Exception {
        check(JdbcStoreFactory.class, newDatabase(PostgresServer.version18WithFsync()));
    }

    @Test
    @NeedsServer(Server.MARIADB)
    void onMariadbAllOrdersEndWithoutTheirCallersAndEveryRepetitionIsExplainedByAKill() throws Exception {
        check(JdbcStoreFactory.class, newDatabase(MariaDbServer.shared()));
    }

    @Test
    @NeedsServer(Server.REDIS)
    void onRedisAllOrdersEndWithoutTheirCallersAndEveryRepetitionIsExplainedByAKill() throws Exception {
        check(RedisStoreFactory.class, String.valueOf(RedisServer.shared().port()));
    }

    @Test
    @EnabledIfSystemProperty(
            named = "kill.seconds",
            matches = ".+",
            disabledReason = "RecoveryVerdictTest plants faults")
    @NeedsServer(Server.POSTGRES_18)
    void aStoreThatForgetsWhatWasAskedForAndThatAnOrderGoesBackwardIsCaught() throws Exception {
        String url = newDatabase(PostgresServer.version18WithFsync());
        RecoveryRun run = new RecoveryRun(ForgetfulStoreFactory.class, List.of(url), directory);

        RecoveryVerdict verdict = RecoveryVerdict.of(run.run(OrderPlan.firstUndoing(), 1, SHORT_PATIENCE), BOUND);

        assertThat(verdict.violations())
                .anySatisfy(violation -> assertThat(violation).contains("has not ended"))
                .anySatisfy(violation -> assertThat(violation).contains("has a value, and undo-"));
    }

    private void check(Class<? extends StoreFactory> factory, String argument) throws Exception {
        RecoveryHistory history = new RecoveryRun(factory, List.of(argument), directory).run();

        RecoveryVerdict verdict = RecoveryVerdict.of(history, BOUND);
        System.out.println(verdict.report());
        assertThat(verdict.violations()).as(verdict.report()).isEmpty();
        assertThat(verdict.killedAt()).as(verdict.report()).containsOnlyKeys(OrderPlan.points());
        assertThat(verdict.killedAgain()).as(verdict.report()).isPositive();
    }

    private static String newDatabase(DatabaseServer server) {
        Database database = server.newDatabase("recovery");
        JdbcIdempotencyStore.builder(database.dataSource())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build()
                .close();
        return database.url();
    }
}
