package io.idempotent.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.OnOneJdk;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.Operation;
import io.idempotent.server.TcpProxy;
import io.idempotent.spring.StoreLine.Renewal;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What it costs to keep the leases of a thousand calls at once. */
@OnOneJdk("what is counted are requests, threads and round trips")
class RenewalCostTest {

    private static final int CALLS = 1_000;
    private static final int CLAIMING_AT_ONCE = 4;
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration INTERVAL = LEASE.dividedBy(3);

    /** So much that round trips are told apart from commands that are sent one after the other. */
    private static final Duration DISTANCE = Duration.ofMillis(5);

    /**
     * A thousand commands, and what a driver says when it connects, in bunches as large as it dares to send at once.
     */
    private static final int ROUND_TRIPS = 20;

    private static final long SMALL_STACK = 256 * 1_024;

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).lease(LEASE).build();

    private final Queue<IdempotencyContext> losses = new ConcurrentLinkedQueue<>();

    static Stream<DurableBackend> backends() {
        return DurableBackend.wanted();
    }

    @ParameterizedTest
    @MethodSource("backends")
    void aThousandLongCallsCostOneThreadAndOneRequestPerInterval(DurableBackend backend) throws Exception {
        try (TcpProxy proxy = backend.proxy();
                DurableBackend.Connected connected = backend.connect(backend.through(proxy))) {
            callForTheFirstTime(connected.store());
            StoreLine line = new StoreLine(connected.store());
            Set<Thread> threadsBefore = threads();
            long begin = System.nanoTime();
            try (IdempotencyEngine engine = engine(line.end())) {
                Gate gate = new Gate(CALLS);
                List<FutureTask<String>> calls = call(engine, gate);
                gate.awaitEntered();
                awaitFullRenewals(line, 1);
                int renewalsBefore = line.renewals().size();
                long requestsBefore = proxy.traffic().requests();
                proxy.delay(DISTANCE);
                awaitFullRenewals(line, 3);
                List<Renewal> renewals = line.renewals();
                long intervals = (System.nanoTime() - begin) / INTERVAL.toNanos();
                long roundTrips = (proxy.traffic().requests() - requestsBefore) / (renewals.size() - renewalsBefore);
                Set<Thread> threads = threads();
                threads.removeAll(threadsBefore);
                proxy.passThrough();
                gate.open();

                for (int number = 0; number < CALLS; number++) {
                    assertThat(calls.get(number).get(Gate.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                            .isEqualTo("receipt " + number);
                }
                System.out.println(figures(backend, renewals, roundTrips, threads));
                assertThat(renewals).hasSizeLessThanOrEqualTo((int) intervals);
                assertThat(renewals)
                        .extracting(Renewal::thread)
                        .containsOnly(renewals.get(0).thread());
                assertThat(threads)
                        .filteredOn(thread -> thread.getName().equals("idempotent-lease-renewal"))
                        .containsExactly(renewals.get(0).thread());
                assertThat(roundTrips).isLessThanOrEqualTo(ROUND_TRIPS);
                assertThat(losses).isEmpty();
            }
        }
    }

    /** That takes long, and is not to lose a short lease over it. */
    private void callForTheFirstTime(IdempotencyStore store) throws Exception {
        Operation<String> pay = Operation.builder("pay", String.class).build();
        try (IdempotencyEngine engine = engine(store)) {
            assertThat(engine.execute(pay, "first", Fingerprint.none(), () -> "receipt"))
                    .isEqualTo("receipt");
        }
    }

    private IdempotencyEngine engine(IdempotencyStore store) {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .listener(new IdempotencyListener() {
                    @Override
                    public void leaseLost(IdempotencyContext context) {
                        losses.add(context);
                    }
                })
                .build();
    }

    private static List<FutureTask<String>> call(IdempotencyEngine engine, Gate gate) {
        // One that waits for a connection until its lease is over would not begin.
        Semaphore claiming = new Semaphore(CLAIMING_AT_ONCE);
        List<FutureTask<String>> calls = new ArrayList<>();
        for (int number = 0; number < CALLS; number++) {
            String receipt = "receipt " + number;
            FutureTask<String> call = new FutureTask<>(() -> {
                claiming.acquire();
                return engine.execute(PAY, receipt, Fingerprint.none(), () -> {
                    claiming.release();
                    return gate.pass(receipt);
                });
            });
            calls.add(call);
            new Thread(null, call, receipt, SMALL_STACK).start();
        }
        return calls;
    }

    private static List<Renewal> full(StoreLine line) {
        return line.renewals().stream()
                .filter(renewal -> renewal.claims() == CALLS)
                .toList();
    }

    private static void awaitFullRenewals(StoreLine line, int number) {
        await().atMost(Gate.PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> full(line).size() >= number);
    }

    /** Those of this library. */
    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("idempotent-"))
                .collect(Collectors.toSet());
    }

    private static String figures(
            DurableBackend backend, List<Renewal> renewals, long roundTrips, Set<Thread> threads) {
        return "On %s %d leases were renewed by one request each time; requests %s; round trips %d; threads %s"
                .formatted(
                        backend,
                        CALLS,
                        renewals.stream()
                                .map(renewal -> renewal.claims() + " in "
                                        + renewal.took().toMillis() + " ms")
                                .toList(),
                        roundTrips,
                        threads.stream().map(Thread::getName).toList());
    }
}
