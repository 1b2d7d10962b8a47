package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.web.Wire.Response;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** An application whose failures nobody makes pages for. */
class WebFluxWithoutErrorPagesTest {

    @Configuration(proxyBeanMethods = false)
    @Import({ReactiveSurroundings.class, Orders.class})
    static class Application {}

    @RestController
    static class Orders {

        private final AtomicInteger runs = new AtomicInteger();

        @PostMapping("/failed")
        @IdempotentEndpoint
        Mono<String> failed() {
            return Mono.error(() -> new IllegalStateException("run " + runs.incrementAndGet()));
        }
    }

    @Test
    void aFailureIsRecordedAsAnErrorWithoutAPage() throws IOException {
        // Not with another server in this JVM, which would end with this one's threads.
        try (HttpServer server = HttpServer.startReactive(
                Application.class,
                Surroundings.STORE,
                "spring.autoconfigure.exclude="
                        + "org.springframework.boot.webflux.autoconfigure.error.ErrorWebFluxAutoConfiguration",
                "logging.level.org.springframework=off")) {
            Response first = fail(server);
            assertThat(first.status()).isEqualTo(500);
            assertThat(first.content()).isEmpty();
            Response second = fail(server);
            assertThat(second.isReplayed()).isTrue();
            assertThat(second.without(ResponseHeaders.REPLAYED)).isEqualTo(first.without());
            assertThat(server.bean(Orders.class).runs).hasValue(1);
        }
    }

    private static Response fail(HttpServer server) throws IOException {
        return Wire.send("POST", server.uri("/failed"), List.of("Idempotency-Key: 4711", "X-User: alice"), new byte[0]);
    }
}
