package io.idempotent.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.Database;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.store.Claim;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;

/** The JDBC store and a database, behind a pool. */
public final class JdbcBackend implements ServerBackend {

    private static final int RECORDS_AT_ONCE = 1_000_000;

    private static final String EXAMPLE = "example";

    private static final String FILL = """
            INSERT INTO idempotency_record
            SELECT {key}, claim_id, fencing_token, first_token, fingerprint, first_claimed_at, claimed_at,
                lease_ends_at, takeovers, outcome_kind, outcome, completed_at, {retainedUntil}
            FROM idempotency_record, {numbers} WHERE record_key = {example}
            """;

    /** As {@link StoreClaimant#value} makes it. */
    private static final String KEY = "CONCAT('%s:', LPAD(CONCAT('', MOD(number * %d, %d)), 9, '0'), '%s')"
            .formatted(
                    StoreClaimant.OPERATION, StoreClaimant.FACTOR, StoreClaimant.MODULUS, StoreClaimant.END_OF_VALUE);

    /** What databases have in ways of their own. */
    private enum Kind {
        H2("STRINGTOUTF8({text})", "(SELECT X AS number FROM SYSTEM_RANGE({first}, {last})) AS numbers", "ANALYZE"),
        POSTGRES(
                "convert_to({text}, 'UTF8')",
                "generate_series(CAST({first} AS BIGINT), {last}) AS numbers (number)",
                "VACUUM ANALYZE idempotency_record",
                "CHECKPOINT"),
        MARIADB(
                "{text}",
                "(SELECT seq AS number FROM seq_{first}_to_{last}) AS numbers",
                "ANALYZE TABLE idempotency_record");

        private final String bytes;
        private final String numbers;

        @SuppressWarnings("ImmutableEnumChecker") // the list is
        private final List<String> settling;

        /**
         * Tells of a database.
         *
         * @param bytes an expression for the bytes of a text
         * @param numbers what to select from to get numbers
         * @param settling statements that do at once, and before anything is measured, what a database does at times
         */
        Kind(String bytes, String numbers, String... settling) {
            this.bytes = bytes;
            this.numbers = numbers;
            this.settling = List.of(settling);
        }

        String fill(int first, int last, String retainedUntil) {
            return FILL.replace("{key}", bytes.replace("{text}", KEY))
                    .replace("{example}", bytes.replace("{text}", "'" + StoreClaimant.key(EXAMPLE) + "'"))
                    .replace("{retainedUntil}", retainedUntil)
                    .replace("{numbers}", numbers)
                    .replace("{first}", Integer.toString(first))
                    .replace("{last}", Integer.toString(last));
        }
    }

    private final Kind kind;
    private final HikariDataSource pool;
    private final StoreClaimant store;

    private JdbcBackend(Kind kind, String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        this.kind = kind;
        this.pool = new HikariDataSource(config);
        this.store = new StoreClaimant(store(pool));
    }

    static JdbcBackend h2() {
        return new JdbcBackend(Kind.H2, "jdbc:h2:mem:benchmark;DB_CLOSE_DELAY=-1");
    }

    /** On a new database of a PostgreSQL. */
    public static JdbcBackend postgres(DatabaseServer server) {
        return postgres(server, UnaryOperator.identity());
    }

    static JdbcBackend postgres(DatabaseServer server, UnaryOperator<InetSocketAddress> way) {
        return new JdbcBackend(Kind.POSTGRES, url(server, way));
    }

    /** On a new database of this JVM's MariaDB. */
    public static JdbcBackend mariaDb() {
        return mariaDb(UnaryOperator.identity());
    }

    static JdbcBackend mariaDb(UnaryOperator<InetSocketAddress> way) {
        return new JdbcBackend(Kind.MARIADB, url(MariaDbServer.shared(), way));
    }

    private static String url(DatabaseServer server, UnaryOperator<InetSocketAddress> way) {
        Database database = server.newDatabase("benchmark");
        InetSocketAddress address = way.apply(InetSocketAddress.createUnresolved(database.host(), database.port()));
        return new Database(
                        database.subprotocol(),
                        address.getHostString(),
                        address.getPort(),
                        database.name(),
                        database.user())
                .url();
    }

    private static JdbcIdempotencyStore store(DataSource dataSource) {
        return JdbcIdempotencyStore.builder(dataSource)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    /** The pool. */
    public DataSource dataSource() {
        return pool;
    }

    @Override
    public StoreClaimant store() {
        return store;
    }

    @Override
    public StoreClaimant heardBy(StatementRecorder recorder) {
        StoreClaimant heard = new StoreClaimant(store(recorder.listenTo(DataSource.class, pool)));
        var unused = recorder.drain();
        return heard;
    }

    @Override
    public Claimant byHand() {
        return new StatementClaimant(pool, statements());
    }

    @Override
    public Optional<DataSource> database() {
        return Optional.of(pool);
    }

    /**
     * The statements by which the store claims a key that is free, and completes it; their parameters are question
     * marks.
     */
    public List<String> statements() {
        StatementRecorder recorder = new StatementRecorder();
        heardBy(recorder).claimAndComplete("heard");
        return recorder.drain();
    }

    @Override
    public void fill(int records) throws SQLException {
        fill(1, records, "retained_until + number");
    }

    /**
     * Adds records as {@link #fill} does, of values with the numbers after those, whose retention ended an hour ago.
     */
    public void fillExpired(int live, int expired) throws SQLException {
        fill(live + 1, live + expired, "completed_at - 3600000000 + number");
    }

    private void fill(int first, int last, String retainedUntil) throws SQLException {
        Claim example = store.claimFree(EXAMPLE);
        store.complete(example);
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            for (int next = first; next <= last; next += RECORDS_AT_ONCE) {
                statement.execute(kind.fill(next, Math.min(last, next + RECORDS_AT_ONCE - 1), retainedUntil));
            }
            remove(List.of(example));
            for (String settling : kind.settling) {
                statement.execute(settling);
            }
        }
    }

    @Override
    public void remove(List<Claim> claims) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement delete =
                        connection.prepareStatement("DELETE FROM idempotency_record WHERE record_key = ?")) {
            for (Claim claim : claims) {
                delete.setBytes(1, claim.key().toString().getBytes(StandardCharsets.UTF_8));
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
