package io.idempotent.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;

/** The JDBC store and a database, behind a pool. */
final class JdbcBackend implements Backend {

    private final HikariDataSource pool;
    private final String fill;
    private final StoreClaimant store;

    /**
     * Makes a store.
     *
     * @param url the database's
     * @param numbers what to select from to get the numbers from 1 to %d
     * @param key an expression for the key of such a number
     */
    JdbcBackend(String url, String numbers, String key) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        this.pool = new HikariDataSource(config);
        this.fill = """
                INSERT INTO idempotency_record
                SELECT %s, claim_id, fencing_token, first_token, fingerprint, first_claimed_at, claimed_at, lease_ends_at,
                    takeovers, outcome_kind, outcome, completed_at, retained_until
                FROM idempotency_record, %s
                """.formatted(key, numbers);
        this.store = new StoreClaimant(store(pool));
    }

    private static JdbcIdempotencyStore store(DataSource dataSource) {
        return JdbcIdempotencyStore.builder(dataSource)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    @Override
    public StoreClaimant store() {
        return store;
    }

    @Override
    public Claimant byHand() {
        StatementRecorder recorder = new StatementRecorder();
        StoreClaimant heard = new StoreClaimant(store(recorder.listenTo(DataSource.class, pool)));
        var unused = recorder.drain();
        heard.claimAndComplete("heard");
        return new StatementClaimant(pool, recorder.drain());
    }

    @Override
    public void fill(int records) throws SQLException {
        store.claimAndComplete("example");
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(fill.formatted(records));
        }
    }

    @Override
    public void remove(List<String> values) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement delete =
                        connection.prepareStatement("DELETE FROM idempotency_record WHERE record_key = ?")) {
            for (String value : values) {
                delete.setBytes(1, (StoreClaimant.OPERATION + ":" + value).getBytes(StandardCharsets.UTF_8));
                delete.addBatch();
            }
            delete.executeBatch();
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
