package io.idempotent.kill.order;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Steps;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.kill.ReceiptCodec;
import io.idempotent.kill.order.CrashPoint.Moment;
import io.idempotent.kill.order.Told.Event;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * The program that is killed: places the orders that it is told to, each in a thread of its own, and tells what becomes
 * of them.
 *
 * <ol>
 *   <li>It first places an order that nobody has asked for, whose number is negative: a JVM that has yet to load its
 *       classes loses its leases on a slow machine, and would be killed everywhere but at the point.
 *   <li>{@code place <order> <point>} on its standard input begins an order. At that point, if the order gets there, it
 *       tells so and stays, its lease being renewed like any other; {@code -} is no point.
 *   <li>{@code go}, said shortly before the kill, lets those go on that are to be killed within a request to the store.
 *   <li>Each {@link Told} is a line of its standard output, whose end outlives it. It ends when its standard input
 *       does.
 * </ol>
 */
final class OrderNodeProgram {

    static final String NOWHERE = "-";

    static final String GO = "go";

    /**
     * What the orders are placed by. The lease, as short as a busy machine allows, is how long a killed owner blocks
     * its order.
     */
    static final Operation<String> PLACE = Operation.builder("place", String.class)
            .lease(Duration.ofSeconds(1))
            .waitAtMost(Duration.ofSeconds(5))
            .build();

    private final FileOutputStream output = new FileOutputStream(FileDescriptor.out);
    private final Ledger ledger;
    private final IdempotencyEngine engine;
    private final Map<Integer, CrashPoint> crashes = new ConcurrentHashMap<>();
    private final CountDownLatch go = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);

    private OrderNodeProgram(IdempotencyStore store, Ledger ledger) {
        this.ledger = ledger;
        this.engine = IdempotencyEngine.builder(observed(store))
                .codec(new ReceiptCodec())
                .build();
    }

    /** Takes the ledger's port, the factory's class, and the factory's arguments. */
    public static void main(String[] arguments) throws Exception {
        // The standard output is kept from all others.
        System.setOut(System.err);
        IdempotencyStore store =
                StoreFactory.open(arguments[1], List.of(arguments).subList(2, arguments.length));
        new OrderNodeProgram(store, new Ledger(Integer.parseInt(arguments[0]))).obey();
        Runtime.getRuntime().halt(0);
    }

    private void obey() throws IOException {
        answer(new Order(-Math.toIntExact(ProcessHandle.current().pid())));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            if (command.equals(GO)) {
                go.countDown();
                continue;
            }
            String[] parts = command.split(" ", -1);
            Order order = new Order(Integer.parseInt(parts[1]));
            if (!parts[2].equals(NOWHERE)) {
                crashes.put(order.number(), CrashPoint.parse(parts[2]));
            }
            new Thread(() -> answer(order), "order-" + order.number()).start();
        }
    }

    private void answer(Order order) {
        try {
            String value =
                    engine.execute(PLACE, Integer.toString(order.number()), Fingerprint.none(), () -> place(order));
            tell(Event.ANSWERED, order.number(), 0, value);
        } catch (IdempotencyOutcomeUnknownException unknown) {
            tell(Event.UNKNOWN, order.number(), 0, String.valueOf(unknown.getMessage()));
        } catch (Throwable noAnswer) {
            tell(Event.REFUSED, order.number(), 0, noAnswer.toString());
        }
    }

    private String place(Order order) {
        Steps steps = IdempotencyContext.current().steps();
        StringJoiner receipts = new StringJoiner(",");
        for (String step : Order.STEPS) {
            if (!order.isAtMostOnce(step)) {
                receipts.add(steps.run(step, () -> perform(order, step)));
            } else if (order.isReconciled(step)) {
                receipts.add(steps.atMostOnce().run(step, () -> perform(order, step), () -> ledger.find(order, step)));
            } else {
                receipts.add(steps.atMostOnce().run(step, () -> perform(order, step)));
            }
        }
        return receipts.toString();
    }

    private String perform(Order order, String step) {
        reach(order.number(), Moment.BEFORE_EFFECT, step);
        String receipt = ledger.perform(order, step);
        reach(order.number(), Moment.AFTER_EFFECT, step);
        return receipt;
    }

    private IdempotencyStore observed(IdempotencyStore store) {
        return (IdempotencyStore) Proxy.newProxyInstance(
                IdempotencyStore.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (proxy, method, arguments) -> {
                    try {
                        return switch (method.getName()) {
                            case "recordStep" -> recordStep(store, (Claim) arguments[0], (RecordedStep) arguments[1]);
                            case "complete" -> {
                                int order = order((Claim) arguments[0]);
                                reach(order, Moment.IN_COMPLETION, CrashPoint.COMPLETION);
                                Object completed = method.invoke(store, arguments);
                                reach(order, Moment.AFTER_COMPLETION, CrashPoint.COMPLETION);
                                yield completed;
                            }
                            default -> method.invoke(store, arguments);
                        };
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private boolean recordStep(IdempotencyStore store, Claim claim, RecordedStep step) {
        int order = order(claim);
        if (step.outcome() == null) {
            tell(Event.BEGINS, order, claim.fencingToken(), step.name());
            reach(order, Moment.IN_BEGIN, step.name());
            return store.recordStep(claim, step);
        }
        reach(order, Moment.IN_RECORD, step.name());
        boolean recorded = store.recordStep(claim, step);
        if (recorded) {
            tell(Event.RECORDED, order, claim.fencingToken(), step.name());
            reach(order, Moment.AFTER_RECORD, step.name());
        }
        return recorded;
    }

    private static int order(Claim claim) {
        return Integer.parseInt(claim.key().value());
    }

    /** Stays here, if this is where the order is to be killed. */
    private void reach(int order, Moment moment, String step) {
        CrashPoint point = new CrashPoint(moment, step);
        if (crashes.remove(order, point)) {
            tell(Event.AT, order, 0, point.toString());
            try {
                (moment.isInRequest() ? go : never).await();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }

    private void tell(Event event, int order, long token, String text) {
        // One write of the system, so that a line is there whole or not at all, whenever the JVM is killed.
        byte[] line = (new Told(ProcessHandle.current().pid(), event, order, token, text).line() + "\n")
                .getBytes(StandardCharsets.UTF_8);
        try {
            output.write(line);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
