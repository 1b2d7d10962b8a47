package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.operation.Reconciler;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenStoreFails;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.IdempotencyRecord;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;

/** Requests of which nobody knows what they have done, in an application that does not run them again. */
class UnknownResponsesTest {

    private static HttpServer server;

    private static RecordedEvents told;

    private static AtomicInteger runs;

    private final String key = UUID.randomUUID().toString();

    @BeforeAll
    static void start() {
        server = HttpServer.start(
                Application.class,
                Surroundings.STORE,
                "idempotent.web.scope=shared",
                "idempotent.web.unknown-statuses=5xx",
                "idempotent.when-abandoned=refuse",
                "logging.level.org.apache.catalina=off");
        told = server.bean(RecordedEvents.class);
        runs = server.bean(Endpoints.class).runs;
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void begin() {
        told.forget();
        runs.set(0);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({Surroundings.class, Endpoints.class})
    static class Application {

        @Bean
        static Reconciler ledger() {
            return new Reconciler() {
                @Override
                public boolean supports(String operation) {
                    return operation.equals("reconciled");
                }

                @Override
                public Reconciliation<?> reconcile(IdempotencyContext context, Object[] arguments) {
                    String found = String.valueOf(((HttpServletRequest) arguments[0]).getHeader("X-Found"));
                    return switch (found) {
                        case "done" -> Reconciliation.completed(RECORDED);
                        case "not-done" -> Reconciliation.notDone();
                        default -> Reconciliation.unknown();
                    };
                }
            };
        }
    }

    private static final RecordedResponse RECORDED = new RecordedResponse(
            201,
            List.of(new RecordedResponse.Header("Content-Type", List.of("text/plain;charset=UTF-8"))),
            "found".getBytes(UTF_8));

    @RestController
    static class Endpoints {

        private final AtomicInteger runs = new AtomicInteger();

        private String next() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/statuses/{status}")
        @IdempotentEndpoint(operation = "statuses")
        ResponseEntity<String> status(@PathVariable int status) {
            return ResponseEntity.status(status).body(next());
        }

        @PostMapping("/late")
        @IdempotentEndpoint
        DeferredResult<String> late() {
            next();
            return new DeferredResult<>(1L);
        }

        @PostMapping("/reconciled")
        @IdempotentEndpoint(operation = "reconciled", whenAbandoned = WhenAbandoned.RECONCILE, fingerprint = false)
        String reconciled() {
            return next();
        }

        @PostMapping("/careless")
        @IdempotentEndpoint(whenStoreFails = WhenStoreFails.RUN)
        String careless() {
            return next();
        }
    }

    private Response send(String path, String... headers) throws IOException {
        List<String> lines = new ArrayList<>(List.of(headers));
        lines.add("Idempotency-Key: " + key);
        return Wire.send("POST", server.uri(path), lines, new byte[0]);
    }

    private static void assertUnknown(Response response) {
        assertThat(response.status()).as("%s", response).isEqualTo(409);
        assertThat(response.content()).contains("outcome-unknown");
    }

    @Test
    void aStatusThatSaysNothingOfTheWorkLeavesItUnknownUntilSomebodySaysWhatBecameOfIt() throws IOException {
        assertThat(send("/statuses/500").content()).isEqualTo("run 1");
        assertUnknown(send("/statuses/500"));
        assertThat(told.names()).containsExactly("claimed", "abandoned", "refused");

        IdempotencyRecords operations = server.bean(IdempotencyRecords.class);
        IdempotencyKey recordKey = IdempotencyKey.of("statuses", key);
        IdempotencyRecord record = Objects.requireNonNull(operations.find(recordKey));
        assertThat(operations.complete(recordKey, record.fencingToken(), RECORDED, "ann", "seen in the ledger"))
                .isTrue();

        Response told = send("/statuses/500");
        assertThat(told.status()).isEqualTo(201);
        assertThat(told.content()).isEqualTo("found");
        assertThat(told.values("Content-Type")).containsExactly("text/plain;charset=UTF-8");
        assertThat(told.isReplayed()).isTrue();
        assertThat(runs).hasValue(1);
    }

    @Test
    void theExactStatusIsAskedForBeforeItsClass() throws IOException {
        assertThat(send("/statuses/503").content()).isEqualTo("run 1");
        assertThat(send("/statuses/503").content()).isEqualTo("run 2");
    }

    @Test
    void whatTookTooLongIsUnknown() throws IOException {
        assertThat(send("/late").status()).isEqualTo(503);
        assertUnknown(send("/late"));
        assertThat(runs).hasValue(1);
    }

    private void die() {
        server.bean(ObservedStore.class)
                .store()
                .claim(new ClaimRequest(
                        IdempotencyKey.of("reconciled", key),
                        UUID.randomUUID(),
                        Fingerprint.none(),
                        Duration.ofSeconds(1),
                        false));
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(1));
    }

    @Test
    void whatIsFoundToBeDoneIsAnsweredByWhatIsFound() throws IOException {
        die();
        assertUnknown(send("/reconciled"));
        Response found = send("/reconciled", "X-Found: done");
        assertThat(found.status()).isEqualTo(201);
        assertThat(found.content()).isEqualTo("found");
        assertThat(send("/reconciled").content()).isEqualTo("found");
        assertThat(runs).hasValue(0);
    }

    @Test
    void whatIsFoundNotToBeDoneIsDone() throws IOException {
        die();
        assertThat(send("/reconciled", "X-Found: not-done").content()).isEqualTo("run 1");
        assertThat(send("/reconciled").isReplayed()).isTrue();
    }

    @Test
    void anEndpointMayBeHandledUnprotectedWhileItsStoreIsDown() throws IOException {
        ObservedStore store = server.bean(ObservedStore.class);
        store.down(true);
        try {
            assertThat(send("/careless").content()).isEqualTo("run 1");
            assertThat(send("/careless").content()).isEqualTo("run 2");
        } finally {
            store.down(false);
        }
        assertThat(told.names()).containsExactly("unprotected", "unprotected");
    }
}
