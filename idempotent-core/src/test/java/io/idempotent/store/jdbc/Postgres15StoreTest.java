package io.idempotent.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The JDBC store on PostgreSQL 15. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15StoreTest extends JdbcStoreContract {

    private static HikariDataSource database;

    @BeforeAll
    static void open() {
        database = pool(PostgresServer.version15().newDatabase("store_contract"));
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
