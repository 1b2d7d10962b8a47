package io.idempotent.spring.early;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** When an application stops, running methods end before the beans that they use, and before their store. */
class ShutdownTest {

    private static final List<String> EVENTS = new CopyOnWriteArrayList<>();

    @Test
    void beansAndStoreAreDestroyedAfterTheRunningMethodHasEnded() throws Exception {
        EVENTS.clear();
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Application.class);
        SlowService service = context.getBean(SlowService.class);
        ExecutorService caller = Executors.newSingleThreadExecutor();
        try {
            Future<String> running = caller.submit(() -> service.run(new Request("slow")));
            assertThat(service.hasBegun()).isTrue();

            service.closedBy(Thread.currentThread());
            context.close();

            assertThat(running.get(30, TimeUnit.SECONDS)).isEqualTo("done");
        } finally {
            caller.shutdownNow();
        }
        assertThat(EVENTS).containsExactly("method ended", "completed", "service destroyed", "store destroyed");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {

        @Bean
        IdempotencyStore store() {
            return CaffeineIdempotencyStore.builder().build();
        }

        @Bean
        static DestructionAwareBeanPostProcessor destructionOfTheStore() {
            return new DestructionAwareBeanPostProcessor() {
                @Override
                public boolean requiresDestruction(Object bean) {
                    return bean instanceof IdempotencyStore;
                }

                @Override
                public void postProcessBeforeDestruction(Object bean, String beanName) {
                    if (requiresDestruction(bean)) {
                        EVENTS.add("store destroyed");
                    }
                }
            };
        }

        @Bean
        SlowService slowService() {
            return new SlowService();
        }

        @Bean
        IdempotencyListener listener() {
            return new IdempotencyListener() {
                @Override
                public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
                    EVENTS.add("completed");
                }
            };
        }
    }

    static class SlowService implements DisposableBean {

        private final CountDownLatch begun = new CountDownLatch(1);

        private volatile @Nullable Thread closing;

        /** Ends when the closing thread waits, or has gone too far. */
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            begun.countDown();
            while (!isAwaited() && !EVENTS.contains("store destroyed")) {
                Thread.onSpinWait();
            }
            EVENTS.add("method ended");
            return "done";
        }

        private boolean isAwaited() {
            Thread thread = closing;
            return thread != null && thread.getState() == Thread.State.TIMED_WAITING;
        }

        void closedBy(Thread thread) {
            closing = thread;
        }

        boolean hasBegun() throws InterruptedException {
            return begun.await(30, TimeUnit.SECONDS);
        }

        @Override
        public void destroy() {
            EVENTS.add("service destroyed");
        }
    }
}
