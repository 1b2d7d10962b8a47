package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tables as they have to be: that of the records, and that of their steps.
 *
 * @param name the name of the records' table, with its schema where it has one; that of the steps is in the same
 * @param dialect says how they are made
 */
record Table(String name, Dialect dialect) {

    // The SQLStates of a table that is not there: PostgreSQL's, and the beginning of all others'.
    private static final Pattern UNKNOWN_TABLE = Pattern.compile("42P01|42S0.");

    private static final Pattern TABLE = Pattern.compile("CREATE TABLE IF NOT EXISTS (\\S+) .*", Pattern.DOTALL);

    private static final Pattern COLUMN = Pattern.compile("(?m)^ {4}([a-z_]+) ([^,\\n]+),?$");

    private static final Pattern INDEX =
            Pattern.compile("CREATE INDEX IF NOT EXISTS \\S+ ON (\\S+) \\((\\w+)\\)( WHERE .*)?");

    /**
     * Makes the tables if they are to be made, and checks them.
     *
     * @throws IdempotencyConfigurationException if one is missing, or lacks columns or an index
     */
    void prepare(Connection connection, SchemaInitialization initialization) throws SQLException {
        Map<String, String> definitions = new LinkedHashMap<>();
        for (String statement : dialect.schema(name).split(";\\s*", -1)) {
            Matcher table = TABLE.matcher(statement);
            if (table.matches()) {
                definitions.put(table.group(1), statement);
            }
        }
        for (String table : definitions.keySet()) {
            if (columns(connection, table) == null) {
                makeMissing(connection, table, initialization);
                break;
            }
        }
        for (Map.Entry<String, String> definition : definitions.entrySet()) {
            Set<String> columns = columns(connection, definition.getKey());
            check(definition.getKey(), definition.getValue(), columns == null ? Set.of() : columns);
            checkWritable(connection, definition.getKey(), definition.getValue());
        }
        checkIndexes(connection, initialization);
    }

    private void checkIndexes(Connection connection, SchemaInitialization initialization) throws SQLException {
        for (String statement : dialect.schema(name).split(";\\s*", -1)) {
            Matcher index = INDEX.matcher(statement);
            if (!index.matches() || hasIndex(connection, index.group(1), index.group(2), index.group(3) != null)) {
                continue;
            }
            if (!makes(connection, initialization)) {
                throw new IdempotencyConfigurationException(
                        "The table " + index.group(1) + " lacks an index of the column " + index.group(2)
                                + (index.group(3) == null ? "" : index.group(3)) + ", without which all of it is read",
                        "Add it by this SQL, on a large table with CONCURRENTLY after INDEX where the database knows"
                                + " that:\n" + statement + ";");
            }
            try (Statement call = connection.createStatement()) {
                call.execute(statement);
                end(connection, true);
            } catch (SQLException failure) {
                end(connection, false);
                // Another node that made it at the same moment is as good.
                if (!hasIndex(connection, index.group(1), index.group(2), index.group(3) != null)) {
                    throw failure;
                }
            }
        }
    }

    /** Whether there is an index that begins with the column, whatever its name, of some rows only or of all. */
    private static boolean hasIndex(Connection connection, String table, String column, boolean ofSome)
            throws SQLException {
        String schema = table.contains(".") ? table.substring(0, table.indexOf('.')) : null;
        String unqualified = table.substring(table.indexOf('.') + 1);
        // However the database writes names that are not quoted.
        for (UnaryOperator<String> spelling : List.<UnaryOperator<String>>of(
                UnaryOperator.identity(),
                text -> text.toLowerCase(Locale.ROOT),
                text -> text.toUpperCase(Locale.ROOT))) {
            try (ResultSet indexes = connection
                    .getMetaData()
                    .getIndexInfo(
                            connection.getCatalog(),
                            schema == null ? null : spelling.apply(schema),
                            spelling.apply(unqualified),
                            false,
                            true)) {
                while (indexes.next()) {
                    if (indexes.getInt("ORDINAL_POSITION") == 1
                            && column.equalsIgnoreCase(indexes.getString("COLUMN_NAME"))
                            && ofSome == (indexes.getString("FILTER_CONDITION") != null)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private void makeMissing(Connection connection, String missing, SchemaInitialization initialization)
            throws SQLException {
        if (!makes(connection, initialization)) {
            throw new IdempotencyConfigurationException(
                    "There is no table " + missing + " for idempotency records in the database "
                            + Place.url(connection),
                    "Create it by this SQL, or set idempotent.jdbc.initialize-schema=always:\n" + dialect.schema(name));
        }
        String table = missing;
        for (String statement : dialect.schema(name).split(";\\s*", -1)) {
            if (statement.isEmpty()) {
                continue;
            }
            Matcher made = TABLE.matcher(statement);
            table = made.matches() ? made.group(1) : table;
            try (Statement call = connection.createStatement()) {
                call.execute(statement);
                end(connection, true);
            } catch (SQLException failure) {
                end(connection, false);
                // Another node that made it at the same moment is as good.
                if (columns(connection, table) == null) {
                    throw new IdempotencyConfigurationException(
                            "The table " + table + " for idempotency records could not be made in the database "
                                    + Place.url(connection) + ": " + failure.getMessage(),
                            "Create it by this SQL, as a user who may, or set idempotent.jdbc.table-name to another"
                                    + " name:\n" + dialect.schema(name),
                            failure);
                }
            }
        }
    }

    /** Databases ask whether a user may write before they look for what is to be written, which is nothing here. */
    private static void checkWritable(Connection connection, String table, String definition) throws SQLException {
        String columns = COLUMN.matcher(definition)
                .results()
                .map(column -> column.group(1))
                .collect(Collectors.joining(", "));
        try (Statement call = connection.createStatement()) {
            call.executeUpdate("INSERT INTO " + table + " (" + columns + ") SELECT " + columns + " FROM " + table
                    + " WHERE 1 = 0");
            call.executeUpdate("UPDATE " + table + " SET outcome_kind = NULL WHERE 1 = 0");
            call.executeUpdate("DELETE FROM " + table + " WHERE 1 = 0");
        } finally {
            end(connection, false);
        }
    }

    private static void check(String table, String definition, Set<String> columns) {
        Map<String, String> missing = new LinkedHashMap<>();
        Matcher expected = COLUMN.matcher(definition);
        while (expected.find()) {
            missing.put(expected.group(1), expected.group(2));
        }
        missing.keySet().removeAll(columns);
        if (!missing.isEmpty()) {
            throw new IdempotencyConfigurationException(
                    "The table " + table + " lacks the columns " + missing.keySet(),
                    "Add them by this SQL, while no record is in progress:\n"
                            + missing.entrySet().stream()
                                    .map(column -> "ALTER TABLE " + table + " ADD COLUMN " + column.getKey() + " "
                                            // Rows that are there get a value that tells nothing.
                                            + column.getValue().replaceFirst("(BIGINT|INTEGER) NOT", "$1 DEFAULT 0 NOT")
                                            + ";")
                                    .collect(Collectors.joining("\n")));
        }
    }

    /** The names of a table's columns in lower case; null where there is no such table. */
    private static @Nullable Set<String> columns(Connection connection, String table) throws SQLException {
        Set<String> names = new HashSet<>();
        try (Statement call = connection.createStatement();
                ResultSet nothing = call.executeQuery("SELECT * FROM " + table + " WHERE 1 = 0")) {
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

    private static boolean makes(Connection connection, SchemaInitialization initialization) throws SQLException {
        return initialization == SchemaInitialization.ALWAYS
                || (initialization == SchemaInitialization.EMBEDDED && isEmbedded(connection));
    }

    private static boolean isEmbedded(Connection connection) throws SQLException {
        String url = connection.getMetaData().getURL();
        return url != null && url.startsWith("jdbc:h2:") && !url.matches("jdbc:h2:(tcp|ssl):.*");
    }
}
