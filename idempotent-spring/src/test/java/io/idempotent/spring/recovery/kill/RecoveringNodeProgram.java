package io.idempotent.spring.recovery.kill;

import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.CrashSite;
import io.idempotent.kill.order.Ledger;
import io.idempotent.kill.order.StoreFactory;
import io.idempotent.kill.order.Told.Event;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.store.IdempotencyStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/**
 * The program that is killed: a Spring application that places the orders that it is told to, each in a thread of its
 * own, and recovers what others left behind.
 *
 * <ol>
 *   <li>It first places two orders that nobody has asked for, one of which is declined, so that its classes are loaded.
 *   <li>{@code place <order> <point>} on its standard input begins an order, which stays at that point.
 *   <li>{@code stay <order> <point>} has the order stay at that point, if this application recovers it.
 *   <li>{@code go}, said shortly before the kill, lets those go on that are to be killed within a request to the store.
 *   <li>It tells by its {@link CrashSite}, whose other end outlives it. It ends when its standard input does.
 * </ol>
 */
final class RecoveringNodeProgram {

    static final String PLACE = "place";
    static final String STAY = "stay";
    static final String GO = "go";

    private final CrashSite site;
    private final OrderService service;

    private RecoveringNodeProgram(CrashSite site, OrderService service) {
        this.site = site;
        this.service = service;
    }

    /** Takes the ledger's port, the interval of the recovery, the factory's class, and the factory's arguments. */
    public static void main(String[] arguments) throws Exception {
        CrashSite site = new CrashSite();
        Ledger ledger = new Ledger(Integer.parseInt(arguments[0]));
        IdempotencyStore store =
                site.observed(StoreFactory.open(arguments[2], List.of(arguments).subList(3, arguments.length)));
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new MapPropertySource(
                        "settings",
                        Map.of(
                                "idempotent.recovery.interval",
                                arguments[1],
                                // All that a killed application leaves may have to stay somewhere.
                                "idempotent.recovery.threads",
                                RecoveryRun.BATCH * 2)));
        context.register(Application.class);
        context.registerBean(IdempotencyStore.class, () -> store);
        context.registerBean(OrderService.class, () -> new OrderService(site, ledger));
        context.refresh();
        new RecoveringNodeProgram(site, context.getBean(OrderService.class)).obey();
        Runtime.getRuntime().halt(0);
    }

    /** The application. */
    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {}

    private void obey() throws IOException {
        int process = Math.toIntExact(ProcessHandle.current().pid());
        place(-2 * process);
        place(-2 * process - 1);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            if (command.equals(GO)) {
                site.go();
                continue;
            }
            String[] parts = command.split(" ", -1);
            int order = Integer.parseInt(parts[1]);
            site.stayAt(order, CrashPoint.parse(parts[2]));
            if (parts[0].equals(PLACE)) {
                new Thread(() -> place(order), "order-" + order).start();
            }
        }
    }

    private void place(int order) {
        try {
            String value = service.place(new PlacedOrder(order, new OrderPlan(order).items()));
            site.tell(Event.ANSWERED, order, 0, value);
        } catch (Throwable failure) {
            site.tell(Event.REFUSED, order, 0, failure.toString());
        }
    }
}
