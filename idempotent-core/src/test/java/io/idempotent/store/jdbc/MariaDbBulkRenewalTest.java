package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.server.Database;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A driver that sends a batch in bulk does not say which of its statements found a row. */
@NeedsServer(Server.MARIADB)
final class MariaDbBulkRenewalTest {

    private static final Duration LEASE = Duration.ofSeconds(30);

    @Test
    void thoseStillHeldAreRenewedAndNoOthers() {
        Database database = MariaDbServer.shared().newDatabase("bulk");
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setJdbcUrl(database.url() + "&useBulkStmts=true");
            JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(pool)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
            Claim held = claimed(store, "held");
            Claim released = claimed(store, "released");
            Claim alsoHeld = claimed(store, "also held");
            store.release(released);

            assertThat(store.renew(List.of(held, released, alsoHeld), LEASE).renewed())
                    .containsExactlyInAnyOrder(held, alsoHeld);
        }
    }

    private static Claim claimed(JdbcIdempotencyStore store, String key) {
        ClaimRequest request =
                new ClaimRequest(IdempotencyKey.of("pay", key), UUID.randomUUID(), Fingerprint.none(), LEASE, true);
        return ((ClaimResult.Claimed) store.claim(request)).claim();
    }
}
