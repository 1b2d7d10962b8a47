package io.idempotent.spring.actuate;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import java.util.List;

/** Records in PostgreSQL. */
@OnOneJdk("CaffeineIdempotencyEndpointTest runs on both")
@NeedsServer(Server.POSTGRES_18)
class PostgresIdempotencyEndpointTest extends IdempotencyEndpointContract {

    @Override
    List<String> properties() {
        return List.of(
                "spring.datasource.url="
                        + PostgresServer.version18().newDatabase("endpoint").url(),
                "idempotent.jdbc.initialize-schema=always",
                "idempotent.store=jdbc");
    }

    @Override
    String storeName() {
        return "jdbc";
    }
}
