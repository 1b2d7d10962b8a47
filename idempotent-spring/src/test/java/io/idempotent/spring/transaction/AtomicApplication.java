package io.idempotent.spring.transaction;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
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

        private DataSource database() {
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

    final TransactionTemplate transaction;
    final Payments payments;
    final Payments otherNode;

    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final ExecutorService elsewhere = Executors.newCachedThreadPool();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger runs = new AtomicInteger();
    private final DataSource database;
    private final HikariDataSource pool;
    private final JdbcIdempotencyStore store;

    AtomicApplication(Kind kind) {
        database = kind.database();
        JdbcClient.create(database)
                .sql("CREATE TABLE payment (id VARCHAR(100))")
                .update();
        pool = pool();
        store = JdbcIdempotencyStore.builder(pool)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
        transaction = new TransactionTemplate(new JdbcTransactionManager(pool));
        payments = node(pool);
        otherNode = node(pool());
    }

    private HikariDataSource pool() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database);
        config.setMaximumPoolSize(4);
        HikariDataSource made = new HikariDataSource(config);
        open.add(made);
        return made;
    }

    private Payments node(DataSource dataSource) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(Infrastructure.class);
        context.registerBean(DataSource.class, () -> dataSource);
        context.registerBean(
                JdbcIdempotencyStore.class,
                () -> JdbcIdempotencyStore.builder(dataSource).build());
        context.registerBean(JdbcTransactionManager.class, () -> new JdbcTransactionManager(dataSource));
        context.registerBean(Events.class, () -> new Events(told));
        context.registerBean(Payments.class, () -> new Payments(dataSource, runs));
        context.refresh();
        open.add(0, context);
        return context.getBean(Payments.class);
    }

    <T> Future<T> elsewhere(Callable<T> call) {
        return elsewhere.submit(call);
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
        List<String> events = new ArrayList<>();
        told.drainTo(events);
        return events;
    }

    @Override
    public void close() {
        elsewhere.shutdownNow();
        for (AutoCloseable closed : open) {
            try {
                closed.close();
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    private record Events(LinkedBlockingQueue<String> told) implements IdempotencyListener {

        @Override
        public void claimed(IdempotencyContext context) {
            told.add("claimed");
        }

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            told.add("completed");
        }

        @Override
        public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
            told.add("released");
        }

        @Override
        public void abandoned(IdempotencyContext context) {
            told.add("abandoned");
        }

        @Override
        public void replayed(IdempotencyKey key) {
            told.add("replayed");
        }

        @Override
        public void refused(IdempotencyKey key, IdempotencyException refusal) {
            told.add("refused");
        }
    }
}
