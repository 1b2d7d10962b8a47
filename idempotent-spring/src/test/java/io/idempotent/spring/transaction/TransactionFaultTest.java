package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.fault.DatabaseThroughProxy;
import io.idempotent.server.Database;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.server.TcpProxy;
import io.idempotent.server.TcpProxy.Fault;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The network fails at each request of a caller's transaction in turn, its commit included, in which a leased operation
 * writes a row to the very database that the store is on.
 */
@OnOneJdk("NetworkFaultContract on PostgreSQL runs on both")
class TransactionFaultTest {

    private static final Duration IMPATIENCE = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** All that tell of broken connections, as they should. */
    private static final List<String> LOGGERS =
            List.of("com.zaxxer.hikari", "io.idempotent", "org.mariadb", "org.springframework");

    /** What becomes of the transaction, and of the record with it. */
    enum Course {
        RECORDED_IN_THE_TRANSACTION("TRANSACTION_READ_COMMITTED"),

        /** Since it reads a snapshot, and so does not see the claim. */
        RECORDED_AFTER_THE_COMMIT("TRANSACTION_REPEATABLE_READ"),

        ROLLED_BACK("TRANSACTION_READ_COMMITTED");

        private final String isolation;

        Course(String isolation) {
            this.isolation = isolation;
        }
    }

    static Stream<Arguments> courses() {
        return Stream.of(
                        Arguments.of(Server.POSTGRES_18, Course.RECORDED_IN_THE_TRANSACTION),
                        Arguments.of(Server.POSTGRES_18, Course.RECORDED_AFTER_THE_COMMIT),
                        Arguments.of(Server.POSTGRES_18, Course.ROLLED_BACK),
                        Arguments.of(Server.MARIADB, Course.RECORDED_IN_THE_TRANSACTION))
                .filter(arguments -> ((Server) arguments.get()[0]).isWanted());
    }

    static Stream<Arguments> coursesAndFaults() {
        return courses()
                .flatMap(course ->
                        Stream.of(Fault.values()).map(fault -> Arguments.of(course.get()[0], course.get()[1], fault)));
    }

    @BeforeAll
    static void beSilent() {
        log(LogLevel.OFF);
    }

    @AfterAll
    static void speakAgain() {
        log(null);
    }

    private static void log(@Nullable LogLevel level) {
        LoggingSystem logging = LoggingSystem.get(TransactionFaultTest.class.getClassLoader());
        LOGGERS.forEach(logger -> logging.setLogLevel(logger, level));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("coursesAndFaults")
    void rowAndRecordAgreeWhicheverRequestOfATransactionMeetsAFault(Server server, Course course, Fault fault) {
        try (Application application = new Application(server, course, fault.isSilent() ? IMPATIENCE : PATIENCE)) {
            application.atEachRequest(fault, IMPATIENCE.plusMillis(100), (id, failure) -> {
                application.requireAgreement(id, failure);
                application.requireOneRowAfterTheLease(id);
            });
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("courses")
    void aTransactionInWhichAnythingIsLateButInTimeIsAsIfNothingWas(Server server, Course course) {
        try (Application application = new Application(server, course, PATIENCE)) {
            for (Fault fault : List.of(Fault.LATE_REQUEST, Fault.LATE_ANSWER)) {
                application.atEachRequest(fault, Duration.ofMillis(50), (id, failure) -> {
                    assertThat(failure).isNull();
                    application.requireAgreement(id, failure);
                });
            }
        }
    }

    private interface Check {
        void of(String id, @Nullable Throwable failure);
    }

    /** One end of a database, with calls in transactions. */
    private static final class Node implements AutoCloseable {

        final JdbcIdempotencyStore store;
        private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        private final TransactionTemplate transaction;
        private final JdbcStoreTransactionTest.Payments payments;

        Node(DataSource dataSource) {
            store = JdbcIdempotencyStore.builder(dataSource)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
            JdbcTransactionManager manager = new JdbcTransactionManager(dataSource);
            transaction = new TransactionTemplate(manager);
            context.register(JdbcStoreTransactionTest.Infrastructure.class);
            context.registerBean(JdbcIdempotencyStore.class, () -> store);
            context.registerBean(JdbcTransactionManager.class, () -> manager);
            context.registerBean(
                    JdbcStoreTransactionTest.Payments.class, () -> new JdbcStoreTransactionTest.Payments(dataSource));
            context.refresh();
            payments = context.getBean(JdbcStoreTransactionTest.Payments.class);
        }

        void call(String id, boolean rollsBack) {
            transaction.executeWithoutResult(status -> {
                payments.pay(id);
                if (rollsBack) {
                    status.setRollbackOnly();
                }
            });
        }

        @Override
        public void close() {
            context.close();
        }
    }

    private static final class Application implements AutoCloseable {

        private final Course course;
        private final HikariDataSource direct;
        private final TcpProxy proxy;
        private final DatabaseThroughProxy connections;
        private final Node node;
        private final Node otherNode;
        private final JdbcClient jdbc;

        Application(Server server, Course course, Duration patience) {
            this.course = course;
            DatabaseServer databases = server == Server.MARIADB ? MariaDbServer.shared() : PostgresServer.version18();
            Database database = databases.newDatabase("fault");
            direct = new HikariDataSource(pool(database));
            jdbc = JdbcClient.create(direct);
            jdbc.sql("CREATE TABLE payment (id VARCHAR(100))").update();
            otherNode = new Node(direct);
            proxy = new TcpProxy(database.host(), database.port());
            connections = new DatabaseThroughProxy(database, proxy, patience, course.isolation);
            node = new Node(connections.dataSource());
            // What a driver asks only once is not part of a transaction, and may take its time.
            await().pollDelay(Duration.ZERO).ignoreExceptions().untilAsserted(() -> node.call("first", false));
        }

        /** For whoever has no proxy in the way: to open a connection takes longer than to use it. */
        private static HikariConfig pool(Database database) {
            HikariConfig config = new HikariConfig();
            config.setDataSource(database.dataSource());
            config.setMinimumIdle(0);
            return config;
        }

        /** Calls with a fault at the transaction's first request, again with one at its second, and so on. */
        void atEachRequest(Fault fault, Duration lateness, Check check) {
            boolean happened = true;
            for (int request = 1; happened; request++) {
                String id = fault + "-" + request;
                connections.awaitConnections();
                proxy.lateBy(lateness);
                proxy.atRequest(request, fault);
                Throwable failure = catchThrowable(() -> node.call(id, course == Course.ROLLED_BACK));
                happened = !proxy.isArmed();
                await().pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(2))
                        .until(() -> !proxy.isLate());
                proxy.passThrough();
                try {
                    check.of(id, failure);
                } catch (RuntimeException | Error disagreement) {
                    throw new AssertionError(
                            fault + " at request " + request + ", failure " + failure + ": "
                                    + disagreement.getMessage(),
                            disagreement);
                }
                if (!happened) {
                    assertThat(request)
                            .as("a request that the transaction has not")
                            .isGreaterThan(3);
                }
            }
        }

        void requireAgreement(String id, @Nullable Throwable failure) {
            long rows = rows(id);
            String state = state(id);
            if (failure == null) {
                assertThat(rows).isEqualTo(course == Course.ROLLED_BACK ? 0 : 1);
                assertThat(state).isEqualTo(course == Course.ROLLED_BACK ? "free" : "completed");
                return;
            }
            assertThat(failure)
                    .isInstanceOfAny(
                            IdempotencyStoreException.class, DataAccessException.class, TransactionException.class);
            if (failure instanceof IdempotencyStoreException || failure instanceof CannotCreateTransactionException) {
                assertThat(rows).isZero();
            }
            assertThat(state).isNotEqualTo(rows == 0 ? "completed" : "free");
        }

        void requireOneRowAfterTheLease(String id) {
            // Where only the transaction knew, nobody can tell that it has committed: the operation runs again.
            boolean unknown = course == Course.RECORDED_AFTER_THE_COMMIT
                    && rows(id) == 1
                    && state(id).equals("abandoned");
            jdbc.sql("UPDATE idempotency_record SET lease_ends_at = claimed_at WHERE completed_at IS NULL")
                    .update();
            otherNode.call(id, false);
            otherNode.call(id, false);
            assertThat(state(id)).isEqualTo("completed");
            assertThat(rows(id)).isEqualTo(unknown ? 2 : 1);
        }

        private long rows(String id) {
            return jdbc.sql("SELECT COUNT(*) FROM payment WHERE id = ?")
                    .param(id)
                    .query(Long.class)
                    .single();
        }

        private String state(String id) {
            IdempotencyRecord record = otherNode.store.find(IdempotencyKey.of("pay", id));
            return record == null
                    ? "free"
                    : record.outcome() != null ? "completed" : record.isAbandoned() ? "abandoned" : "in progress";
        }

        @Override
        public void close() {
            node.close();
            otherNode.close();
            connections.close();
            proxy.close();
            direct.close();
        }
    }
}
