package io.idempotent.spring.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.operation.RetryHint;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.transaction.PlatformTransactionManager;

/** Which calls of a listener method are answered as a container's, and what is acknowledged in place of the method. */
class AnsweredListenerTest {

    private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        threads.shutdownNow();
        contexts.forEach(ConfigurableApplicationContext::close);
        MessagingApplication.logAgain();
    }

    @Test
    void aDirectCallIsNotHeld() throws Exception {
        Listener listener = start().getBean(Listener.class);
        Future<?> first = threads.submit(() -> listener.run("key"));
        listener.awaitBegun();
        Future<?> direct = threads.submit(() -> listener.run("key"));

        assertThatThrownBy(() -> direct.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(IdempotencyInProgressException.class);
        listener.end();
        first.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aContainersCallIsHeldAlsoAfterTheEndOfAChildContext() throws Exception {
        ConfigurableApplicationContext context = start();
        AnnotationConfigApplicationContext child = new AnnotationConfigApplicationContext();
        child.setParent(context);
        child.refresh();
        child.close();
        Listener listener = context.getBean(Listener.class);
        Future<?> first = threads.submit(() -> listener.run("key"));
        listener.awaitBegun();
        int before = CountingStore.CLAIMS.get();
        Future<String> delivered = threads.submit(() -> byContainer(() -> listener.run("key")));
        await().until(() -> CountingStore.CLAIMS.get() > before + 3);
        listener.end();

        first.get(30, TimeUnit.SECONDS);
        assertThat(delivered.get(30, TimeUnit.SECONDS)).isEqualTo("run 1");
    }

    @Test
    void aKeyThatThisVeryThreadHasIsNotWaitedFor() throws Exception {
        Listener listener = start().getBean(Listener.class);
        Future<?> call = threads.submit(() ->
                listener.within("key", () -> byContainer(() -> listener.within("key", () -> "never"))));

        assertThatThrownBy(() -> call.get(30, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        IdempotencyInProgressException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.REENTRANT));
    }

    @Test
    void onlyAContainersCallIsDropped() throws Exception {
        Listener listener = start("idempotent.messaging.replayed-failures=drop").getBean(Listener.class);

        assertThatIllegalStateException().isThrownBy(() -> listener.decline("key"));
        assertThatIllegalStateException().isThrownBy(() -> listener.decline("key"));
        assertThat(byContainer(() -> listener.decline("key"))).isNull();
    }

    @Test
    void aListenerThatAListenerCallsIsNotAnswered() throws Exception {
        Listener listener = start("idempotent.messaging.replayed-failures=drop").getBean(Listener.class);
        assertThatIllegalStateException().isThrownBy(() -> listener.decline("declined"));
        ContainerCall call = new ContainerCall();

        assertThatIllegalStateException()
                .isThrownBy(() -> byContainer(call, () -> listener.within("key", () -> listener.decline("declined"))));
        assertThat(call.isReplayed()).isFalse();
        assertThat(call.hasReturned()).isFalse();
    }

    @Test
    void theContainersSideLearnsWhetherTheMethodSawTheDelivery() throws Exception {
        Listener listener = start().getBean(Listener.class);
        ContainerCall first = new ContainerCall();
        ContainerCall second = new ContainerCall();
        byContainer(first, () -> listener.within("key", () -> "done"));
        byContainer(second, () -> listener.within("key", () -> "never"));

        assertThat(List.of(first.hasReturned(), first.isReplayed())).containsExactly(true, false);
        assertThat(List.of(second.hasReturned(), second.isReplayed())).containsExactly(false, true);
    }

    @Test
    void aKeyInProgressIsNoReplayedFailureThoughAllFailuresAreRecorded() throws Exception {
        Listener listener = start("idempotent.messaging.replayed-failures=drop", "idempotent.messaging.hold-at-most=0")
                .getBean(Listener.class);
        Future<?> first = threads.submit(() -> listener.run("key"));
        listener.awaitBegun();

        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> byContainer(() -> listener.run("key")));
        listener.end();
        first.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aReplayThatALaterAttemptFindsIsAcknowledged() throws Exception {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:answered" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        Atomic other = start(database, null).getBean(Atomic.class);
        AtomicInteger acknowledgedByOther = new AtomicInteger();
        // The other node is faster while this one pauses.
        Atomic listener = start(database, failure -> {
                    CompletableFuture.runAsync(() -> other.on("key", acknowledgedByOther::incrementAndGet), threads)
                            .join();
                    return null;
                })
                .getBean(Atomic.class);
        listener.fails(1);
        AtomicInteger acknowledged = new AtomicInteger();

        listener.on("key", acknowledged::incrementAndGet);

        assertThat(acknowledgedByOther).hasValue(1);
        assertThat(acknowledged).hasValue(1);
    }

    private ConfigurableApplicationContext start(String... properties) {
        return start(
                context -> {
                    context.registerBean(Listener.class);
                    context.registerBean(IdempotencyStore.class, CountingStore::new);
                },
                properties);
    }

    private ConfigurableApplicationContext start(DataSource database, @Nullable RetryHint hint) {
        return start(context -> {
            context.registerBean(Atomic.class);
            context.registerBean(DataSource.class, () -> database);
            context.registerBean(PlatformTransactionManager.class, () -> new DataSourceTransactionManager(database));
            context.registerBean(
                    IdempotencyStore.class,
                    () -> JdbcIdempotencyStore.builder(database)
                            .schemaInitialization(SchemaInitialization.ALWAYS)
                            .build());
            if (hint != null) {
                context.registerBean(RetryHint.class, () -> hint);
            }
        });
    }

    private ConfigurableApplicationContext start(
            ApplicationContextInitializer<GenericApplicationContext> beans, String... properties) {
        ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .initializers(beans)
                .properties(
                        "idempotent.messaging.redelivery-delay=1ms",
                        "idempotent.messaging.redelivery-max-delay=2ms",
                        "spring.main.banner-mode=off",
                        "logging.level.root=off")
                .properties(properties)
                .run();
        contexts.add(context);
        return context;
    }

    private static <T> T byContainer(Callable<T> listener) throws Exception {
        return byContainer(new ContainerCall(), listener);
    }

    private static <T> T byContainer(ContainerCall call, Callable<T> listener) throws Exception {
        ContainerCall before = ContainerCall.bind(call);
        try {
            return listener.call();
        } finally {
            ContainerCall.bind(before);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(IdempotencyAutoConfiguration.class)
    static class Application {}

    static class Listener {

        private final AtomicInteger runs = new AtomicInteger();
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch end = new CountDownLatch(1);

        @JmsListener(destination = "none")
        @Idempotent(key = "#key", recordFailures = RuntimeException.class)
        public String run(String key) throws InterruptedException {
            begun.countDown();
            end.await();
            return "run " + runs.incrementAndGet();
        }

        @JmsListener(destination = "none")
        @Idempotent(key = "#key", recordFailures = IllegalStateException.class)
        public String decline(String key) {
            throw new IllegalStateException("declined");
        }

        @JmsListener(destination = "none")
        @Idempotent(key = "#key", fingerprint = Idempotent.NONE)
        public String within(String key, Callable<String> work) throws Exception {
            return work.call();
        }

        public void awaitBegun() throws InterruptedException {
            begun.await();
        }

        public void end() {
            end.countDown();
        }
    }

    static class Atomic {

        private final AtomicInteger fails = new AtomicInteger();

        @KafkaListener(topics = "none")
        @Idempotent(
                key = "#key",
                fingerprint = "#key",
                atomic = true,
                retry = @Idempotent.Retry(maxRetries = 1, delay = "1ms"))
        public void on(String key, Acknowledgment acknowledgment) {
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            acknowledgment.acknowledge();
        }

        public void fails(int times) {
            fails.set(times);
        }
    }

    private static final class CountingStore extends ForwardingIdempotencyStore {

        private static final AtomicInteger CLAIMS = new AtomicInteger();

        CountingStore() {
            super(CaffeineIdempotencyStore.create());
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            CLAIMS.incrementAndGet();
            return super.claim(request);
        }
    }
}
