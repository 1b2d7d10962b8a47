package io.idempotent.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The JDBC store on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbStoreTest extends JdbcStoreContract {

    private static HikariDataSource database;

    @BeforeAll
    static void open() {
        database = pool(MariaDbServer.shared().newDatabase("store_contract"));
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
        return Dialect.MARIADB;
    }
}
