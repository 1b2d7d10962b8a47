package io.idempotent.benchmarks.wire;

import io.idempotent.benchmarks.BookedPayments;
import io.idempotent.benchmarks.Claimant;
import io.idempotent.benchmarks.PaymentRequest;
import io.idempotent.benchmarks.Payments;
import io.idempotent.benchmarks.Server;
import io.idempotent.benchmarks.ServerBackend;
import io.idempotent.benchmarks.StatementRecorder;
import io.idempotent.server.TcpProxy.Traffic;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import javax.sql.DataSource;

/**
 * Prints a table of what a call puts on the wire, by the stores and by hand, on connections that are warm: how many
 * statements or scripts, how many round trips, and how many bytes each way. Each is the median of many calls, since a
 * pool opens connections meanwhile. Statements do not include those that begin and end transactions; round trips and
 * bytes do. From the root:
 *
 * <pre>{@code
 * java -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.wire.WireReport
 * }</pre>
 */
public final class WireReport {

    // Drivers look at types and prepare statements at first, Redis learns the scripts, and pools open their
    // connections.
    private static final int WARM_UPS = 500;

    private static final int CALLS = 200;

    /** All values of keys, and numbers in them, are equally long. */
    private static final int FIRST = 100_000;

    private final Wire wire = new Wire();
    private final StatementRecorder recorder = new StatementRecorder();
    private final Server server;

    private WireReport(Server server) {
        this.server = server;
    }

    /** Prints it. */
    public static void main(String[] arguments) throws Exception {
        System.out.printf("| server | call | by | statements | round trips | bytes to server | bytes to client |%n");
        System.out.printf("|---|---|---|---:|---:|---:|---:|%n");
        for (Server server : List.of(Server.POSTGRES, Server.MARIADB, Server.REDIS)) {
            new WireReport(server).print();
        }
    }

    private void print() throws Exception {
        try (wire) {
            ServerBackend backend = server.open(wire);
            try {
                print(backend);
            } finally {
                backend.close();
            }
        }
    }

    private void print(ServerBackend backend) throws Exception {
        Claimant store = backend.heardBy(recorder);
        Claimant byHand = backend.byHand();
        print("first execution", store::claimAndComplete, byHand::claimAndComplete);
        print("replay", store::replay, byHand::replay);
        if (backend.database().isPresent()) {
            printBooked(recorder.listenTo(DataSource.class, backend.database().get()));
        }
    }

    /** By hand it is the very same statements, which are not heard. */
    private void print(String name, Call store, Call byHand) throws Exception {
        Cost cost = costOf("s-", store);
        print(name, "store", cost);
        print(name, "the same by hand", costOf("h-", byHand).withStatements(cost.statements()));
    }

    private void printBooked(DataSource dataSource) throws Exception {
        try (BookedPayments booked = new BookedPayments(dataSource)) {
            print("transaction", "itself", costOf(booked.alone()));
            for (String name : List.of("first execution in it", "replay instead of it")) {
                print(name, "atomic mode", costOf(booked.atomic()));
                print(name, "by hand", costOf(booked.byHand()));
            }
        }
    }

    private Cost costOf(Payments payments) throws Exception {
        return costOf("", number -> payments.pay(PaymentRequest.number(Integer.parseInt(number))));
    }

    /** What is done with each value. */
    private interface Call {
        Object with(String value) throws Exception;
    }

    /** What one call put on the wire. */
    private record Cost(long statements, long roundTrips, long toServer, long toClient) {

        Cost withStatements(long number) {
            return new Cost(number, roundTrips, toServer, toClient);
        }
    }

    private Cost costOf(String prefix, Call call) throws Exception {
        List<Cost> costs = new ArrayList<>();
        for (int number = 0; number < WARM_UPS + CALLS; number++) {
            Traffic before = wire.traffic();
            var unused = call.with(prefix + (FIRST + number));
            Traffic after = wire.traffic();
            costs.add(new Cost(
                    recorder.drain().size(),
                    after.requests() - before.requests(),
                    after.bytesToServer() - before.bytesToServer(),
                    after.bytesToClient() - before.bytesToClient()));
        }
        List<Cost> warm = costs.subList(WARM_UPS, costs.size());
        return new Cost(
                median(warm, Cost::statements),
                median(warm, Cost::roundTrips),
                median(warm, Cost::toServer),
                median(warm, Cost::toClient));
    }

    private static long median(List<Cost> costs, ToLongFunction<Cost> part) {
        return costs.stream()
                .mapToLong(part)
                .sorted()
                .skip(costs.size() / 2)
                .findFirst()
                .orElseThrow();
    }

    private void print(String name, String by, Cost cost) {
        System.out.printf(
                "| %s | %s | %s | %d | %d | %d | %d |%n",
                server, name, by, cost.statements(), cost.roundTrips(), cost.toServer(), cost.toClient());
    }
}
