package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.web.HttpServer.Answer;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** How much of the default store's memory the responses of one client take. */
class EndpointMemoryTest {

    private static final int MAXIMUM_WEIGHT = 8 * 1_024 * 1_024;
    private static final int LENGTH = 500_000;

    @Test
    void largeResponsesTakeNoMoreMemoryThanTheStoreMayUseAndTheLastOnesAreReplayed() throws Exception {
        try (HttpServer server = HttpServer.start(
                Application.class, "idempotent.web.scope=shared", "idempotent.caffeine.maximum-weight=8MB")) {
            CaffeineIdempotencyStore store = server.bean(CaffeineIdempotencyStore.class);
            List<String> bodies = new ArrayList<>();
            for (int number = 0; number < 60; number++) {
                Answer answer = server.post("/reports", "report-" + number, "{}");
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.body()).hasSize(LENGTH);
                assertThat(store.weight()).isLessThanOrEqualTo(MAXIMUM_WEIGHT);
                bodies.add(answer.body());
            }
            assertThat(store.weight()).isGreaterThan(MAXIMUM_WEIGHT - 2 * LENGTH);
            assertThat(store.evictedEarly()).isEqualTo(60 - MAXIMUM_WEIGHT / LENGTH);
            Answer repetition = server.post("/reports", "report-59", "{}");
            assertThat(repetition.isReplayed()).isTrue();
            assertThat(repetition.body()).isEqualTo(bodies.get(59));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Reports.class)
    static class Application {}

    @RestController
    static class Reports {

        @PostMapping("/reports")
        @IdempotentEndpoint
        String report() {
            return "x".repeat(LENGTH);
        }
    }
}
