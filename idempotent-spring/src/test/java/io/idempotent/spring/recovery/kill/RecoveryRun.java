package io.idempotent.spring.recovery.kill;

import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.kill.Kill;
import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.CrashPoint.Moment;
import io.idempotent.kill.order.LedgerProcess;
import io.idempotent.kill.order.NodeProcess;
import io.idempotent.kill.order.StoreFactory;
import io.idempotent.kill.order.Told;
import io.idempotent.spring.recovery.kill.RecoveryHistory.Ending;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One run of the kill test of the recovery:
 *
 * <ol>
 *   <li>A ledger is started, and four JVMs with {@link RecoveringNodeProgram}. One of them is to be killed next.
 *   <li>That one is given orders, seventeen at a time. Once each is at its point, the JVM is killed with SIGKILL, and
 *       another one started.
 *   <li>Those left behind are recovered by all JVMs. The one that is to be killed next stays at their second points, if
 *       it gets there. Once all are claimed again, it is given its own orders, and so on.
 *   <li>At the end one more JVM is killed that only recovers. No order is asked for twice; the store is looked at until
 *       all orders have ended.
 * </ol>
 */
final class RecoveryRun {

    /** How many orders a JVM is given before it is killed. */
    static final int BATCH = 17;

    /** How long after a sweep the next one begins at most. */
    static final Duration INTERVAL = Duration.ofMillis(500);

    /** How many JVMs have to be killed until each point has had its order. */
    static final int KILLS = (OrderPlan.PERIOD + BATCH - 1) / BATCH;

    private static final int JVMS = 4;

    // Two or three times what a request takes.
    private static final long LONGEST_PAUSE_BEFORE_KILL = TimeUnit.MILLISECONDS.toNanos(2);

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final OutcomeType ENDING = new OutcomeType(String.class, List.of(DeclinedException.class));

    private final String factory;
    private final List<String> arguments;
    private final Path directory;
    private final List<String> nodeArguments = new ArrayList<>();
    private final List<Node> alive = new ArrayList<>();
    private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
    private final List<Told> told = new ArrayList<>();
    private final List<Kill> kills = new ArrayList<>();
    private final Map<Integer, Node> claimants = new HashMap<>();
    private final List<Integer> orders = new ArrayList<>();

    /**
     * Prepares a run.
     *
     * @param factory opens the store, in the JVMs and at the end in this one
     * @param arguments what it is given
     * @param directory for the ledger's file and what the JVMs say of errors; empty
     */
    RecoveryRun(Class<? extends StoreFactory> factory, List<String> arguments, Path directory) {
        this.factory = factory.getName();
        this.arguments = arguments;
        this.directory = directory;
    }

    /** Runs until each point has had its order, or for {@code -Dkill.seconds=…}, and gives what happened. */
    RecoveryHistory run() throws Exception {
        Integer seconds = Integer.getInteger("kill.seconds");
        return seconds == null
                ? run(0, KILLS, PATIENCE)
                : run(0, Integer.MAX_VALUE, Duration.ofSeconds(seconds), PATIENCE);
    }

    /**
     * Runs a part.
     *
     * @param first the first order's number
     * @param enough how many JVMs are killed that were given orders
     * @param patience how long the orders have to end after the last kill
     */
    RecoveryHistory run(int first, int enough, Duration patience) throws Exception {
        return run(first, enough, PATIENCE.multipliedBy(enough), patience);
    }

    private RecoveryHistory run(int first, int enough, Duration longest, Duration patience) throws Exception {
        LedgerProcess ledger = new LedgerProcess(directory);
        Map<Integer, Ending> endings;
        try (ledger) {
            nodeArguments.add(ledger.port());
            nodeArguments.add(INTERVAL.toMillis() + "ms");
            nodeArguments.add(factory);
            nodeArguments.addAll(arguments);
            for (int number = 0; number < JVMS; number++) {
                startNode();
            }
            place(first, enough, System.nanoTime() + longest.toNanos());
            endings = awaitEndings(patience);
        } finally {
            alive.forEach(node -> node.process.destroy());
        }
        return new RecoveryHistory(orders, told, ledger.effects(), kills, endings);
    }

    private void place(int first, int enough, long end) throws Exception {
        Node victim = awaitWarm(null);
        Set<Integer> cutOff = Set.of();
        for (int next = first; kills.size() < enough && System.nanoTime() - end < 0; next += BATCH) {
            awaitRecovered(cutOff, victim);
            List<Integer> batch = IntStream.range(next, next + BATCH).boxed().toList();
            place(batch, victim);

            Node heir = awaitWarm(victim);
            // Somebody has to recover meanwhile what the heir does not.
            awaitOrFail(() -> alive.stream().filter(node -> node.warm).count() > 2, "No third JVM has started");
            for (int order : batch) {
                CrashPoint second = new OrderPlan(order).secondCrash();
                if (second != null) {
                    heir.process.say(RecoveringNodeProgram.STAY + " " + order + " " + second);
                }
            }
            cutOff = victim.leavesBehind();
            kill(victim);
            startNode();
            victim = heir;
        }
        awaitRecovered(cutOff, victim);
        kill(victim);
    }

    private void place(List<Integer> batch, Node node) throws Exception {
        orders.addAll(batch);
        for (int order : batch) {
            node.process.say(RecoveringNodeProgram.PLACE + " " + order + " " + new OrderPlan(order).firstCrash());
        }
        awaitOrFail(() -> batch.stream().allMatch(node::isDoneWith), "An order has neither got to its point nor ended");
    }

    /** Waits until all that a killed JVM left is recovered, or being recovered. */
    private void awaitRecovered(Set<Integer> cutOff, Node next) throws Exception {
        await(
                () -> cutOff.stream().allMatch(order -> {
                    Node claimant = claimants.get(order);
                    return claimant != null && (claimant != next ? claimant.isAlive() : next.isDoneWith(order));
                }),
                Duration.ofSeconds(5));
    }

    private void kill(Node victim) throws Exception {
        victim.process.say(RecoveringNodeProgram.GO);
        // Anywhere within the requests that go on now.
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(LONGEST_PAUSE_BEFORE_KILL));
        kills.add(victim.process.kill());
        alive.remove(victim);
        // What it told before it was killed counts.
        awaitOrFail(() -> victim.silent, "A killed JVM still talks");
    }

    private Node awaitWarm(@Nullable Node other) throws Exception {
        awaitOrFail(() -> warm(other) != null, "No JVM has started");
        return warm(other);
    }

    private @Nullable Node warm(@Nullable Node other) {
        return alive.stream()
                .filter(node -> node.warm && node != other)
                .findFirst()
                .orElse(null);
    }

    private void startNode() {
        Node node = new Node();
        alive.add(node);
        Thread listening = new Thread(node::listen, "node");
        listening.setDaemon(true);
        listening.start();
    }

    private Map<Integer, Ending> awaitEndings(Duration patience) throws Exception {
        IdempotencyStore store = StoreFactory.open(factory, arguments);
        OutcomeCodec codec = JacksonOutcomeCodec.create();
        Map<Integer, Ending> endings = new HashMap<>();
        long end = System.nanoTime() + patience.toNanos();
        while (endings.size() < orders.size() && System.nanoTime() - end < 0) {
            for (int order : orders) {
                IdempotencyRecord record = endings.containsKey(order)
                        ? null
                        : store.find(IdempotencyKey.of(OrderService.OPERATION, Integer.toString(order)));
                if (record != null && record.state() instanceof IdempotencyRecord.Completed completed) {
                    endings.put(order, ending(completed, codec));
                }
            }
            await(() -> false, Duration.ofMillis(100));
        }
        return endings;
    }

    private static Ending ending(IdempotencyRecord.Completed completed, OutcomeCodec codec) throws Exception {
        RecordedOutcome recorded = completed.outcome();
        long at = ChronoUnit.MICROS.between(Instant.EPOCH, completed.completedAt());
        if (recorded instanceof RecordedOutcome.NotReplayable problem) {
            return new Ending(false, problem.reason(), at);
        }
        return codec.decode(recorded, ENDING) instanceof Outcome.Failure failure
                ? new Ending(true, String.valueOf(failure.cause().getMessage()), at)
                : new Ending(false, String.valueOf(((Outcome.Value) codec.decode(recorded, ENDING)).value()), at);
    }

    private void awaitOrFail(BooleanSupplier condition, String otherwise) throws Exception {
        if (!await(condition, PATIENCE)) {
            throw new IllegalStateException(otherwise);
        }
    }

    /** Listens until something is so, or patience is over. */
    private boolean await(BooleanSupplier condition, Duration patience) throws Exception {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            Heard next = heard.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                return condition.getAsBoolean();
            }
            next.node.take(next.told);
        }
        return true;
    }

    /** What a node tells; null at its end. */
    private record Heard(Node node, @Nullable Told told) {}

    /** One of the JVMs. */
    private final class Node {

        final NodeProcess process =
                new NodeProcess(RecoveringNodeProgram.class, nodeArguments, directory.resolve("nodes.errors"));
        private final Map<Integer, Moment> staying = new HashMap<>();
        private final Set<Integer> ended = new HashSet<>();
        private int warmings;
        private boolean warm;
        private boolean silent;

        boolean isAlive() {
            return alive.contains(this);
        }

        /** Whether an order stays here where it is to be killed, or its execution here has ended. */
        boolean isDoneWith(int order) {
            return staying.containsKey(order) || ended.contains(order);
        }

        /** The orders that somebody has to claim again once it is killed. */
        Set<Integer> leavesBehind() {
            return staying.entrySet().stream()
                    .filter(order -> order.getValue().compareTo(Moment.IN_COMPLETION) < 0)
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toSet());
        }

        void listen() {
            try {
                Told next;
                do {
                    next = process.hear();
                    heard.add(new Heard(this, next));
                } while (next != null);
            } catch (IOException closed) {
                // The run has failed, and destroyed it.
            }
        }

        void take(@Nullable Told next) throws IOException {
            if (next == null) {
                silent = true;
                if (isAlive()) {
                    throw process.endedByItself();
                }
                return;
            }
            int order = next.order();
            if (order < 0) {
                warmings += next.event().isEnd() ? 1 : 0;
                warm = warmings == 2;
                return;
            }
            told.add(next);
            switch (next.event()) {
                case CLAIMED -> {
                    claimants.put(order, this);
                    ended.remove(order);
                }
                case AT -> staying.put(order, CrashPoint.parse(next.text()).moment());
                case COMPLETED, ANSWERED, REFUSED -> ended.add(order);
                default -> {
                    // It goes on.
                }
            }
        }
    }
}
