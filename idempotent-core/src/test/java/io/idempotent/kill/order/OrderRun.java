package io.idempotent.kill.order;

import io.idempotent.IdempotencyKey;
import io.idempotent.kill.Kill;
import io.idempotent.kill.order.Told.Event;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One run of the kill test of steps:
 *
 * <ol>
 *   <li>A ledger is started, and JVMs with {@link OrderNodeProgram}: two that work at a time, and two that start
 *       meanwhile.
 *   <li>In rounds, the orders that have not ended are given to them, fourteen to a JVM. Once each of them has ended or
 *       is at the point where it is to be killed, the JVM is killed with SIGKILL, if any is.
 *   <li>In the first round each order has its first point, in the second its second. In the third, JVMs are killed at
 *       any time. Then none is killed any more, until all orders have ended; and in the last round all are asked for
 *       once more.
 *   <li>What the nodes told, what the ledger counted, and what the store lists as abandoned is the {@link
 *       OrderHistory}.
 * </ol>
 */
public final class OrderRun {

    /** How many orders are placed: {@value}. */
    public static final int ORDERS = 160;

    private static final int BATCH = 14;
    private static final int AT_WORK = 2;
    private static final int SPARE = 2;

    // Of the 108 or so lines that fourteen orders are worth.
    private static final int MOST_LINES_BEFORE_KILL = 95;

    // Two or three times what a request takes.
    private static final long LONGEST_PAUSE_BEFORE_KILL = TimeUnit.MILLISECONDS.toNanos(2);

    private static final int MOST_ROUNDS_WITHOUT_KILLS = 10;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final String factory;
    private final List<String> arguments;
    private final Path directory;
    private final BlockingQueue<Node> nodes = new LinkedBlockingQueue<>();
    private final Set<Node> alive = ConcurrentHashMap.newKeySet();
    private final Queue<Told> told = new ConcurrentLinkedQueue<>();
    private final Queue<Kill> kills = new ConcurrentLinkedQueue<>();
    private final Set<Integer> ended = ConcurrentHashMap.newKeySet();
    private final List<String> nodeArguments = new ArrayList<>();

    /**
     * Prepares a run.
     *
     * @param factory opens the store, in the JVMs and at the end in this one
     * @param arguments what it is given
     * @param directory for the ledger's file and what the JVMs say of errors; empty
     */
    public OrderRun(Class<? extends StoreFactory> factory, List<String> arguments, Path directory) {
        this.factory = factory.getName();
        this.arguments = arguments;
        this.directory = directory;
    }

    /** Runs, and gives what happened. */
    public OrderHistory run() throws Exception {
        LedgerProcess ledger = new LedgerProcess(directory);
        ExecutorService drivers = Executors.newFixedThreadPool(AT_WORK);
        try (ledger) {
            nodeArguments.add(ledger.port());
            nodeArguments.add(factory);
            nodeArguments.addAll(arguments);
            for (int number = 0; number < AT_WORK + SPARE; number++) {
                startNode();
            }
            place(drivers);
        } finally {
            drivers.shutdownNow();
            alive.forEach(node -> node.process.destroy());
        }
        return new OrderHistory(ORDERS, List.copyOf(told), ledger.effects(), List.copyOf(kills), abandoned());
    }

    private void place(ExecutorService drivers) throws Exception {
        round(drivers, notEnded(), Order::firstCrash, false);
        round(drivers, notEnded(), Order::secondCrash, false);
        round(drivers, notEnded(), order -> null, true);
        for (int count = 0; count < MOST_ROUNDS_WITHOUT_KILLS && ended.size() < ORDERS; count++) {
            round(drivers, notEnded(), order -> null, false);
        }
        round(drivers, IntStream.range(0, ORDERS).boxed().toList(), order -> null, false);
    }

    private List<Integer> notEnded() {
        return IntStream.range(0, ORDERS)
                .filter(order -> !ended.contains(order))
                .boxed()
                .toList();
    }

    private void round(
            ExecutorService drivers,
            List<Integer> orders,
            Function<Order, @Nullable CrashPoint> crash,
            boolean killsAtAnyTime)
            throws Exception {
        List<Callable<Void>> batches = new ArrayList<>();
        for (int from = 0; from < orders.size(); from += BATCH) {
            List<Integer> batch = orders.subList(from, Math.min(from + BATCH, orders.size()));
            batches.add(() -> {
                place(batch, crash, killsAtAnyTime);
                return null;
            });
        }
        for (Future<Void> batch : drivers.invokeAll(batches, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            try {
                batch.get();
            } catch (ExecutionException failure) {
                throw new IllegalStateException(failure.getCause());
            }
        }
    }

    /** Has a node place orders, and kills it at its time. */
    private void place(List<Integer> batch, Function<Order, @Nullable CrashPoint> crash, boolean killsAtAnyTime)
            throws Exception {
        Node node = nodes.take();
        node.awaitWarm();
        for (int order : batch) {
            CrashPoint point = crash.apply(new Order(order));
            node.process.say("place " + order + " " + (point == null ? OrderNodeProgram.NOWHERE : point));
        }
        int lines = killsAtAnyTime ? ThreadLocalRandom.current().nextInt(MOST_LINES_BEFORE_KILL) : Integer.MAX_VALUE;
        boolean isAtPoint = false;
        for (int open = batch.size(); open > 0 && lines > 0; lines--) {
            Told next = node.hearAlive();
            isAtPoint |= next.event() == Event.AT;
            if (next.event() == Event.AT || next.event().isEnd()) {
                open--;
            }
        }
        if (isAtPoint) {
            node.process.say(OrderNodeProgram.GO);
            // Anywhere within the requests that go on now.
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(LONGEST_PAUSE_BEFORE_KILL));
        }
        if (isAtPoint || killsAtAnyTime) {
            startNode();
            kills.add(node.kill());
        } else {
            nodes.add(node);
        }
    }

    private void startNode() {
        Node node = new Node();
        alive.add(node);
        nodes.add(node);
    }

    private Map<Integer, Map<String, Boolean>> abandoned() throws Exception {
        IdempotencyStore store = StoreFactory.open(factory, arguments);
        Map<Integer, Map<String, Boolean>> orders = new HashMap<>();
        RecordQuery query = RecordQuery.abandoned()
                .ofOperation(OrderNodeProgram.PLACE.name())
                .limit(ORDERS);
        for (IdempotencyRecord record : store.list(query)) {
            IdempotencyKey key = record.key();
            orders.put(
                    Integer.valueOf(key.value()),
                    store.findSteps(key).stream()
                            .collect(Collectors.toMap(RecordedStep::name, step -> step.outcome() != null)));
        }
        return orders;
    }

    /** One of the JVMs. */
    private final class Node {

        final NodeProcess process =
                new NodeProcess(OrderNodeProgram.class, nodeArguments, directory.resolve("nodes.errors"));
        private boolean warm;

        /** Waits until it has placed its own order. */
        void awaitWarm() throws IOException {
            while (!warm) {
                warm = hearAlive().event().isEnd();
            }
        }

        Told hearAlive() throws IOException {
            Told next = hear();
            if (next == null) {
                throw process.endedByItself();
            }
            return next;
        }

        /** What the node tells next; null at its end. */
        @Nullable
        Told hear() throws IOException {
            Told next = process.hear();
            if (next == null || next.order() < 0) {
                return next;
            }
            told.add(next);
            if (next.event() == Event.ANSWERED || next.event() == Event.UNKNOWN) {
                ended.add(next.order());
            }
            return next;
        }

        Kill kill() throws Exception {
            Kill kill = process.kill();
            alive.remove(this);
            while (hear() != null) {
                // What it told before it was killed counts.
            }
            return kill;
        }
    }
}
