package io.idempotent.spring.actuate;

import io.idempotent.OnOneJdk;
import java.util.List;

/** Records in an embedded database. */
@OnOneJdk("CaffeineIdempotencyEndpointTest runs on both")
class H2IdempotencyEndpointTest extends IdempotencyEndpointContract {

    @Override
    List<String> properties() {
        return List.of("spring.datasource.url=jdbc:h2:mem:endpoint", "idempotent.store=jdbc");
    }

    @Override
    String storeName() {
        return "jdbc";
    }
}
