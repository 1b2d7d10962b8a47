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
import io.idempotent.store.IdempotencyStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;

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
 *   <li>It tells by its {@link CrashSite}, whose other end outlives it. It ends when its standard input does.
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

    private final CrashSite site;
    private final Ledger ledger;
    private final IdempotencyEngine engine;

    private OrderNodeProgram(CrashSite site, IdempotencyStore store, Ledger ledger) {
        this.site = site;
        this.ledger = ledger;
        this.engine = IdempotencyEngine.builder(site.observed(store))
                .codec(new ReceiptCodec())
                .build();
    }

    /** Takes the ledger's port, the factory's class, and the factory's arguments. */
    public static void main(String[] arguments) throws Exception {
        CrashSite site = new CrashSite();
        IdempotencyStore store =
                StoreFactory.open(arguments[1], List.of(arguments).subList(2, arguments.length));
        new OrderNodeProgram(site, store, new Ledger(Integer.parseInt(arguments[0]))).obey();
        Runtime.getRuntime().halt(0);
    }

    private void obey() throws IOException {
        answer(new Order(-Math.toIntExact(ProcessHandle.current().pid())));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            if (command.equals(GO)) {
                site.go();
                continue;
            }
            String[] parts = command.split(" ", -1);
            Order order = new Order(Integer.parseInt(parts[1]));
            if (!parts[2].equals(NOWHERE)) {
                site.stayAt(order.number(), CrashPoint.parse(parts[2]));
            }
            new Thread(() -> answer(order), "order-" + order.number()).start();
        }
    }

    private void answer(Order order) {
        try {
            String value =
                    engine.execute(PLACE, Integer.toString(order.number()), Fingerprint.none(), () -> place(order));
            site.tell(Event.ANSWERED, order.number(), 0, value);
        } catch (IdempotencyOutcomeUnknownException unknown) {
            site.tell(Event.UNKNOWN, order.number(), 0, String.valueOf(unknown.getMessage()));
        } catch (Throwable noAnswer) {
            site.tell(Event.REFUSED, order.number(), 0, noAnswer.toString());
        }
    }

    private String place(Order order) {
        Steps steps = IdempotencyContext.current().steps();
        StringJoiner receipts = new StringJoiner(",");
        for (String step : Order.STEPS) {
            if (!order.isAtMostOnce(step)) {
                receipts.add(steps.run(step, () -> perform(order, step)));
            } else if (order.isReconciled(step)) {
                receipts.add(steps.atMostOnce()
                        .run(step, () -> perform(order, step), () -> ledger.find(order.number(), step)));
            } else {
                receipts.add(steps.atMostOnce().run(step, () -> perform(order, step)));
            }
        }
        return receipts.toString();
    }

    private String perform(Order order, String step) {
        site.reach(order.number(), Moment.BEFORE_EFFECT, step);
        String receipt = ledger.perform(order.number(), step);
        site.reach(order.number(), Moment.AFTER_EFFECT, step);
        return receipt;
    }
}
