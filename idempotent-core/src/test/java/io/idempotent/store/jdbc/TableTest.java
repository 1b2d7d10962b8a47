package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordQuery;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;
import org.junit.jupiter.api.Test;

/** The table is there, made, or told with the SQL that mends it. */
final class TableTest {

    private final String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
    private final DataSource database = JdbcConnectionPool.create(url, "sa", "");

    private static void claims(JdbcIdempotencyStore store) {
        ClaimRequest request = new ClaimRequest(
                IdempotencyKey.of("pay", "4711"), UUID.randomUUID(), Fingerprint.none(), Duration.ofSeconds(30), true);
        assertThat(store.claim(request)).isInstanceOf(ClaimResult.Claimed.class);
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void executeAll(String action, String from) throws SQLException {
        for (String sql : action.substring(action.indexOf(from)).split(";", -1)) {
            if (!sql.isBlank()) {
                execute(sql);
            }
        }
    }

    @Test
    void anEmbeddedDatabaseGetsItsTableByItselfAndOnce() {
        claims(JdbcIdempotencyStore.builder(database).build());
        JdbcIdempotencyStore again = JdbcIdempotencyStore.builder(database).build();
        assertThat(again.find(IdempotencyKey.of("pay", "4711"))).isNotNull();
    }

    @Test
    void aDatabaseForSeveralGetsNoneByItself() throws SQLException {
        Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
        try {
            DataSource remote =
                    JdbcConnectionPool.create("jdbc:h2:tcp://localhost:" + server.getPort() + "/mem:remote", "sa", "");
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> JdbcIdempotencyStore.builder(remote).build())
                    .withMessageContaining("There is no table idempotency_record")
                    .satisfies(refusal -> assertThat(refusal.action()).contains("CREATE TABLE"));
        } finally {
            server.stop();
        }
    }

    @Test
    void whatTellsOfAMissingTableIsTheSqlThatMakesIt() throws SQLException {
        JdbcIdempotencyStore.Builder builder = JdbcIdempotencyStore.builder(database)
                .tableName("payments_once")
                .schemaInitialization(SchemaInitialization.NEVER);
        IdempotencyConfigurationException refusal =
                catchThrowableOfType(IdempotencyConfigurationException.class, builder::build);
        assertThat(refusal.action()).contains("payments_once").doesNotContain("idempotency_record");
        executeAll(refusal.action(), "CREATE TABLE");
        claims(builder.build());
    }

    @Test
    void whatTellsOfMissingColumnsIsTheSqlThatAddsThem() throws SQLException {
        JdbcIdempotencyStore.builder(database).build();
        execute("ALTER TABLE idempotency_record DROP COLUMN takeovers");
        execute("ALTER TABLE idempotency_record DROP COLUMN outcome");
        IdempotencyConfigurationException refusal = catchThrowableOfType(
                IdempotencyConfigurationException.class,
                () -> JdbcIdempotencyStore.builder(database).build());
        assertThat(refusal).hasMessageContaining("lacks the columns [takeovers, outcome]");
        executeAll(refusal.action(), "ALTER TABLE");
        claims(JdbcIdempotencyStore.builder(database).build());
    }

    @Test
    void aTableOfATimeWithoutStepsIsToldWhatItLacksAndItsRecordsStay() throws SQLException {
        claims(JdbcIdempotencyStore.builder(database).build());
        execute("ALTER TABLE idempotency_record DROP COLUMN first_token");
        execute("DROP TABLE idempotency_record_step");
        JdbcIdempotencyStore.Builder builder =
                JdbcIdempotencyStore.builder(database).schemaInitialization(SchemaInitialization.NEVER);
        IdempotencyConfigurationException noTable =
                catchThrowableOfType(IdempotencyConfigurationException.class, builder::build);
        assertThat(noTable).hasMessageContaining("There is no table idempotency_record_step");
        executeAll(noTable.action(), "CREATE TABLE");
        IdempotencyConfigurationException noColumn =
                catchThrowableOfType(IdempotencyConfigurationException.class, builder::build);
        assertThat(noColumn).hasMessageContaining("The table idempotency_record lacks the columns [first_token]");
        executeAll(noColumn.action(), "ALTER TABLE");
        assertThat(builder.build().find(IdempotencyKey.of("pay", "4711"))).isNotNull();
    }

    @Test
    void aTableOfStepsIsCheckedAsThatOfTheRecordsIs() throws SQLException {
        JdbcIdempotencyStore.builder(database).build();
        execute("ALTER TABLE idempotency_record_step DROP COLUMN outcome");
        IdempotencyConfigurationException refusal = catchThrowableOfType(
                IdempotencyConfigurationException.class,
                () -> JdbcIdempotencyStore.builder(database).build());
        assertThat(refusal).hasMessageContaining("The table idempotency_record_step lacks the columns [outcome]");
        executeAll(refusal.action(), "ALTER TABLE");
        claims(JdbcIdempotencyStore.builder(database).build());
    }

    @Test
    void whatTellsOfAMissingIndexIsTheSqlThatAddsIt() throws SQLException {
        JdbcIdempotencyStore.builder(database).tableName("Once").build();
        execute("DROP INDEX once_purge");
        JdbcIdempotencyStore.Builder builder = JdbcIdempotencyStore.builder(database)
                .tableName("Once")
                .schemaInitialization(SchemaInitialization.NEVER);
        IdempotencyConfigurationException refusal =
                catchThrowableOfType(IdempotencyConfigurationException.class, builder::build);
        assertThat(refusal).hasMessageContaining("The table Once lacks an index of the column retained_until");
        execute("CREATE INDEX named_by_somebody_else ON once (retained_until)");
        claims(builder.build());
        execute("DROP INDEX named_by_somebody_else");
        executeAll(refusal.action(), "CREATE INDEX");
        assertThat(builder.build().find(IdempotencyKey.of("pay", "4711"))).isNotNull();
    }

    @Test
    void anIndexThatIsMissingIsMadeWhereTablesAre() throws SQLException {
        JdbcIdempotencyStore.builder(database).build();
        execute("DROP INDEX idempotency_record_purge");
        claims(JdbcIdempotencyStore.builder(database).build());
        execute("DROP INDEX idempotency_record_purge");
    }

    @Test
    @NeedsServer(io.idempotent.server.Server.POSTGRES_18)
    void aTableOnPostgresqlFromBeforeItCouldBeListedByAnIndexIsToldTheIndexThatItLacks() throws SQLException {
        DataSource server = PostgresServer.version18().newDatabase("older").dataSource();
        JdbcIdempotencyStore.builder(server)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
        try (Connection connection = server.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP INDEX idempotency_record_open");
            IdempotencyConfigurationException refusal = catchThrowableOfType(
                    IdempotencyConfigurationException.class,
                    () -> JdbcIdempotencyStore.builder(server).build());
            assertThat(refusal)
                    .hasMessageContaining("lacks an index of the column record_key WHERE retained_until IS NULL");
            statement.execute(refusal.action().substring(refusal.action().indexOf("CREATE INDEX")));
        }
        claims(JdbcIdempotencyStore.builder(server).build());
    }

    @Test
    void aTableCanHaveAnotherNameAndASchema() throws SQLException {
        execute("CREATE SCHEMA shop");
        claims(JdbcIdempotencyStore.builder(database).tableName("shop.once").build());
        execute("SELECT record_key FROM shop.once");
        execute("SELECT record_key FROM shop.once_step");
    }

    @Test
    void aConnectionThatHasToCommitIsServedToo() throws SQLException {
        DataSource manual = connections(connection -> {
            connection.setAutoCommit(false);
            return connection;
        });
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(manual).build();
        claims(store);
        assertThat(JdbcIdempotencyStore.builder(database).build().find(IdempotencyKey.of("pay", "4711")))
                .isNotNull();
    }

    @Test
    void anUnknownDatabaseIsRefused() {
        DataSource unknown = connections(connection -> (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (!method.getName().equals("getMetaData")) {
                        return method.invoke(connection, arguments);
                    }
                    return Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {DatabaseMetaData.class},
                            (metadata, asked, nothing) -> "Oracle");
                }));
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> JdbcIdempotencyStore.builder(unknown).build())
                .withMessageContaining("does not know the database 'Oracle'");
    }

    @Test
    void aDatabaseThatCannotBeReachedIsTold() {
        DataSource unreachable = connections(connection -> {
            throw new SQLException("no route", "08001");
        });
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> JdbcIdempotencyStore.builder(unreachable).build())
                .withMessageContaining("gets no connection to its database: no route")
                .withMessageContaining("Start the database, or correct the URL");
    }

    @Test
    void aUserWhoMayNotMakeTheTablesIsGivenTheSql() throws SQLException {
        execute("CREATE USER clerk PASSWORD 'secret'");
        JdbcIdempotencyStore.Builder builder =
                JdbcIdempotencyStore.builder(JdbcConnectionPool.create(url.replaceFirst(";.*", ""), "clerk", "secret"));
        IdempotencyConfigurationException refusal =
                catchThrowableOfType(IdempotencyConfigurationException.class, builder::build);
        assertThat(refusal)
                .hasMessageContaining("The table idempotency_record for idempotency records could not be made");
        executeAll(refusal.action(), "CREATE TABLE");
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(builder::build)
                .withMessageContaining("of the JDBC idempotency store cannot be used: Not enough rights")
                .withMessageContaining("may SELECT, INSERT, UPDATE and DELETE");
        execute("GRANT SELECT, INSERT, UPDATE ON idempotency_record TO clerk");
        execute("GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_record_step TO clerk");
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(builder::build)
                .withMessageContaining("cannot be used: Not enough rights");
        execute("GRANT DELETE ON idempotency_record TO clerk");
        claims(builder.build());
    }

    @Test
    void aSchemaThatIsNotThereAndANameThatTheDatabaseKeepsForItselfAreTold() {
        for (String name : List.of("nowhere.once", "select", "user", "order")) {
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> JdbcIdempotencyStore.builder(database)
                            .tableName(name)
                            .build())
                    .withMessageContaining(name)
                    .withMessageContaining("idempotent.jdbc.table-name");
        }
    }

    @Test
    void thatARequestMayHaveTakenEffectIsSaidOfWhatWritesOnly() {
        JdbcIdempotencyStore.builder(database).build();
        AtomicBoolean broken = new AtomicBoolean();
        AtomicBoolean down = new AtomicBoolean();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(connections(connection -> {
                    if (down.get()) {
                        throw new SQLException("no route", "08001");
                    }
                    return broken.get() ? breaking(connection) : connection;
                }))
                .build();
        IdempotencyKey key = IdempotencyKey.of("pay", "4711");
        broken.set(true);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> claims(store))
                .withMessageContaining("whether it took effect is not known");
        for (ThrowingCallable reading : List.<ThrowingCallable>of(
                () -> store.find(key), () -> store.findSteps(key), () -> store.list(RecordQuery.abandoned()))) {
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .isThrownBy(reading)
                    .withMessageContaining("nothing was changed")
                    .withMessageNotContaining("whether it took effect");
        }
        down.set(true);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> claims(store))
                .withMessageContaining("nothing was asked of the database")
                .withMessageNotContaining("whether it took effect");
    }

    /** A connection that breaks with the first statement. */
    private Connection breaking(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("prepareStatement")) {
                        throw new SQLException("broken", "08006");
                    }
                    return method.invoke(connection, arguments);
                });
    }

    @Test
    void settingsThatCannotBeAreRefused() {
        JdbcIdempotencyStore.Builder builder = JdbcIdempotencyStore.builder(database);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.tableName("a; DROP TABLE b"));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.tableName("a.b.c"));
        for (String name : List.of("", " ", "\"once\"", "`once`", "[once]", "once only", "1st", "x".repeat(51))) {
            assertThatIllegalArgumentException().isThrownBy(() -> builder.tableName(name));
        }
        builder.tableName("a_schema_of_any_length." + "x".repeat(50)).tableName("idempotency_record");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.statementTimeout(Duration.ofMillis(999)));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.statementTimeout(Duration.ofSeconds(31)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.build().purge(0))
                .withMessage("The number of records to purge has to be positive, not 0");
    }

    private interface Change {
        Connection of(Connection connection) throws SQLException;
    }

    /** The database's connections, changed. */
    private DataSource connections(Change change) {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> change.of(database.getConnection()));
    }
}
