package io.idempotent.benchmarks;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/**
 * Payments that are each a row of a table, written in a transaction: in the ways to write one for each key that are
 * compared.
 */
public final class BookedPayments implements AutoCloseable {

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    /**
     * Opens a context on a database, and makes the tables where they are missing.
     *
     * @param dataSource the database's connections, which are left open
     */
    public BookedPayments(DataSource dataSource) {
        JdbcClient jdbc = JdbcClient.create(dataSource);
        JdbcTransactionManager manager = new JdbcTransactionManager(dataSource);
        create(
                jdbc,
                "payment (request_id VARCHAR(100), account VARCHAR(100), amount DECIMAL(19, 2), currency VARCHAR(3))");
        create(
                jdbc,
                "payment_key (request_id VARCHAR(100) PRIMARY KEY, fingerprint VARCHAR(64), outcome VARCHAR(4000))");
        context.register(Infrastructure.class);
        context.registerBean(DataSource.class, () -> dataSource);
        context.registerBean(PlatformTransactionManager.class, () -> manager);
        context.registerBean(
                JdbcIdempotencyStore.class,
                () -> JdbcIdempotencyStore.builder(dataSource)
                        .schemaInitialization(SchemaInitialization.ALWAYS)
                        .build());
        context.registerBean(Alone.class, () -> new Alone(new Book(jdbc)));
        context.registerBean(ByHand.class, () -> new ByHand(new Book(jdbc), jdbc, new TransactionTemplate(manager)));
        context.registerBean(Atomic.class, () -> new Atomic(new Book(jdbc)));
        context.refresh();
    }

    private static void create(JdbcClient jdbc, String table) {
        var unused = jdbc.sql("CREATE TABLE IF NOT EXISTS " + table).update();
    }

    /** By {@code @Transactional}, whatever was done before. */
    public Payments alone() {
        return context.getBean(Alone.class);
    }

    /** By a row with the key in the same transaction, by hand. */
    public Payments byHand() {
        return context.getBean(ByHand.class);
    }

    /** By this library's atomic mode. */
    public Payments atomic() {
        return context.getBean(Atomic.class);
    }

    @Override
    public void close() {
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(proxyTargetClass = true)
    @EnableTransactionManagement(proxyTargetClass = true)
    static class Infrastructure {}

    /** Where payments are booked: what all of them do. */
    private static final class Book {

        private final AtomicLong receipts = new AtomicLong();
        private final JdbcClient jdbc;

        Book(JdbcClient jdbc) {
            this.jdbc = jdbc;
        }

        Receipt add(PaymentRequest request) {
            var unused = jdbc.sql("INSERT INTO payment (request_id, account, amount, currency) VALUES (?, ?, ?, ?)")
                    .params(request.id(), request.account(), request.amount(), request.currency())
                    .update();
            return new Receipt(request.id(), receipts.incrementAndGet());
        }
    }

    static class Alone implements Payments {

        private final Book book;

        Alone(Book book) {
            this.book = book;
        }

        @Override
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return book.add(request);
        }
    }

    static class Atomic implements Payments {

        private final Book book;

        Atomic(Book book) {
            this.book = book;
        }

        @Override
        @Idempotent(key = "#request.id", atomic = true)
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return book.add(request);
        }
    }

    /**
     * What a careful team writes: the key's row first, which nobody can write twice, and the outcome into it when there
     * is one. Who finds it there, gets the outcome if it asked for the same. Nobody waits but in the database, nothing
     * is purged.
     */
    static final class ByHand implements Payments {

        private final Book book;
        private final JdbcClient jdbc;
        private final TransactionTemplate transaction;

        ByHand(Book book, JdbcClient jdbc, TransactionTemplate transaction) {
            this.book = book;
            this.jdbc = jdbc;
            this.transaction = transaction;
        }

        @Override
        public Receipt pay(PaymentRequest request) {
            String fingerprint = fingerprint(request);
            try {
                return transaction.execute(status -> {
                    claim(request, fingerprint);
                    Receipt receipt = book.add(request);
                    complete(request, receipt);
                    return receipt;
                });
            } catch (DuplicateKeyException known) {
                return replay(request, fingerprint);
            }
        }

        private void claim(PaymentRequest request, String fingerprint) {
            var unused = jdbc.sql("INSERT INTO payment_key (request_id, fingerprint) VALUES (?, ?)")
                    .params(request.id(), fingerprint)
                    .update();
        }

        private void complete(PaymentRequest request, Receipt receipt) {
            var unused = jdbc.sql("UPDATE payment_key SET outcome = ? WHERE request_id = ?")
                    .params(JsonMapper.shared().writeValueAsString(receipt), request.id())
                    .update();
        }

        private Receipt replay(PaymentRequest request, String fingerprint) {
            return jdbc.sql("SELECT fingerprint, outcome FROM payment_key WHERE request_id = ?")
                    .param(request.id())
                    .query((row, number) -> {
                        if (!fingerprint.equals(row.getString("fingerprint"))) {
                            throw new IllegalStateException("reused");
                        }
                        return JsonMapper.shared().readValue(row.getString("outcome"), Receipt.class);
                    })
                    .single();
        }

        private static String fingerprint(PaymentRequest request) {
            try {
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256")
                                .digest(JsonMapper.shared()
                                        .writeValueAsString(request)
                                        .getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException impossible) {
                throw new IllegalStateException("Every Java platform has SHA-256", impossible);
            }
        }
    }
}
