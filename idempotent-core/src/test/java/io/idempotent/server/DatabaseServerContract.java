package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What each server of databases has to do for the tests that use it. */
@OnOneJdk("it tests what the tests run on")
abstract class DatabaseServerContract {

    abstract DatabaseServer server();

    abstract String version();

    @Test
    void itStartsAndIsTheVersionThatWasAskedFor() throws SQLException {
        assertThat(query(server().newDatabase("version"), "SELECT version()")).contains(version());
    }

    @Test
    void eachDatabaseIsNewAndEmpty() throws SQLException {
        Database first = server().newDatabase("fresh");
        execute(first, "CREATE TABLE mine (id INT)");

        Database second = server().newDatabase("fresh");

        assertThat(second.name()).isNotEqualTo(first.name());
        // The same table can be made again.
        execute(second, "CREATE TABLE mine (id INT)");
        assertThat(query(second, "SELECT count(*) FROM mine")).isEqualTo("0");
    }

    @Test
    void itTakesManyConnections() throws SQLException {
        Database database = server().newDatabase("many");
        List<Connection> connections = new ArrayList<>();
        try {
            for (int number = 0; number < 150; number++) {
                connections.add(database.dataSource().getConnection());
            }
            assertThat(connections.get(149).isValid(5)).isTrue();
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    @Test
    void itIsReachedThroughAProxy() throws SQLException {
        Database database = server().newDatabase("proxied");
        try (TcpProxy proxy = new TcpProxy(server().host(), server().port())) {
            assertThat(query(database.through(proxy), "SELECT 42")).isEqualTo("42");
            assertThat(proxy.traffic().bytesToClient()).isPositive();
        }
    }

    static String query(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
