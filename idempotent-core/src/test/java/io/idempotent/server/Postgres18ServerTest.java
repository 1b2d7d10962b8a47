package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link PostgresServer}, the new version, with and without fsync. */
@NeedsServer(Server.POSTGRES_18)
class Postgres18ServerTest extends DatabaseServerContract {

    @Override
    DatabaseServer server() {
        return PostgresServer.version18();
    }

    @Override
    String version() {
        return "PostgreSQL 18.";
    }

    @Test
    void fsyncIsOffUnlessAskedFor() throws SQLException {
        assertThat(settings(PostgresServer.version18().maintenanceDatabase())).isEqualTo("off off");
        assertThat(settings(PostgresServer.version18WithFsync().maintenanceDatabase()))
                .isEqualTo("on on");
    }

    @Test
    void aServerIsStartedOnce() {
        assertThat(PostgresServer.version18()).isSameAs(PostgresServer.version18());
        assertThat(PostgresServer.version18()).isNotSameAs(PostgresServer.version18WithFsync());
    }

    @Test
    void keptDataAreThereAgainWhenTheServerIsClosedAndStarted(@TempDir Path data) throws Exception {
        try (PostgresServer first = PostgresServer.keptIn(data)) {
            execute(first.maintenanceDatabase(), "CREATE TABLE kept (id INT)");
            assertThatThrownBy(() -> PostgresServer.keptIn(data))
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("this JVM has a server running on the data in " + data);
        }
        try (PostgresServer second = PostgresServer.keptIn(data)) {
            assertThat(query(second.maintenanceDatabase(), "SELECT count(*) FROM kept"))
                    .isEqualTo("0");
        }
    }

    @Test
    void aServerThatAKilledJvmHasLeftRunningOnKeptDataIsStopped(@TempDir Path data) throws Exception {
        Process killed = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dservers.directory=" + ServerDirectory.ROOT,
                        "-cp",
                        System.getProperty("java.class.path"),
                        LeavesPostgresBehind.class.getName(),
                        data.toString())
                .inheritIO()
                .start();
        assertThat(killed.waitFor()).isEqualTo(LeavesPostgresBehind.KILLED);
        assertThat(data.resolve("postmaster.pid")).exists();

        try (PostgresServer next = PostgresServer.keptIn(data)) {
            assertThat(query(next.maintenanceDatabase(), "SELECT count(*) FROM kept"))
                    .isEqualTo("0");
        }
    }

    private static String settings(Database database) throws SQLException {
        return query(database, "SELECT current_setting('fsync') || ' ' || current_setting('synchronous_commit')");
    }

    /** A JVM that ends without closing its server. */
    static final class LeavesPostgresBehind {

        static final int KILLED = 137;

        private LeavesPostgresBehind() {}

        public static void main(String[] arguments) throws SQLException {
            PostgresServer server = PostgresServer.keptIn(Path.of(arguments[0]));
            execute(server.maintenanceDatabase(), "CREATE TABLE kept (id INT)");
            Runtime.getRuntime().halt(KILLED);
        }
    }
}
