package io.idempotent.benchmarks.scale;

import io.idempotent.benchmarks.JdbcBackend;
import io.idempotent.benchmarks.StoreClaimant;
import io.idempotent.server.PostgresServer;
import io.idempotent.store.Claim;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;

/**
 * Claims and completes new keys at a steady rate, in turns without and with a purge of expired records by the store's
 * own schedule, with its defaults, on PostgreSQL and MariaDB with fsync. A claim's time begins at the moment when it
 * was to be made, so that one that had to wait for those before it counts as waiting. From the root:
 *
 * <pre>{@code
 * java -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.scale.PurgeLoad
 * }</pre>
 *
 * <p>with the number of expired records, of claims in a second, and of seconds of a turn as arguments: 1000000, 200 and
 * 5 unless said otherwise.
 */
public final class PurgeLoad {

    private static final int THREADS = 4;
    private static final int LIVE = 100_000;
    private static final Duration WARM_UP = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofMillis(250);

    private final JdbcBackend backend;
    private final int expired;
    private final int rate;

    private PurgeLoad(JdbcBackend backend, int expired, int rate) {
        this.backend = backend;
        this.expired = expired;
        this.rate = rate;
    }

    /** Runs it, and prints a table. */
    public static void main(String[] arguments) throws Exception {
        int expired = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 200;
        Duration turn = Duration.ofSeconds(arguments.length > 2 ? Integer.parseInt(arguments[2]) : 5);
        System.out.printf(
                Locale.ROOT,
                "%,d expired records and %,d live ones; %d threads that claim and complete %d keys/s, in turns of"
                        + " %d s without and"
                        + " with a purge; JDK %s, %d processors%n",
                expired,
                LIVE,
                THREADS,
                rate,
                turn.toSeconds(),
                System.getProperty("java.version"),
                Runtime.getRuntime().availableProcessors());
        System.out.println(
                "| claims, ms | number | p50 | p90 | p99 | max | in a purge: number | p50 | p90 | p99 | max | p99"
                        + " is times |"
                        + " purged/s |");
        System.out.println("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        run("PostgreSQL", JdbcBackend.postgres(PostgresServer.version18WithFsync()), expired, rate, turn);
        run("MariaDB", JdbcBackend.mariaDb(), expired, rate, turn);
    }

    private static void run(String name, JdbcBackend backend, int expired, int rate, Duration turn) throws Exception {
        backend.fill(LIVE);
        backend.fillExpired(LIVE, expired);
        // Its connections end with the JVM, since the last batch may still be on its way.
        new PurgeLoad(backend, expired, rate).run(name, turn);
    }

    private void run(String name, Duration turn) throws Exception {
        var unused = claimUntil(over(WARM_UP));
        Latencies without = Latencies.NONE;
        Latencies with = Latencies.NONE;
        long purging = 0;
        while (isAnyLeft()) {
            // The last batch of the turn before may still be on its way.
            var unusedEnd = claimUntil(over(LOOK));
            without = without.and(claimUntil(over(turn)));
            long begin = System.nanoTime();
            Callable<Boolean> turned = over(turn);
            JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(backend.dataSource())
                    .purgeInterval(Duration.ofMillis(1))
                    .build();
            try {
                with = with.and(claimUntil(() -> turned.call() || !isAnyLeft()));
            } finally {
                store.close();
            }
            purging += System.nanoTime() - begin;
        }
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %.2f | %,.0f |%n",
                name,
                without,
                with,
                with.quantile(0.99) / without.quantile(0.99),
                expired / (purging / 1e9));
    }

    private static Callable<Boolean> over(Duration length) {
        long end = System.nanoTime() + length.toNanos();
        return () -> System.nanoTime() >= end;
    }

    /** Whether the one that is purged last is there. To look for any would have the database read what was purged. */
    private boolean isAnyLeft() throws SQLException {
        try (Connection connection = backend.dataSource().getConnection();
                PreparedStatement query =
                        connection.prepareStatement("SELECT 1 FROM idempotency_record WHERE record_key = ?")) {
            query.setBytes(1, StoreClaimant.keyBytes(StoreClaimant.value(LIVE + expired)));
            try (ResultSet result = query.executeQuery()) {
                return result.next();
            }
        }
    }

    private Latencies claimUntil(Callable<Boolean> end) throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        long begin = System.nanoTime();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<long[]>> claiming = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                long first = begin + TimeUnit.SECONDS.toNanos(thread) / rate;
                claiming.add(threads.submit(() -> claim(first, ended)));
            }
            while (!end.call()) {
                TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
            }
            ended.set(true);
            List<long[]> latencies = new ArrayList<>();
            for (Future<long[]> each : claiming) {
                latencies.add(each.get());
            }
            return new Latencies(
                    latencies.stream().flatMapToLong(LongStream::of).sorted().toArray());
        } finally {
            ended.set(true);
            threads.shutdown();
        }
    }

    /** One thread's part, at moments that do not depend on how long anything takes. */
    private long[] claim(long first, AtomicBoolean ended) {
        StoreClaimant store = backend.store();
        long[] latencies = new long[1_024];
        int count = 0;
        while (!ended.get()) {
            long moment = first + count * TimeUnit.SECONDS.toNanos(THREADS) / rate;
            for (long wait = moment - System.nanoTime(); wait > 0; wait = moment - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            Claim claim = store.claimFree(UUID.randomUUID().toString());
            if (count == latencies.length) {
                latencies = Arrays.copyOf(latencies, 2 * count);
            }
            latencies[count++] = System.nanoTime() - moment;
            store.complete(claim);
        }
        return Arrays.copyOf(latencies, count);
    }

    /** How long each claim took, in nanoseconds and in order. */
    // Thousands of them, and never compared.
    @SuppressWarnings("ArrayRecordComponent")
    private record Latencies(long[] nanos) {

        static final Latencies NONE = new Latencies(new long[0]);

        Latencies and(Latencies others) {
            return new Latencies(LongStream.concat(LongStream.of(nanos), LongStream.of(others.nanos))
                    .sorted()
                    .toArray());
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%,d | %.2f | %.2f | %.2f | %.1f",
                    nanos.length,
                    quantile(0.5),
                    quantile(0.9),
                    quantile(0.99),
                    quantile(1));
        }

        double quantile(double part) {
            return nanos[(int) Math.min(nanos.length - 1, (long) (nanos.length * part))] / 1e6;
        }
    }
}
