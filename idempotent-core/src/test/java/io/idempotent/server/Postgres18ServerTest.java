package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;

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
    void fsync_is_off_unless_asked_for() throws SQLException {
        assertThat(settings(PostgresServer.version18().maintenanceDatabase())).isEqualTo("off off");
        assertThat(settings(PostgresServer.version18WithFsync().maintenanceDatabase()))
                .isEqualTo("on on");
    }

    @Test
    void a_server_is_started_once() {
        assertThat(PostgresServer.version18()).isSameAs(PostgresServer.version18());
        assertThat(PostgresServer.version18()).isNotSameAs(PostgresServer.version18WithFsync());
    }

    private static String settings(Database database) throws SQLException {
        return query(database, "SELECT current_setting('fsync') || ' ' || current_setting('synchronous_commit')");
    }
}
