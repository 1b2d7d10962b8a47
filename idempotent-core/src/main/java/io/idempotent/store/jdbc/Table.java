package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The table as it has to be.
 *
 * @param name its name, with its schema where it has one
 * @param dialect says how it is made
 */
record Table(String name, Dialect dialect) {

    // The SQLStates of a table that is not there: PostgreSQL's, and the beginning of all others'.
    private static final Pattern UNKNOWN_TABLE = Pattern.compile("42P01|42S0.");

    private static final Pattern COLUMN = Pattern.compile("(?m)^ {4}([a-z_]+) ([^,\\n]+),?$");

    /**
     * Makes the table if it is to be made, and checks it.
     *
     * @throws IdempotencyConfigurationException if it is missing or lacks columns
     */
    void prepare(Connection connection, SchemaInitialization initialization) throws SQLException {
        Set<String> columns = columns(connection);
        if (columns == null) {
            boolean makes = initialization == SchemaInitialization.ALWAYS
                    || (initialization == SchemaInitialization.EMBEDDED && isEmbedded(connection));
            if (!makes) {
                throw new IdempotencyConfigurationException(
                        "There is no table " + name + " for idempotency records in the database "
                                + connection.getMetaData().getURL(),
                        "Create it by this SQL, or set idempotent.jdbc.initialize-schema=always:\n"
                                + dialect.schema(name));
            }
            create(connection);
            columns = columns(connection);
        }
        check(columns == null ? Set.of() : columns);
    }

    private void create(Connection connection) throws SQLException {
        for (String statement : dialect.schema(name).split(";\\s*", -1)) {
            if (statement.isEmpty()) {
                continue;
            }
            try (Statement call = connection.createStatement()) {
                call.execute(statement);
                end(connection, true);
            } catch (SQLException failure) {
                end(connection, false);
                // Another node that made it at the same moment is as good.
                if (columns(connection) == null) {
                    throw failure;
                }
            }
        }
    }

    private void check(Set<String> columns) {
        Map<String, String> missing = new LinkedHashMap<>();
        Matcher expected = COLUMN.matcher(dialect.schema(name));
        while (expected.find()) {
            missing.put(expected.group(1), expected.group(2));
        }
        missing.keySet().removeAll(columns);
        if (!missing.isEmpty()) {
            throw new IdempotencyConfigurationException(
                    "The table " + name + " lacks the columns " + missing.keySet(),
                    "Add them by this SQL, while no record is in progress:\n"
                            + missing.entrySet().stream()
                                    .map(column -> "ALTER TABLE " + name + " ADD COLUMN " + column.getKey() + " "
                                            + column.getValue() + ";")
                                    .collect(Collectors.joining("\n")));
        }
    }

    /** The names of the table's columns in lower case; null where there is no such table. */
    private @Nullable Set<String> columns(Connection connection) throws SQLException {
        Set<String> names = new HashSet<>();
        try (Statement call = connection.createStatement();
                ResultSet nothing = call.executeQuery("SELECT * FROM " + name + " WHERE 1 = 0")) {
            ResultSetMetaData columns = nothing.getMetaData();
            for (int index = 1; index <= columns.getColumnCount(); index++) {
                names.add(columns.getColumnName(index).toLowerCase(Locale.ROOT));
            }
            return names;
        } catch (SQLException failure) {
            end(connection, false);
            if (UNKNOWN_TABLE.matcher(String.valueOf(failure.getSQLState())).matches()) {
                return null;
            }
            throw failure;
        }
    }

    private static void end(Connection connection, boolean commit) throws SQLException {
        if (connection.getAutoCommit()) {
            return;
        }
        if (commit) {
            connection.commit();
        } else {
            connection.rollback();
        }
    }

    private static boolean isEmbedded(Connection connection) throws SQLException {
        String url = connection.getMetaData().getURL();
        return url != null && url.startsWith("jdbc:h2:") && !url.matches("jdbc:h2:(tcp|ssl):.*");
    }
}
