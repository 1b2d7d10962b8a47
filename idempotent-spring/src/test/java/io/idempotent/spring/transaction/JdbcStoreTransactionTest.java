package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.TransactionTemplate;

/** The JDBC store on the very database that the operation writes to, in the caller's transaction. */
class JdbcStoreTransactionTest {

    private static final IdempotencyKey KEY = IdempotencyKey.of("pay", "a");

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Infrastructure {}

    static class Payments {

        private final JdbcClient jdbc;

        private int runs;

        Payments(DataSource dataSource) {
            this.jdbc = JdbcClient.create(dataSource);
        }

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            jdbc.sql("INSERT INTO payment VALUES (?)").param(id).update();
            return id + ++runs;
        }
    }

    enum Kind {
        H2,
        POSTGRES,
        MARIADB;

        boolean isWanted() {
            return this == H2 || (this == POSTGRES ? Server.POSTGRES_18 : Server.MARIADB).isWanted();
        }

        DataSource database() {
            if (this == H2) {
                JdbcDataSource database = new JdbcDataSource();
                database.setUrl("jdbc:h2:mem:transactions" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
                return database;
            }
            return (this == POSTGRES ? PostgresServer.version18() : MariaDbServer.shared())
                    .newDatabase("transactions")
                    .dataSource();
        }
    }

    static Stream<Kind> kinds() {
        return Stream.of(Kind.values()).filter(Kind::isWanted);
    }

    private static final class Application implements AutoCloseable {

        private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        private final TransactionTemplate transaction;
        private final JdbcIdempotencyStore store;
        private final JdbcClient jdbc;
        private final Payments payments;

        Application(Kind kind) {
            DataSource database = kind.database();
            jdbc = JdbcClient.create(database);
            jdbc.sql("CREATE TABLE payment (id VARCHAR(100))").update();
            store = JdbcIdempotencyStore.builder(database)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
            JdbcTransactionManager manager = new JdbcTransactionManager(database);
            transaction = new TransactionTemplate(manager);
            transaction.setIsolationLevel(TransactionDefinition.ISOLATION_READ_COMMITTED);
            context.register(Infrastructure.class);
            context.registerBean(JdbcIdempotencyStore.class, () -> store);
            context.registerBean(JdbcTransactionManager.class, () -> manager);
            context.registerBean(
                    IdempotencySettings.class, () -> IdempotencySettings.of(Map.of("near-cache.maximum-size", "100")));
            context.registerBean(Payments.class, () -> new Payments(database));
            context.refresh();
            payments = context.getBean(Payments.class);
        }

        @Nullable
        IdempotencyRecord seenByOthers() throws Exception {
            return CompletableFuture.supplyAsync(() -> store.find(KEY)).get(20, TimeUnit.SECONDS);
        }

        long rows() {
            return jdbc.sql("SELECT COUNT(*) FROM payment").query(Long.class).single();
        }

        @Override
        public void close() {
            context.close();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void recordAndWorkCommitTogether(Kind kind) throws Exception {
        try (Application application = new Application(kind)) {
            application.transaction.executeWithoutResult(status -> {
                assertThat(application.payments.pay("a")).isEqualTo("a1");
                assertThat(application.payments.pay("a"))
                        .as("in the same transaction")
                        .isEqualTo("a1");
                assertThatExceptionOfType(ExecutionException.class)
                        .isThrownBy(() -> CompletableFuture.supplyAsync(() -> application.payments.pay("a"))
                                .get(20, TimeUnit.SECONDS))
                        .withCauseInstanceOf(IdempotencyInProgressException.class);
            });
            IdempotencyRecord record = application.seenByOthers();
            assertThat(record).isNotNull();
            assertThat(record.outcome()).isNotNull();
            assertThat(application.payments.pay("a")).isEqualTo("a1");
            assertThat(application.rows()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aRollbackAfterTheOutcomeWasRecordedInTheTransactionLeavesNothing(Kind kind) throws Exception {
        try (Application application = new Application(kind)) {
            application.transaction.executeWithoutResult(status -> {
                application.payments.pay("a");
                status.setRollbackOnly();
            });
            assertThat(application.seenByOthers()).isNull();
            assertThat(application.rows()).isZero();
            assertThat(application.payments.pay("a")).isEqualTo("a2");
            assertThat(application.rows()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aRollbackToASavepointFreesTheKeyOfWhatItUndid(Kind kind) throws Exception {
        try (Application application = new Application(kind)) {
            application.transaction.executeWithoutResult(status -> {
                Object savepoint = status.createSavepoint();
                application.payments.pay("a");
                status.rollbackToSavepoint(savepoint);
            });
            assertThat(application.seenByOthers()).isNull();
            assertThat(application.rows()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void inASnapshotTheOutcomeIsRecordedAfterTheCommit(Kind kind) throws Exception {
        try (Application application = new Application(kind)) {
            application.transaction.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
            application.transaction.executeWithoutResult(status -> {
                application.rows();
                application.payments.pay("a");
            });
            assertThat(application.seenByOthers()).isNotNull();
            assertThat(application.payments.pay("a")).isEqualTo("a1");
            assertThat(application.rows()).isEqualTo(1);
        }
    }
}
