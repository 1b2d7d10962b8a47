package io.idempotent.spring.recovery;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.codec.OutcomeType;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.RecoverySettings;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/** An application on a store, whose sweeps are made when a test asks for them. */
final class Node implements AutoCloseable {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    /** What listeners are told. */
    static final class Told implements IdempotencyListener {

        private final List<String> events = new CopyOnWriteArrayList<>();

        List<String> events() {
            return events;
        }

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            events.add("completed " + context.key().value());
        }

        @Override
        public void leftForPerson(IdempotencyKey key, int takeovers, String reason) {
            events.add("left " + key.value() + " after " + takeovers + ": " + reason);
        }

        @Override
        public void contradicted(IdempotencyKey key, String difference) {
            events.add("contradicted " + key.value() + ": " + difference);
        }
    }

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    /** Starts an application. No sweep begins by itself within a test. */
    Node(IdempotencyStore store, Map<String, Object> properties, Consumer<AnnotationConfigApplicationContext> more) {
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new MapPropertySource("default", Map.of("idempotent.recovery.interval", "30d")));
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
        context.register(Enabled.class);
        context.registerBean("recordStore", IdempotencyStore.class, () -> store);
        context.registerBean(Told.class);
        more.accept(context);
        context.refresh();
    }

    Node(IdempotencyStore store) {
        this(store, Map.of(), context -> {});
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    <T> List<T> beansOf(Class<T> type) {
        return context.getBeanProvider(type).stream().toList();
    }

    List<String> told() {
        return bean(Told.class).events();
    }

    OperationRegistry operations() {
        return bean(OperationRegistry.class);
    }

    Recoverer recoverer() {
        return bean(Recoverer.class);
    }

    /** Adds an operation that is recovered at once. */
    RecoveredOperation operation(String name, RecoveredOperation.Body body) {
        return operation(name, Duration.ZERO, body);
    }

    RecoveredOperation operation(String name, Duration after, RecoveredOperation.Body body) {
        OperationRegistry operations = operations();
        RecoveredOperation made =
                new RecoveredOperation(name, operations.engine(null, OutcomeType.of(String.class), name), after, body);
        operations.add(made);
        return made;
    }

    /** A sweep by these threads, in pages of so many. */
    void sweep(int threads, int batch) {
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            new Sweep(recoverer(), new RecoverySettings(null, null, batch, threads), workers, () -> false).run();
        } finally {
            workers.shutdown();
        }
    }

    void sweep() {
        sweep(2, 100);
    }

    @Override
    public void close() {
        context.close();
    }
}
