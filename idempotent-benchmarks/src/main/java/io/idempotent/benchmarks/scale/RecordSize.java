package io.idempotent.benchmarks.scale;

import io.idempotent.benchmarks.Backend;
import io.idempotent.benchmarks.JdbcBackend;
import io.idempotent.benchmarks.Keeper;
import io.idempotent.benchmarks.StoreClaimant;
import io.idempotent.server.RedisServer;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Tells what a completed record takes in each store, and how PostgreSQL finds one among many. From the root:
 *
 * <pre>{@code
 * java -Xmx14g -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.scale.RecordSize
 * }</pre>
 *
 * <p>with the number of records as an argument, which defaults to 1000000. Caffeine's are in the heap, of which ten
 * million need 14 GB.
 */
public final class RecordSize {

    private static final String POSTGRES_SIZES = """
            SELECT 'the table', pg_table_size('idempotency_record')
            UNION ALL
            SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index
            WHERE indrelid = 'idempotency_record'::regclass
            """;

    private static final String MARIADB_SIZES = """
            SELECT CASE index_name WHEN 'PRIMARY' THEN 'the table, in its primary key' ELSE index_name END,
                stat_value * @@innodb_page_size
            FROM mysql.innodb_index_stats
            WHERE database_name = DATABASE() AND table_name = 'idempotency_record' AND stat_name = 'size'
            ORDER BY index_name = 'PRIMARY' DESC
            """;

    private RecordSize() {}

    /** What tells how many bytes are taken. */
    private interface Size {
        long bytes() throws Exception;
    }

    /** Runs it, and prints a table, and plans. */
    public static void main(String[] arguments) throws Exception {
        int records = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        System.out.printf(
                Locale.ROOT,
                "%,d completed records: a key of %d bytes, of which the value is 36, a fingerprint of %d, an"
                        + " outcome of %d."
                        + " Databases hold no rows that were changed or removed: what awaits a vacuum comes on top.%n",
                records,
                StoreClaimant.OPERATION.length() + 1 + StoreClaimant.value(1).length(),
                StoreClaimant.FINGERPRINT.length(),
                StoreClaimant.outcome().length);
        System.out.println("| store | what | bytes per record | MB |");
        System.out.println("|---|---|---:|---:|");
        print("Caffeine", "the heap, after a collection", records, growth(Keeper.CAFFEINE, RecordSize::heap, records));
        print("Redis", "used_memory", records, growth(Keeper.REDIS, RecordSize::usedMemory, records));
        try (JdbcBackend mariaDb = JdbcBackend.mariaDb()) {
            mariaDb.fill(records);
            print("MariaDB", sizes(mariaDb, MARIADB_SIZES), records);
        }
        try (JdbcBackend postgres = (JdbcBackend) Keeper.POSTGRES_WITH_4_GB.open()) {
            postgres.fill(records);
            print("PostgreSQL", sizes(postgres, POSTGRES_SIZES), records);
            System.out.println();
            String claim = postgres.statements().get(0);
            explain("a key that is free", claim, StoreClaimant.value(records + 1), postgres);
            explain("a key that is completed, a replay", claim, StoreClaimant.value(records / 2 + 1), postgres);
        }
    }

    private static long growth(Keeper keeper, Size size, int records) throws Exception {
        try (Backend backend = keeper.open()) {
            long before = size.bytes();
            backend.fill(records);
            long growth = size.bytes() - before;
            // So that it was there until now.
            var unused = backend.store().claimAndComplete("last");
            return growth;
        }
    }

    private static long heap() {
        // What one collection has cleared, the next one frees.
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long usedMemory() throws Exception {
        return RedisServer.shared()
                .ask("INFO memory")
                .lines()
                .filter(line -> line.startsWith("used_memory:"))
                .mapToLong(line -> Long.parseLong(line.substring("used_memory:".length())))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, Long> sizes(JdbcBackend backend, String query) throws SQLException {
        try (Connection connection = backend.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            Map<String, Long> sizes = new LinkedHashMap<>();
            while (result.next()) {
                sizes.put(result.getString(1), result.getLong(2));
            }
            return sizes;
        }
    }

    private static void print(String store, Map<String, Long> sizes, int records) {
        sizes.forEach((what, bytes) -> print(store, what, records, bytes));
        print(
                store,
                "together",
                records,
                sizes.values().stream().mapToLong(Long::longValue).sum());
    }

    private static void print(String store, String what, int records, long bytes) {
        System.out.printf(
                Locale.ROOT, "| %s | %s | %,.0f | %,.1f |%n", store, what, (double) bytes / records, bytes / 1e6);
    }

    /** Claims by the store's own statement. */
    private static void explain(String what, String claim, String value, JdbcBackend backend) throws SQLException {
        byte[] key = StoreClaimant.keyBytes(value);
        try (Connection connection = backend.dataSource().getConnection();
                PreparedStatement explain = connection.prepareStatement("EXPLAIN (ANALYZE, BUFFERS, WAL) " + claim)) {
            explain.setBytes(1, key);
            explain.setBytes(2, key);
            explain.setBytes(3, new byte[16]);
            explain.setString(4, StoreClaimant.FINGERPRINT);
            explain.setLong(5, TimeUnit.MICROSECONDS.convert(StoreClaimant.LEASE));
            System.out.println("How PostgreSQL claims " + what + ":");
            System.out.println();
            System.out.println("```");
            try (ResultSet lines = explain.executeQuery()) {
                while (lines.next()) {
                    System.out.println(lines.getString(1));
                }
            }
            System.out.println("```");
            System.out.println();
        }
    }
}
