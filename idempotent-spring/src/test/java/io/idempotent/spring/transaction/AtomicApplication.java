package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/** An application with atomic payments on one database, and a second node of it. */
final class AtomicApplication implements AutoCloseable {

    enum Kind {
        H2,
        POSTGRES,
        MARIADB;

        boolean isWanted() {
            return this == H2 || (this == POSTGRES ? Server.POSTGRES_18 : Server.MARIADB).isWanted();
        }

        static Stream<Kind> wanted() {
            return Stream.of(values()).filter(Kind::isWanted);
        }

        DataSource database() {
            if (this == H2) {
                JdbcDataSource database = new JdbcDataSource();
                database.setUrl("jdbc:h2:mem:atomic" + System.nanoTime() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=200");
                return database;
            }
            return (this == POSTGRES ? PostgresServer.version18() : MariaDbServer.shared())
                    .newDatabase("atomic")
                    .dataSource();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Infrastructure {}

    /** What each method does is a row with its key. */
    static class Payments {

        private final JdbcClient jdbc;
        private final AtomicInteger runs;
        private volatile @Nullable Callable<String> meanwhile;

        Payments(DataSource dataSource, AtomicInteger runs) {
            this.jdbc = JdbcClient.create(dataSource);
            this.runs = runs;
        }

        /** What the methods do, after their rows, from now on. */
        public void meanwhile(@Nullable Callable<String> work) {
            meanwhile = work;
        }

        public int runs() {
            return runs.get();
        }

        private String work(String id) {
            jdbc.sql("INSERT INTO payment VALUES (?)").param(id).update();
            int run = runs.incrementAndGet();
            Callable<String> work = meanwhile;
            if (work == null) {
                return id + run;
            }
            try {
                return work.call();
            } catch (Exception failure) {
                Payments.<RuntimeException>raise(failure);
                throw new AssertionError("raised");
            }
        }

        /** Throws what the methods declare, from where it cannot be declared. */
        @SuppressWarnings("unchecked")
        private static <E extends Exception> void raise(Exception failure) throws E {
            throw (E) failure;
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true)
        public String pay(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true, waitAtMost = "10s")
        public String payWaiting(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true, waitAtMost = "100ms")
        public String payImpatiently(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true, waitAtMost = "10s")
        @Transactional(isolation = Isolation.READ_COMMITTED)
        public String payCommitted(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true, waitAtMost = "10s")
        @Transactional(isolation = Isolation.REPEATABLE_READ)
        public String payRepeatably(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay", atomic = true, waitAtMost = "10s")
        @Transactional(isolation = Isolation.SERIALIZABLE)
        public String paySerially(String id, int amount) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-and-say-nothing", atomic = true)
        public void payAndSayNothing(String id) {
            var unused = work(id);
        }

        @Idempotent(key = "#id", operation = "pay-unless-unrecorded", atomic = true, unless = "#result == 'unrecorded'")
        public String payUnlessUnrecorded(String id) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-in-time", atomic = true)
        @Transactional(isolation = Isolation.SERIALIZABLE, timeout = 7)
        public String payInTime(String id) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-as-part", atomic = true)
        @Transactional(propagation = Propagation.MANDATORY)
        public String payAsPart(String id) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-anyhow", atomic = true)
        @Transactional(propagation = Propagation.SUPPORTS)
        public String payAnyhow(String id) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-keeping", atomic = true)
        @Transactional(noRollbackFor = IllegalStateException.class)
        public String payKeeping(String id) {
            return work(id);
        }

        @Idempotent(key = "#id", operation = "pay-or-fail", atomic = true)
        @Transactional
        public String payOrFail(String id) throws Exception {
            return work(id);
        }

        @Idempotent(
                key = "#id",
                operation = "pay-or-be-declined",
                atomic = true,
                recordFailures = IllegalStateException.class)
        @Transactional
        public String payOrBeDeclined(String id) {
            return work(id);
        }

        @Idempotent(
                key = "#id",
                operation = "pay-retrying",
                atomic = true,
                retry =
                        @Idempotent.Retry(
                                maxRetries = 3,
                                delay = "1ms",
                                includes = TransientDataAccessResourceException.class))
        @Transactional
        public String payRetrying(String id) {
            return work(id);
        }
    }

    /** For how long a pool makes wait for a connection. */
    static final Duration PATIENCE = Duration.ofSeconds(3);

    final Application.Manager manager;
    final TransactionTemplate transaction;
    final Payments payments;
    final Payments otherNode;

    private final RecordedEvents events = new RecordedEvents(
            "claimed", "completed", "released", "abandoned", "completionFailed", "replayed", "refused");
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger runs = new AtomicInteger();
    private final DataSource database;
    private final HikariDataSource pool;
    private final JdbcIdempotencyStore store;
    private final ApplicationContext context;

    AtomicApplication(Kind kind) {
        this(kind, 4, IdempotencySettings.of(Map.of()));
    }

    AtomicApplication(Kind kind, int connections, IdempotencySettings settings, Class<?>... services) {
        database = kind.database();
        JdbcClient.create(database)
                .sql("CREATE TABLE payment (id VARCHAR(100))")
                .update();
        pool = pool(connections);
        store = JdbcIdempotencyStore.builder(pool)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
        manager = new Application.Manager(pool);
        transaction = transaction(TransactionDefinition.ISOLATION_READ_COMMITTED);
        context = node(pool, manager, settings, services);
        payments = context.getBean(Payments.class);
        HikariDataSource other = pool(connections);
        otherNode = node(other, new Application.Manager(other), settings).getBean(Payments.class);
    }

    private HikariDataSource pool(int connections) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database);
        config.setMaximumPoolSize(connections);
        config.setConnectionTimeout(PATIENCE.toMillis());
        HikariDataSource made = new HikariDataSource(config);
        open.add(made);
        return made;
    }

    private ApplicationContext node(
            DataSource dataSource,
            Application.Manager transactionManager,
            IdempotencySettings settings,
            Class<?>... services) {
        AnnotationConfigApplicationContext node = new AnnotationConfigApplicationContext();
        node.register(Infrastructure.class);
        node.registerBean(DataSource.class, () -> dataSource);
        node.registerBean(
                JdbcIdempotencyStore.class,
                () -> JdbcIdempotencyStore.builder(dataSource).build());
        node.registerBean(Application.Manager.class, () -> transactionManager);
        node.registerBean(IdempotencySettings.class, () -> settings);
        node.registerBean(RecordedEvents.class, () -> events);
        node.registerBean(Payments.class, () -> new Payments(dataSource, runs));
        for (Class<?> service : services) {
            node.registerBean(service);
        }
        node.refresh();
        open.add(0, () -> close(node));
        return node;
    }

    /** Closing waits for calls that have not ended, so that one that was left open shows. */
    private static void close(AnnotationConfigApplicationContext node) {
        long since = System.nanoTime();
        node.close();
        assertThat(Duration.ofNanos(System.nanoTime() - since))
                .as("closing, with no call left open")
                .isLessThan(IdempotencyEngine.DEFAULT_CLOSE_TIMEOUT);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    HikariDataSource pool() {
        return pool;
    }

    TransactionTemplate transaction(int isolation) {
        TransactionTemplate template = new TransactionTemplate(manager);
        template.setIsolationLevel(isolation);
        return template;
    }

    TransactionTemplate propagation(int propagation) {
        TransactionTemplate template = new TransactionTemplate(manager);
        template.setPropagationBehavior(propagation);
        return template;
    }

    /** A call on a thread of its own. */
    static final class Caller<T> extends FutureTask<T> {

        private final Thread thread = new Thread(this);

        private Caller(Callable<T> call) {
            super(call);
            thread.setDaemon(true);
            thread.start();
        }

        boolean isWaiting() {
            return thread.getState() == Thread.State.TIMED_WAITING;
        }

        /** What the call answers, in time. */
        T answer() throws Exception {
            return get(30, TimeUnit.SECONDS);
        }
    }

    <T> Caller<T> elsewhere(Callable<T> call) {
        return new Caller<>(call);
    }

    /** A call elsewhere, where nothing can be declared to be thrown. */
    <T> T answerFromElsewhere(Callable<T> call) {
        try {
            return elsewhere(call).answer();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Work of the caller's own. */
    void pays(String id) {
        JdbcClient.create(pool).sql("INSERT INTO payment VALUES (?)").param(id).update();
    }

    /** Removes what was paid so far. */
    void rowsAreForgotten() {
        JdbcClient.create(database).sql("DELETE FROM payment").update();
    }

    /** Reads the records, so that a transaction has its snapshot of them. */
    void readsRecords() {
        JdbcClient.create(pool)
                .sql("SELECT COUNT(*) FROM idempotency_record")
                .query(Long.class)
                .single();
    }

    /** Makes the key free behind everybody's back. */
    void dropRecords() {
        JdbcClient.create(database).sql("DELETE FROM idempotency_record").update();
    }

    /** How many payments are committed. */
    int rows(String id) {
        return rows(JdbcClient.create(database), id);
    }

    /** How many payments the transaction of this thread sees. */
    int rowsSeenHere(String id) {
        return rows(JdbcClient.create(pool), id);
    }

    private static int rows(JdbcClient jdbc, String id) {
        return jdbc.sql("SELECT COUNT(*) FROM payment WHERE id = ?")
                .param(id)
                .query(Integer.class)
                .single();
    }

    @Nullable
    IdempotencyRecord record(String operation, String id) {
        return store.find(IdempotencyKey.of(operation, id));
    }

    /** What was told of calls since this was asked last. */
    List<String> events() {
        return events.drain();
    }

    @Override
    public void close() {
        for (AutoCloseable closed : open) {
            try {
                closed.close();
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
        }
    }
}
