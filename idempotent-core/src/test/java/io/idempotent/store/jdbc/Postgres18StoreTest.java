package io.idempotent.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The JDBC store on PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18StoreTest extends JdbcStoreContract {

    private static HikariDataSource database;

    @BeforeAll
    static void open() {
        database = pool(PostgresServer.version18().newDatabase("store_contract"));
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Override
    DataSource dataSource() {
        return database;
    }

    @Override
    Dialect dialect() {
        return Dialect.POSTGRESQL;
    }
}
