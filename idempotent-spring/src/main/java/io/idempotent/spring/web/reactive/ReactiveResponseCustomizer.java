package io.idempotent.spring.web.reactive;

import io.idempotent.spring.web.RecordedResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * A bean that changes what is recorded of responses on WebFlux, to redact it, or refuses to record it, as an {@link
 * io.idempotent.spring.web.RecordedResponseCustomizer} does on Spring MVC. The first caller gets the response as it is.
 * All such beans are asked in their order. They must not block. Safe for use by many threads.
 */
@FunctionalInterface
public interface ReactiveResponseCustomizer {

    /**
     * Changes what is recorded.
     *
     * @param response what would be recorded
     * @param exchange what is answered
     * @return what is recorded instead; null records nothing, so that later requests with the key are refused
     */
    @Nullable
    RecordedResponse customize(RecordedResponse response, ServerWebExchange exchange);
}
