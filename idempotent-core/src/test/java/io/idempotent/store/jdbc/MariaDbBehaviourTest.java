package io.idempotent.store.jdbc;

import io.idempotent.server.Database;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** The JDBC store and MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbBehaviourTest extends JdbcBehaviourContract {

    @Override
    Database newDatabase() {
        return MariaDbServer.shared().newDatabase("behaviour");
    }

    @Override
    int statementsOfClaim() {
        return 2;
    }

    @Override
    int roundTripsOfTransaction() {
        return 3;
    }

    @Override
    Dialect dialect() {
        return Dialect.MARIADB;
    }

    @Test
    void anOutcomeLargerThanAPacketIsRecordedAsNotReplayable() throws Throwable {
        long before = packet();
        try {
            packet(1_048_576);
            isRecordedAsNotReplayable("secret".repeat(400_000));
        } finally {
            packet(before);
        }
    }

    private static long packet() throws SQLException {
        try (Connection connection = connection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT @@GLOBAL.max_allowed_packet")) {
            result.next();
            return result.getLong(1);
        }
    }

    /** Of the connections that are opened from now on. */
    private static void packet(long bytes) throws SQLException {
        try (Connection connection = connection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET GLOBAL max_allowed_packet = " + bytes);
        }
    }

    private static Connection connection() throws SQLException {
        return MariaDbServer.shared().newDatabase("packet").dataSource().getConnection();
    }
}
