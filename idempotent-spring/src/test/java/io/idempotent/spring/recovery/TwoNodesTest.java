package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.DurableBackend.Connected;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.Claim;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Nodes on one durable store. {@code -Drecovery.backlog=10000} makes the backlog that of a longer outage. */
class TwoNodesTest {

    private static final int BACKLOG = Integer.getInteger("recovery.backlog", 1_000);

    /** What all nodes do, counted over all of them. */
    static final class Ledger {

        private final Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
        private final Map<String, AtomicInteger> recovered = new ConcurrentHashMap<>();
        private final AtomicInteger overlaps = new AtomicInteger();
        private volatile Work work = id -> {};
    }

    interface Work {
        void run(String id) throws Exception;
    }

    static class Payments {

        private final Ledger ledger;

        Payments(Ledger ledger) {
            this.ledger = ledger;
        }

        @Idempotent(key = "#id", operation = "pay", recover = @Idempotent.Recover(after = "0s"))
        public String pay(String id) throws Exception {
            if (!IdempotencyContext.current().recovered()) {
                throw new IllegalStateException("the power failed");
            }
            AtomicInteger now = ledger.running.computeIfAbsent(id, key -> new AtomicInteger());
            if (now.incrementAndGet() > 1) {
                ledger.overlaps.incrementAndGet();
            }
            ledger.recovered.computeIfAbsent(id, key -> new AtomicInteger()).incrementAndGet();
            ledger.work.run(id);
            now.decrementAndGet();
            return "paid " + id;
        }
    }

    /** Loses what its owner says of a failure, as a crash does. */
    private static final class CutOff extends ForwardingIdempotencyStore {

        CutOff(IdempotencyStore store) {
            super(store);
        }

        @Override
        public boolean release(Claim claim) {
            return delegate().abandon(claim);
        }

        @Override
        public boolean release(Claim claim, Duration stepRetention) {
            return delegate().abandon(claim);
        }
    }

    private final Ledger ledger = new Ledger();

    private Node node(IdempotencyStore store) {
        return new Node(store, Map.of(), context -> context.registerBean(Payments.class, () -> new Payments(ledger)));
    }

    private void leave(IdempotencyStore store, List<String> ids) {
        try (Node dying = node(new CutOff(store))) {
            Payments payments = dying.bean(Payments.class);
            ids.forEach(id -> assertThatIllegalStateException().isThrownBy(() -> payments.pay(id)));
        }
    }

    static Stream<DurableBackend> backends() {
        return DurableBackend.wanted();
    }

    @ParameterizedTest
    @MethodSource("backends")
    void twoNodesFinishEachAbandonedExecutionOnceAndNoneTwiceAtOnce(DurableBackend backend) throws Exception {
        List<String> ids =
                IntStream.range(0, BACKLOG).mapToObj(number -> "p" + number).toList();
        String address = backend.newAddress();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Connected first = backend.connect(address);
                Connected second = backend.connect(address);
                Node one = node(first.store());
                Node other = node(second.store())) {
            leave(first.store(), ids);
            CyclicBarrier together = new CyclicBarrier(2);
            List<Future<?>> sweeps = Stream.of(one, other)
                    .<Future<?>>map(node -> threads.submit(() -> {
                        var unused = together.await(10, TimeUnit.SECONDS);
                        node.sweep(4, 50);
                        return null;
                    }))
                    .toList();
            for (Future<?> sweep : sweeps) {
                sweep.get(5, TimeUnit.MINUTES);
            }

            assertThat(ledger.overlaps).hasValue(0);
            assertThat(ledger.recovered.keySet()).containsExactlyInAnyOrderElementsOf(ids);
            assertThat(ledger.recovered.values()).allMatch(count -> count.get() == 1);
            assertThat(one.bean(Payments.class).pay(ids.get(0))).isEqualTo("paid " + ids.get(0));
            assertThat(one.told()).filteredOn(event -> event.startsWith("left")).isEmpty();
            // Neither node did all of it.
            assertThat(Stream.of(one, other))
                    .allMatch(node -> node.told().stream().anyMatch(event -> event.startsWith("completed")));
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aSweepHoldsNoConnectionWhileItRecovers() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:mem:one-connection");
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(1_000);
        try (HikariDataSource pool = new HikariDataSource(config);
                Node node = node(JdbcIdempotencyStore.builder(pool)
                        .schemaInitialization(SchemaInitialization.ALWAYS)
                        .build())) {
            leave(node.operations().store(null), List.of("a", "b"));
            ledger.work = id -> {
                try (Connection connection = pool.getConnection()) {
                    assertThat(connection.isValid(1)).isTrue();
                }
            };

            node.sweep(1, 100);

            assertThat(ledger.recovered.keySet()).containsExactlyInAnyOrder("a", "b");
            assertThat(node.told()).containsExactlyInAnyOrder("completed a", "completed b");
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void whatAMethodFailsAtAgainIsLeftForAPersonOnEachStore(DurableBackend backend) {
        try (Connected connected = backend.connect(backend.newAddress());
                Node node = node(connected.store())) {
            leave(connected.store(), List.of("a"));
            ledger.work = id -> {
                throw new IllegalStateException("the bank is closed");
            };

            for (int sweep = 0; sweep < 7; sweep++) {
                node.sweep();
            }

            IdempotencyRecord record = Objects.requireNonNull(connected.store().find(IdempotencyKey.of("pay", "a")));
            assertThat(record.takeovers()).isEqualTo(5);
            assertThat(record.isAbandoned()).isTrue();
            assertThat(node.told()).containsExactly("left a after 5: Its record had 5 take-overs, and may have 5");
        }
    }
}
