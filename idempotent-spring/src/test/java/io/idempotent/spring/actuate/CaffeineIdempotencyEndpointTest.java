package io.idempotent.spring.actuate;

import java.util.List;

/** Records in this JVM's memory. */
class CaffeineIdempotencyEndpointTest extends IdempotencyEndpointContract {

    @Override
    List<String> properties() {
        return List.of("idempotent.store=caffeine");
    }

    @Override
    String storeName() {
        return "caffeine";
    }
}
