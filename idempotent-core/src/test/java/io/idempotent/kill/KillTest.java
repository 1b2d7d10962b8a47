package io.idempotent.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.server.Database;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that are killed while they run leased and atomic operations on the JDBC store. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class KillTest {

    @TempDir
    private Path directory;

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void onPostgresqlNoTwoOwnersAreLiveAndEverySecondPaymentIsExplainedByAKill() throws Exception {
        check(leased(PostgresServer.version18WithFsync(), JdbcNodeFactory.class, KillRun.KEYS));
    }

    @Test
    @NeedsServer(Server.MARIADB)
    void onMariadbNoTwoOwnersAreLiveAndEverySecondPaymentIsExplainedByAKill() throws Exception {
        check(leased(MariaDbServer.shared(), JdbcNodeFactory.class, KillRun.KEYS));
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void onPostgresqlAnAtomicPaymentIsMadeOnceAndAllAnswersForItsKeyAreEqual() throws Exception {
        check(atomic(PostgresServer.version18WithFsync()));
    }

    @Test
    @NeedsServer(Server.MARIADB)
    void onMariadbAnAtomicPaymentIsMadeOnceAndAllAnswersForItsKeyAreEqual() throws Exception {
        check(atomic(MariaDbServer.shared()));
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void aStoreThatLetsAnybodyTakeOverAtOnceIsCaught() throws Exception {
        Verdict verdict = leased(PostgresServer.version18WithFsync(), AnybodyTakesOverNodeFactory.class, 20);

        assertThat(verdict.violations())
                .anySatisfy(violation -> assertThat(violation).contains("had two live owners"));
    }

    private static void check(Verdict verdict) {
        System.out.println(verdict.report());
        assertThat(verdict.violations()).as(verdict.report()).isEmpty();
    }

    private Verdict leased(DatabaseServer server, Class<? extends NodeFactory> factory, int keys) throws Exception {
        return Verdict.onLeased(run(server, factory, keys), LeasedNode.LEASE);
    }

    private Verdict atomic(DatabaseServer server) throws Exception {
        return Verdict.onAtomic(run(server, AtomicNodeFactory.class, KillRun.KEYS));
    }

    private History run(DatabaseServer server, Class<? extends NodeFactory> factory, int keys) throws Exception {
        Database database = server.newDatabase("kill");
        JdbcIdempotencyStore.builder(database.dataSource())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build()
                .close();
        return new KillRun(factory, List.of(database.url()), database, keys, directory).run();
    }
}
