package io.idempotent.spring.messaging;

import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.autoconfigure.JdbcStoreAutoConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DeferredImportSelector;
import org.springframework.context.annotation.Import;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.modulith.events.IncompleteEventPublications;
import org.springframework.modulith.events.core.EventPublicationRegistry;
import org.springframework.test.util.AopTestUtils;

/**
 * An application with Spring Modulith's registry of event publications, as its starter for JDBC configures it, and a
 * database of its own.
 */
final class OutboxApplication implements AutoCloseable {

    private final String database;
    private final Class<?> listener;
    private final ConfigurableApplicationContext context;

    OutboxApplication(Class<?> listener) {
        this("outbox-" + UUID.randomUUID(), listener);
        jdbc().execute("CREATE TABLE shipment (placed VARCHAR(100) NOT NULL)");
    }

    private OutboxApplication(String database, Class<?> listener) {
        this.database = database;
        this.listener = listener;
        context = new SpringApplicationBuilder(Application.class, Orders.class, Told.class, listener)
                .web(WebApplicationType.NONE)
                .properties(
                        "spring.datasource.url=jdbc:h2:mem:" + database + ";DB_CLOSE_DELAY=-1",
                        "spring.modulith.events.jdbc.schema-initialization.enabled=true",
                        "idempotent.jdbc.initialize-schema=always",
                        "spring.main.banner-mode=off",
                        "logging.level.root=off")
                .run();
    }

    /** Another instance, with the same database. */
    OutboxApplication anotherInstance() {
        return new OutboxApplication(database, listener);
    }

    Orders orders() {
        return context.getBean(Orders.class);
    }

    IncompleteEventPublications incomplete() {
        return context.getBean(IncompleteEventPublications.class);
    }

    /** The bean itself, without its proxy. */
    <T> T bean(Class<T> type) {
        return AopTestUtils.getUltimateTargetObject(context.getBean(type));
    }

    List<String> shipped() {
        return jdbc().queryForList("SELECT placed FROM shipment", String.class);
    }

    /** The states of all publications. */
    List<String> publications() {
        return jdbc().queryForList("SELECT status FROM event_publication", String.class);
    }

    /** Leaves publications as a process does that dies before it marks them as completed. */
    void loseCompletions() {
        jdbc().update("UPDATE event_publication SET status = 'PROCESSING', completion_date = NULL");
    }

    /** Takes all that is being handled for stale, as the registry does after {@code staleness.processing}. */
    void takeForStale() {
        context.getBean(EventPublicationRegistry.class).markStalePublicationsFailed(status -> Duration.ofNanos(1));
    }

    void awaitCompleted(int number) {
        awaitPublications("COMPLETED", number);
    }

    void awaitFailed(int number) {
        awaitPublications("FAILED", number);
    }

    private void awaitPublications(String status, int number) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> publications().stream().filter(status::equals).count() == number);
    }

    /** Waits until that many calls were refused since their key was in progress. */
    void awaitRefused(int number) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> bean(Told.class).refused.get() == number);
    }

    void awaitReleased(int number) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> bean(Told.class).released.get() == number);
    }

    int replays() {
        return bean(Told.class).replayed.get();
    }

    private JdbcTemplate jdbc() {
        return context.getBean(JdbcTemplate.class);
    }

    @Override
    public void close() {
        context.close();
        MessagingApplication.logAgain();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        DataSourceAutoConfiguration.class,
        DataSourceTransactionManagerAutoConfiguration.class,
        TransactionAutoConfiguration.class,
        JdbcTemplateAutoConfiguration.class,
        JacksonAutoConfiguration.class,
        TaskExecutionAutoConfiguration.class,
        TaskSchedulingAutoConfiguration.class,
        IdempotencyAutoConfiguration.class,
        JdbcStoreAutoConfiguration.class
    })
    @Import(Modulith.class)
    static class Application {}

    /** The auto-configurations of Spring Modulith, some of which have no public classes. They come after the others. */
    static class Modulith implements DeferredImportSelector {

        @Override
        public String[] selectImports(AnnotationMetadata application) {
            return new String[] {
                "org.springframework.modulith.events.jackson.JacksonEventSerializationConfiguration",
                "org.springframework.modulith.events.jdbc.JdbcEventPublicationAutoConfiguration",
                "org.springframework.modulith.events.config.EventPublicationAutoConfiguration"
            };
        }
    }

    record OrderPlaced(UUID id, String order) {}

    static class Orders {

        private final ApplicationEventPublisher events;

        Orders(ApplicationEventPublisher events) {
            this.events = events;
        }

        @Idempotent(key = "#order", operation = "place", fingerprint = Idempotent.NONE, atomic = true)
        public void place(String order, Runnable beforeTheCommit) {
            events.publishEvent(new OrderPlaced(UUID.randomUUID(), order));
            beforeTheCommit.run();
        }
    }

    /** A listener. What it does is in the database of its transaction. */
    abstract static class Shipments {

        final AtomicInteger runs = new AtomicInteger();

        volatile Runnable atTheEnd = () -> {};

        @Autowired
        private JdbcTemplate jdbc;

        void ship(OrderPlaced event) {
            runs.incrementAndGet();
            jdbc.update("INSERT INTO shipment VALUES (?)", event.order());
            atTheEnd.run();
        }

        static void fail() {
            throw new IllegalStateException("No carrier");
        }
    }

    static final class Told implements IdempotencyListener {

        private final AtomicInteger replayed = new AtomicInteger();
        private final AtomicInteger refused = new AtomicInteger();
        private final AtomicInteger released = new AtomicInteger();

        @Override
        public void replayed(IdempotencyKey key, @Nullable String traceId) {
            replayed.incrementAndGet();
        }

        @Override
        public void refused(IdempotencyKey key, IdempotencyException refusal) {
            if (refusal instanceof IdempotencyInProgressException) {
                refused.incrementAndGet();
            }
        }

        @Override
        public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
            released.incrementAndGet();
        }
    }
}
