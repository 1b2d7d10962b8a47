package io.idempotent.store.jdbc;

import java.nio.file.Path;
import java.util.UUID;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Interrupted callers of the JDBC store on H2 in a file. */
final class H2FileInterruptTest extends JdbcInterruptContract {

    @TempDir
    private static Path folder;

    H2FileInterruptTest() {
        super(JdbcConnectionPool.create(
                "jdbc:h2:" + folder.resolve(UUID.randomUUID().toString()), "sa", ""));
    }

    @AfterEach
    void dispose() {
        ((JdbcConnectionPool) ((JdbcIdempotencyStore) store()).ownDataSource()).dispose();
    }
}
