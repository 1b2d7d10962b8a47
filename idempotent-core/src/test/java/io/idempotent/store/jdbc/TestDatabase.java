package io.idempotent.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.DatabaseServer;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** The databases that the store is tested on: each is empty at first, and one for the whole JVM. */
@SuppressWarnings("ImmutableEnumChecker") // suppliers without state
enum TestDatabase {
    H2(Dialect.H2, TestDatabase::inMemory),
    POSTGRES_15(Dialect.POSTGRESQL, () -> onServer(PostgresServer.version15())),
    POSTGRES_18(Dialect.POSTGRESQL, () -> onServer(PostgresServer.version18())),
    MARIADB(Dialect.MARIADB, () -> onServer(MariaDbServer.shared()));

    private static final Map<TestDatabase, DataSource> POOLS = new ConcurrentHashMap<>();

    private final Dialect dialect;
    private final Supplier<DataSource> source;

    TestDatabase(Dialect dialect, Supplier<DataSource> source) {
        this.dialect = dialect;
        this.source = source;
    }

    Dialect dialect() {
        return dialect;
    }

    /** A pool of connections, opened when it is first asked for. */
    DataSource pool() {
        return POOLS.computeIfAbsent(this, database -> {
            HikariConfig config = new HikariConfig();
            config.setDataSource(database.source.get());
            config.setMaximumPoolSize(20);
            return new HikariDataSource(config);
        });
    }

    private static DataSource inMemory() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:stores;DB_CLOSE_DELAY=-1");
        return database;
    }

    private static DataSource onServer(DatabaseServer server) {
        return server.newDatabase("stores").dataSource();
    }
}
