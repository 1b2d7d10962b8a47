package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.Steps;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Methods whose recorded steps are undone, with their retries. */
class CompensationTest {

    /** The carrier is away: another attempt may help. */
    static final class AwayException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        AwayException(String message) {
            super(message);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Infrastructure {}

    static class Orders {

        private final Steps steps;
        private final List<String> effects = new ArrayList<>();
        private int brokenUndos;
        private int brokenShipments = Integer.MAX_VALUE;

        Orders(Steps steps) {
            this.steps = steps;
        }

        @Idempotent(
                key = "#id",
                operation = "order",
                compensateOn = AwayException.class,
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public String order(String id) {
            return place();
        }

        @Idempotent(
                key = "#id",
                operation = "order-later",
                compensateOn = AwayException.class,
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public CompletableFuture<String> orderLater(String id) {
            try {
                return CompletableFuture.completedFuture(place());
            } catch (RuntimeException failure) {
                return CompletableFuture.failedFuture(failure);
            }
        }

        private String place() {
            String reserved = steps.run("reserve", () -> effect("reserve"), it -> undo("undo of " + it));
            effects.add("ship");
            if (brokenShipments-- > 0) {
                throw new AwayException("away");
            }
            return reserved;
        }

        private String effect(String what) {
            effects.add(what);
            return what;
        }

        private void undo(String what) throws IOException {
            effects.add(what);
            if (brokenUndos-- > 0) {
                throw new IOException("the line is cut");
            }
        }
    }

    /** How the method is called. */
    enum Way {
        NOW("order") {
            @Override
            String call(Orders orders) {
                return orders.order("7");
            }
        },
        LATER("order-later") {
            @Override
            String call(Orders orders) throws Throwable {
                try {
                    return orders.orderLater("7").get();
                } catch (ExecutionException failed) {
                    throw failed.getCause();
                }
            }
        };

        private final IdempotencyKey key;

        Way(String operation) {
            this.key = IdempotencyKey.of(operation, "7");
        }

        abstract String call(Orders orders) throws Throwable;
    }

    /** Runs it on one JVM's store, and on PostgreSQL if that is wanted. */
    private static void onEachStore(Run run) throws Throwable {
        run.on(CaffeineIdempotencyStore.builder().build());
        if (DurableBackend.wanted().anyMatch(DurableBackend.POSTGRES::equals)) {
            try (DurableBackend.Connected connected =
                    DurableBackend.POSTGRES.connect(DurableBackend.POSTGRES.newAddress())) {
                run.on(connected.store());
            }
        }
    }

    @FunctionalInterface
    private interface Run {
        void on(IdempotencyStore store) throws Throwable;
    }

    private static void with(IdempotencyStore store, Way way, Called called) throws Throwable {
        try (AnnotationConfigApplicationContext application = new AnnotationConfigApplicationContext()) {
            application.register(Infrastructure.class);
            Orders[] target = new Orders[1];
            application.registerBean(Orders.class, () -> target[0] = new Orders(application.getBean(Steps.class)));
            application.registerBean(IdempotencyStore.class, () -> store);
            application.refresh();
            Orders proxied = application.getBean(Orders.class);
            called.with(target[0], () -> way.call(proxied));
        }
    }

    @FunctionalInterface
    private interface Call {
        String make() throws Throwable;
    }

    @FunctionalInterface
    private interface Called {
        void with(Orders orders, Call call) throws Throwable;
    }

    @ParameterizedTest
    @EnumSource
    void aFailureToCompensateIsRetriedFirstAndCountsOnlyIfItIsLeft(Way way) throws Throwable {
        onEachStore(store -> with(store, way, (orders, call) -> {
            orders.brokenShipments = 2;
            assertThat(call.make()).isEqualTo("reserve");
            assertThat(orders.effects).containsExactly("reserve", "ship", "ship", "ship");
        }));
    }

    @ParameterizedTest
    @EnumSource
    void stepsAreUndoneOnceNoRetryHelpedAndAnUndoIsRetriedToo(Way way) throws Throwable {
        onEachStore(store -> with(store, way, (orders, call) -> {
            orders.brokenUndos = 2;

            assertThat(catchThrowable(call::make)).isInstanceOf(AwayException.class);
            assertThat(orders.effects)
                    .containsExactly(
                            "reserve", "ship", "ship", "ship", "undo of reserve", "undo of reserve", "undo of reserve");
            assertThat(catchThrowable(call::make))
                    .isInstanceOf(AwayException.class)
                    .hasMessage("away");
            assertThat(orders.effects).hasSize(7);
            assertThat(Objects.requireNonNull(store.find(way.key)).outcome()).isNotNull();
        }));
    }

    @ParameterizedTest
    @EnumSource
    void anUndoThatNoRetryHelpsIsLeftToTheNextCallWhichShipsNothingAnyMore(Way way) throws Throwable {
        onEachStore(store -> with(store, way, (orders, call) -> {
            orders.brokenUndos = 3;
            assertThat(catchThrowable(call::make)).isInstanceOf(AwayException.class);
            IdempotencyRecord left = Objects.requireNonNull(store.find(way.key));
            assertThat(left.isAbandoned()).isTrue();
            orders.effects.clear();
            orders.brokenShipments = 0;

            assertThat(catchThrowable(call::make))
                    .isInstanceOf(AwayException.class)
                    .hasMessage("away");
            // What is not in a step runs with each attempt.
            assertThat(orders.effects).containsExactly("ship", "undo of reserve");
        }));
    }

    static class Atomic {
        @Idempotent(key = "#id", atomic = true, compensateOn = AwayException.class)
        public String pay(String id) {
            return id;
        }
    }

    @Test
    void anAtomicMethodHasNoStepsToUndo() {
        try (AnnotationConfigApplicationContext application = new AnnotationConfigApplicationContext()) {
            application.register(Infrastructure.class, Atomic.class);
            application.registerBean(
                    IdempotencyStore.class,
                    () -> CaffeineIdempotencyStore.builder().build());
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(application::refresh)
                    .satisfies(problem -> {
                        assertThat(problem.getMessage()).contains("is atomic, and has steps undone");
                        assertThat(problem.action()).contains("without compensateOn");
                    });
        }
    }
}
