package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.web.HttpServer.Answer;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

class IdempotentEndpointTest {

    private static HttpServer server;

    @BeforeAll
    static void start() {
        server = HttpServer.start(Application.class, "idempotent.web.scope=shared");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void aRepeatedRequestGetsTheFirstOnesResponse() throws Exception {
        Answer first = server.post("/orders", "\"one\"", "{\"item\":\"book\"}");
        Answer second = server.post("/orders", "\"one\"", "{ \"item\" : \"book\" }");
        assertThat(first.status()).as(first.toString()).isEqualTo(201);
        assertThat(second.isReplayed()).as(second.toString()).isTrue();
        assertThat(second.comparable()).isEqualTo(first.comparable());
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {

        @Bean
        Orders orders() {
            return new Orders();
        }
    }

    @RestController
    static class Orders {

        private final AtomicInteger count = new AtomicInteger();

        @PostMapping("/orders")
        @IdempotentEndpoint
        ResponseEntity<Map<String, Object>> order(@RequestBody Map<String, Object> order) {
            int number = count.incrementAndGet();
            return ResponseEntity.created(URI.create("/orders/" + number))
                    .body(Map.of("number", number, "item", order.get("item")));
        }

        @PostMapping("/fail")
        @IdempotentEndpoint
        String fail() {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "not here " + count.incrementAndGet());
        }
    }
}
