package io.idempotent.kill.order;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that are killed in and between the steps of orders whose records are in the JDBC store. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class OrderKillTest {

    @TempDir
    private Path directory;

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void noStepIsDoneTwiceUnlessItsOwnerWasKilledBeforeTheRecordAndNoneThatRunsAtMostOnce() throws Exception {
        Database database = PostgresServer.version18WithFsync().newDatabase("orders");
        JdbcIdempotencyStore.builder(database.dataSource())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build()
                .close();

        OrderVerdict verdict =
                OrderVerdict.of(new OrderRun(JdbcStoreFactory.class, List.of(database.url()), directory).run());

        System.out.println(verdict.report());
        assertThat(verdict.violations()).as(verdict.report()).isEmpty();
        assertThat(verdict.killedAt()).containsOnlyKeys(CrashPoint.all());
    }
}
