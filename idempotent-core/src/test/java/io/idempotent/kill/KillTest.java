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
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that are killed while they run leased and atomic operations on the JDBC store. */
@OnOneJdk("all that a killed JVM leaves is in the store")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KillTest {

    @TempDir
    private Path directory;

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void on_postgresql_no_two_owners_are_live_and_every_second_payment_is_explained_by_a_kill() throws Exception {
        check(leased(PostgresServer.version18WithFsync(), JdbcNodeFactory.class, KillRun.KEYS));
    }

    @Test
    @NeedsServer(Server.MARIADB)
    void on_mariadb_no_two_owners_are_live_and_every_second_payment_is_explained_by_a_kill() throws Exception {
        check(leased(MariaDbServer.shared(), JdbcNodeFactory.class, KillRun.KEYS));
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void on_postgresql_an_atomic_payment_is_made_once_and_all_answers_for_its_key_are_equal() throws Exception {
        check(atomic(PostgresServer.version18WithFsync()));
    }

    @Test
    @NeedsServer(Server.MARIADB)
    void on_mariadb_an_atomic_payment_is_made_once_and_all_answers_for_its_key_are_equal() throws Exception {
        check(atomic(MariaDbServer.shared()));
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void a_store_that_lets_anybody_take_over_at_once_is_caught() throws Exception {
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
