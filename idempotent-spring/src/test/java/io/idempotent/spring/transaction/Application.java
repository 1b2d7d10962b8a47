package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabase;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/** An application with payments, a database, and a store, and those who call from elsewhere. */
final class Application implements AutoCloseable {

    /** Where the store keeps its records. */
    enum Store {
        IN_MEMORY,
        ON_THE_SAME_DATA_SOURCE,
        ON_ANOTHER_DATA_SOURCE;

        private IdempotencyStore make(Application application) {
            return switch (this) {
                case IN_MEMORY -> application.memory;
                case ON_THE_SAME_DATA_SOURCE -> new StoreOnDataSource(application.memory, application.dataSource);
                case ON_ANOTHER_DATA_SOURCE -> new StoreOnDataSource(application.memory, application.other);
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class TransactionsInside {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement(order = 0)
    static class TransactionsOutside {}

    final FakeTicker ticker = new FakeTicker();
    final CaffeineIdempotencyStore memory =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();
    final EmbeddedDatabase dataSource = database();
    final EmbeddedDatabase other = database();
    final JdbcTemplate jdbc = new JdbcTemplate(dataSource);
    final Manager transactionManager = new Manager(dataSource);
    final TransactionTemplate transaction = new TransactionTemplate(transactionManager);
    final Events events = new Events();
    final Payments payments;
    final IdempotencyStore store;

    private final ExecutorService elsewhere = Executors.newCachedThreadPool();
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    Application(Store kind) {
        this(kind, TransactionsInside.class);
    }

    Application(Store kind, Class<?> configuration) {
        jdbc.execute("create table payment (id varchar(100))");
        store = kind.make(this);
        context.register(configuration);
        context.registerBean("testedIdempotencyStore", IdempotencyStore.class, () -> store);
        context.registerBean(Manager.class, () -> transactionManager);
        context.registerBean(Events.class, () -> events);
        context.registerBean(Payments.class, () -> new Payments(jdbc));
        context.refresh();
        payments = context.getBean(Payments.class);
    }

    private static EmbeddedDatabase database() {
        return new EmbeddedDatabaseBuilder()
                .generateUniqueName(true)
                .setType(EmbeddedDatabaseType.H2)
                .build();
    }

    BeanFactory context() {
        return context;
    }

    TransactionTemplate transaction(int isolation) {
        TransactionTemplate template = new TransactionTemplate(transactionManager);
        template.setIsolationLevel(isolation);
        return template;
    }

    TransactionTemplate propagation(int propagation) {
        TransactionTemplate template = new TransactionTemplate(transactionManager);
        template.setPropagationBehavior(propagation);
        return template;
    }

    /** Calls on a thread of its own, outside of every transaction. */
    <T> T elsewhere(Callable<T> call) throws Exception {
        try {
            return CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return call.call();
                                } catch (Exception failure) {
                                    throw new CompletionException(failure);
                                }
                            },
                            elsewhere)
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof Exception cause ? cause : failure;
        }
    }

    /** How many payments with this key are committed, as others see it. */
    int committed(String id) throws Exception {
        return elsewhere(() -> rows(id));
    }

    /** How many payments with this key this transaction sees. */
    int rows(String id) {
        Integer rows = jdbc.queryForObject("select count(*) from payment where id = ?", Integer.class, id);
        return rows == null ? 0 : rows;
    }

    @Nullable
    IdempotencyRecord record(String operation, String id) {
        return store.find(IdempotencyKey.of("payments-" + operation, id));
    }

    /** What is known of a key: free, in progress, abandoned or completed. */
    String state(String operation, String id) throws Exception {
        return elsewhere(() -> {
            IdempotencyRecord record = record(operation, id);
            if (record == null) {
                return "free";
            }
            return record.outcome() != null ? "completed" : record.isAbandoned() ? "abandoned" : "in progress";
        });
    }

    @Override
    public void close() {
        context.close();
        elsewhere.shutdownNow();
        dataSource.shutdown();
        other.shutdown();
    }

    /** Loses the answers of commits if told to. */
    static final class Manager extends JdbcTransactionManager {

        private static final long serialVersionUID = 1L;

        private volatile boolean losesRequest;
        private volatile boolean losesAnswer;
        private volatile boolean rollsBackAfterwards;
        private volatile boolean refuses;

        Manager(DataSource dataSource) {
            super(dataSource);
        }

        /** The next commits do not arrive, and nobody is told. */
        void loseRequest() {
            losesRequest = true;
        }

        /** The next commits take effect, and nobody is told. */
        void loseAnswer() {
            losesAnswer = true;
        }

        /** What is thrown for a lost commit is what makes Spring roll back afterwards, and say that it has. */
        void rollBackAfterwards() {
            rollsBackAfterwards = true;
        }

        /** No transaction begins from now on. */
        void refuse() {
            refuses = true;
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {
            if (refuses) {
                throw new CannotCreateTransactionException("The line is down");
            }
            super.doBegin(transaction, definition);
        }

        @Override
        protected void doCommit(DefaultTransactionStatus status) {
            if (losesRequest) {
                super.doRollback(status);
            } else {
                super.doCommit(status);
            }
            if (losesRequest || losesAnswer) {
                SQLException lost = new SQLException("The line is down", "08006");
                throw rollsBackAfterwards
                        ? translateException("commit", lost)
                        : new TransactionSystemException("The commit failed", lost);
            }
        }
    }

    /** Says what became of calls, wherever. */
    static final class Events extends RecordedEvents {

        private final AtomicReference<@Nullable Runnable> onRelease = new AtomicReference<>();

        Events() {
            super("claimed", "completed", "released", "abandoned", "replayed", "leaseLost", "completionFailed");
        }

        /** Has the next release followed by this, in the thread that is told of it. */
        void onNextRelease(Runnable then) {
            onRelease.set(then);
        }

        @Override
        public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
            super.released(context, failure, took);
            Runnable then = onRelease.getAndSet(null);
            if (then != null) {
                then.run();
            }
        }
    }
}
