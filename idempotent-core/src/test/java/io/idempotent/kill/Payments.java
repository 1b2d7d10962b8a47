package io.idempotent.kill;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/** The business table: what happened, as often as it happened; nothing in it keeps a key from being paid twice. */
public final class Payments {

    /**
     * A row of it.
     *
     * @param key what was paid
     * @param token the fencing token of the claim under which it was paid
     * @param process the JVM that did it
     * @param receipt of this payment, unique
     * @param at a moment before the row was written, in microseconds
     */
    public record Payment(String key, long token, long process, String receipt, long at) {}

    private static final String INSERT =
            "INSERT INTO payment (payment_key, token, process, receipt, paid_at) VALUES (?, ?, ?, ?, ?)";

    private Payments() {}

    static void createTable(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE payment (payment_key VARCHAR(64) NOT NULL, token BIGINT NOT NULL,"
                    + " process BIGINT NOT NULL, receipt VARCHAR(36) NOT NULL, paid_at BIGINT NOT NULL)");
        }
    }

    /** Writes a row in the connection's transaction, and gives its receipt. */
    public static String insert(Connection connection, String key, long token) throws SQLException {
        String receipt = UUID.randomUUID().toString();
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            insert.setString(1, key);
            insert.setLong(2, token);
            insert.setLong(3, ProcessHandle.current().pid());
            insert.setString(4, receipt);
            insert.setLong(5, Journal.now());
            insert.executeUpdate();
        }
        return receipt;
    }

    static List<Payment> all(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT payment_key, token, process, receipt, paid_at FROM payment")) {
            List<Payment> payments = new ArrayList<>();
            while (rows.next()) {
                payments.add(new Payment(
                        rows.getString(1), rows.getLong(2), rows.getLong(3), rows.getString(4), rows.getLong(5)));
            }
            return payments;
        }
    }
}
