package io.idempotent.benchmarks;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/**
 * Claims by the statements of the JDBC store, as they would be written by hand.
 *
 * @param dataSource the store's
 * @param statements those that claim a free key, one or two, and the one that completes
 */
record StatementClaimant(DataSource dataSource, List<String> statements) implements Claimant {

    private static final long LEASE = TimeUnit.MICROSECONDS.convert(StoreClaimant.LEASE);
    private static final long RETENTION = TimeUnit.MICROSECONDS.convert(StoreClaimant.RETENTION);

    @Override
    public long claimAndComplete(String value) throws SQLException {
        byte[] key = key(value);
        byte[] claimId = newClaimId();
        long token;
        try (Connection connection = dataSource.getConnection()) {
            token = claimsAtOnce() ? claim(connection, key, claimId) : readAndInsert(connection, key, claimId);
        }
        try (Connection connection = dataSource.getConnection();
                PreparedStatement complete = connection.prepareStatement(statements.get(statements.size() - 1))) {
            complete.setString(1, "VALUE");
            complete.setBytes(2, StoreClaimant.outcome());
            complete.setLong(3, RETENTION);
            complete.setBytes(4, key);
            complete.setBytes(5, claimId);
            complete.setLong(6, token);
            return changed(complete, token);
        }
    }

    @Override
    public byte[] replay(String value) throws SQLException {
        byte[] key = key(value);
        try (Connection connection = dataSource.getConnection();
                PreparedStatement claim =
                        claimsAtOnce() ? prepareClaim(connection, key, newClaimId()) : prepareRead(connection, key);
                ResultSet result = claim.executeQuery()) {
            result.next();
            byte[] outcome = result.getBytes("outcome");
            if (outcome == null) {
                throw new IllegalStateException("Not completed");
            }
            return outcome;
        }
    }

    /** Else the first statement only reads. */
    private boolean claimsAtOnce() {
        return statements.size() == 2;
    }

    private static byte[] key(String value) {
        return (StoreClaimant.OPERATION + ":" + value).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] newClaimId() {
        UUID id = UUID.randomUUID();
        return ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
    }

    private PreparedStatement prepareClaim(Connection connection, byte[] key, byte[] claimId) throws SQLException {
        PreparedStatement claim = connection.prepareStatement(statements.get(0));
        claim.setBytes(1, key);
        claim.setBytes(2, key);
        claim.setBytes(3, claimId);
        claim.setString(4, StoreClaimant.FINGERPRINT);
        claim.setLong(5, LEASE);
        return claim;
    }

    private PreparedStatement prepareRead(Connection connection, byte[] key) throws SQLException {
        PreparedStatement read = connection.prepareStatement(statements.get(0));
        read.setBytes(1, key);
        return read;
    }

    private long claim(Connection connection, byte[] key, byte[] claimId) throws SQLException {
        try (PreparedStatement claim = prepareClaim(connection, key, claimId)) {
            try (ResultSet result = claim.executeQuery()) {
                result.next();
                long now = result.getLong("store_time");
                long token = result.getLong("claimed_token");
                if (result.wasNull()) {
                    throw new IllegalStateException("Not claimed at " + now);
                }
                return token;
            }
        }
    }

    private long readAndInsert(Connection connection, byte[] key, byte[] claimId) throws SQLException {
        long now;
        try (PreparedStatement read = prepareRead(connection, key)) {
            try (ResultSet result = read.executeQuery()) {
                result.next();
                now = result.getLong("store_time");
                if (result.getBytes("record_key") != null) {
                    throw new IllegalStateException("Not free at " + now);
                }
            }
        }
        try (PreparedStatement insert = connection.prepareStatement(statements.get(1))) {
            insert.setBytes(1, key);
            insert.setBytes(2, claimId);
            insert.setLong(3, now);
            insert.setString(4, StoreClaimant.FINGERPRINT);
            insert.setLong(5, now);
            insert.setLong(6, now);
            insert.setLong(7, now + LEASE);
            insert.setLong(8, now);
            insert.setLong(9, now + LEASE);
            return changed(insert, now);
        }
    }

    private static long changed(PreparedStatement statement, long token) throws SQLException {
        if (statement.executeUpdate() != 1) {
            throw new IllegalStateException("Nothing was changed");
        }
        return token;
    }
}
