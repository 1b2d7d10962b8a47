package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.TransactionTemplate;

/** A store that stands behind one of the user's own has all its abilities. */
class DecoratedStoreTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Infrastructure {}

    static class Bookings {

        private final JdbcClient jdbc;

        Bookings(DataSource dataSource) {
            this.jdbc = JdbcClient.create(dataSource);
        }

        @Idempotent(key = "#id", operation = "book")
        public String book(String id) {
            jdbc.sql("INSERT INTO booking VALUES (?)").param(id).update();
            return "booked " + id;
        }

        @Idempotent(key = "#id", operation = "book-atomically", atomic = true)
        public String bookAtomically(String id) {
            return book(id);
        }
    }

    /** Notes what it is asked. */
    private static final class Noting extends ForwardingIdempotencyStore {

        private final List<String> asked = new ArrayList<>();

        Noting(IdempotencyStore store) {
            super(store);
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            asked.add("claim");
            return super.claim(request);
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            asked.add("complete");
            return super.complete(claim, outcome, retention);
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            asked.add("find");
            return super.find(key);
        }
    }

    private final JdbcDataSource database = new JdbcDataSource();
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final JdbcTransactionManager manager = new JdbcTransactionManager(database);
    private Noting store;
    private Bookings bookings;

    private void open(UnaryOperator<IdempotencyStore> behind) {
        database.setUrl("jdbc:h2:mem:decorated" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        JdbcClient.create(database)
                .sql("CREATE TABLE booking (id VARCHAR(100))")
                .update();
        store = new Noting(behind.apply(JdbcIdempotencyStore.builder(database).build()));
        context.register(Infrastructure.class);
        context.registerBean(IdempotencyStore.class, () -> store);
        context.registerBean(JdbcTransactionManager.class, () -> manager);
        context.registerBean(Bookings.class, () -> new Bookings(database));
        context.refresh();
        bookings = context.getBean(Bookings.class);
    }

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void itCompletesInTheCallersTransaction() {
        open(UnaryOperator.identity());

        new TransactionTemplate(manager).executeWithoutResult(status -> bookings.book("a"));

        assertThat(store.asked).containsExactly("claim");
        IdempotencyRecord record = store.find(IdempotencyKey.of("book", "a"));
        assertThat(record).isNotNull();
        assertThat(record.outcome()).isNotNull();
    }

    @Test
    void itRunsAtomicOperations() {
        open(UnaryOperator.identity());

        assertThat(bookings.bookAtomically("a")).isEqualTo("booked a");
        assertThat(bookings.bookAtomically("a")).isEqualTo("booked a");

        assertThat(store.asked).isEmpty();
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> new TransactionTemplate(manager).executeWithoutResult(status -> {
                    bookings.bookAtomically("b");
                    throw new IllegalStateException("rolled back");
                }));
        assertThat(store.find(IdempotencyKey.of("book-atomically", "b"))).isNull();
    }

    @Test
    void itReplaysFromANearCacheBehindIt() {
        open(durable -> CompletedRecordCache.builder(durable).build());

        assertThat(bookings.book("a")).isEqualTo("booked a");
        assertThat(bookings.book("a")).isEqualTo("booked a");

        assertThat(store.asked).containsExactly("claim", "complete");
    }

    @Test
    void itFillsANearCacheBehindItWithWhatATransactionFinds() {
        open(durable -> CompletedRecordCache.builder(durable).build());
        bookings.bookAtomically("a");

        bookings.bookAtomically("a");
        bookings.bookAtomically("a");

        assertThat(store.asked).containsExactly("find");
    }
}
