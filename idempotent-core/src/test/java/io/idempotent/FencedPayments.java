package io.idempotent;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/**
 * A business table whose rows refuse the writes of owners that were taken over, by the statement that
 * {@link IdempotencyContext#fencingToken()} shows.
 */
public final class FencedPayments {

    /** That statement; a test compares them. */
    public static final String UPDATE = """
            UPDATE payment SET status = ?, fencing_token = ?
            WHERE id = ? AND fencing_token <= ?
            """;

    private final DataSource database;

    /** Payments in that database; each write is a transaction of its own. */
    public FencedPayments(DataSource database) {
        this.database = database;
    }

    /** Makes the table, with these payments, which nobody has written yet. */
    public FencedPayments create(String... ids) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE payment (id VARCHAR(64) NOT NULL PRIMARY KEY, status VARCHAR(64) NOT NULL,"
                    + " fencing_token BIGINT NOT NULL)");
            for (String id : ids) {
                statement.execute("INSERT INTO payment VALUES ('" + id + "', 'new', 0)");
            }
        }
        return this;
    }

    /** Writes with the token of the claim under which this thread runs; gives how many rows were written. */
    public int update(String id, String status) throws SQLException {
        long token = IdempotencyContext.current().fencingToken();
        try (Connection connection = database.getConnection();
                PreparedStatement update = connection.prepareStatement(UPDATE)) {
            update.setString(1, status);
            update.setLong(2, token);
            update.setString(3, id);
            update.setLong(4, token);
            return update.executeUpdate();
        }
    }

    /** What was written last. */
    public String status(String id) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement select = connection.prepareStatement("SELECT status FROM payment WHERE id = ?")) {
            select.setString(1, id);
            try (ResultSet rows = select.executeQuery()) {
                rows.next();
                return rows.getString(1);
            }
        }
    }
}
