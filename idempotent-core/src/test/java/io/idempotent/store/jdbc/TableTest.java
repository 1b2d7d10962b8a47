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
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import javax.sql.DataSource;
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
    void an_embedded_database_gets_its_table_by_itself_and_once() {
        claims(JdbcIdempotencyStore.builder(database).build());
        JdbcIdempotencyStore again = JdbcIdempotencyStore.builder(database).build();
        assertThat(again.find(IdempotencyKey.of("pay", "4711"))).isNotNull();
    }

    @Test
    void a_database_for_several_gets_none_by_itself() throws SQLException {
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
    void what_tells_of_a_missing_table_is_the_sql_that_makes_it() throws SQLException {
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
    void what_tells_of_missing_columns_is_the_sql_that_adds_them() throws SQLException {
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
    void a_table_of_a_time_without_steps_is_told_what_it_lacks_and_its_records_stay() throws SQLException {
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
    void a_table_of_steps_is_checked_as_that_of_the_records_is() throws SQLException {
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
    void what_tells_of_a_missing_index_is_the_sql_that_adds_it() throws SQLException {
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
    void an_index_that_is_missing_is_made_where_tables_are() throws SQLException {
        JdbcIdempotencyStore.builder(database).build();
        execute("DROP INDEX idempotency_record_purge");
        claims(JdbcIdempotencyStore.builder(database).build());
        execute("DROP INDEX idempotency_record_purge");
    }

    @Test
    @NeedsServer(io.idempotent.server.Server.POSTGRES_18)
    void a_table_on_postgresql_from_before_it_could_be_listed_by_an_index_is_told_the_index_that_it_lacks()
            throws SQLException {
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
    void a_table_can_have_another_name_and_a_schema() throws SQLException {
        execute("CREATE SCHEMA shop");
        claims(JdbcIdempotencyStore.builder(database).tableName("shop.once").build());
        execute("SELECT record_key FROM shop.once");
        execute("SELECT record_key FROM shop.once_step");
    }

    @Test
    void a_connection_that_has_to_commit_is_served_too() throws SQLException {
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
    void an_unknown_database_is_refused() {
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
    void a_database_that_cannot_be_reached_is_told() {
        DataSource unreachable = connections(connection -> {
            throw new SQLException("no route", "08001");
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> JdbcIdempotencyStore.builder(unreachable).build())
                .withMessageContaining("lost its connection, or got none (SQLState 08001");
    }

    @Test
    void settings_that_cannot_be_are_refused() {
        JdbcIdempotencyStore.Builder builder = JdbcIdempotencyStore.builder(database);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.tableName("a; DROP TABLE b"));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.tableName("a.b.c"));
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
