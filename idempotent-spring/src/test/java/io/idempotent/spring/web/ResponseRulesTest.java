package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.http.ResponseEntity;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** What becomes of a response, and of its key, on whatever serves it. */
@ExtendWith(OutputCaptureExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ResponseRulesTest {

    private HttpServer server;

    private RecordedEvents told;

    private Endpoints endpoints;

    private String key = "";

    /** Starts an application with the endpoints of this test, and with what tells tenants apart and customizes. */
    abstract HttpServer start(String... properties);

    HttpServer server() {
        return server;
    }

    RecordedEvents told() {
        return told;
    }

    AtomicInteger runs() {
        return endpoints.runs;
    }

    @BeforeAll
    final void startServer() {
        server = start(
                Surroundings.STORE,
                "idempotent.web.header=X-Request-Key",
                "idempotent.web.recorded-headers=content-type,X-Kept,X-Gate,X-Auth-Token",
                "idempotent.operations.short-lived.retention=1m",
                "idempotent.operations.switched-off.enabled=false",
                "logging.level.org.apache.catalina=off");
        told = server.bean(RecordedEvents.class);
        endpoints = server.bean(Endpoints.class);
    }

    @AfterAll
    final void stop() {
        server.close();
    }

    @BeforeEach
    final void begin() {
        key = UUID.randomUUID().toString();
        told.forget();
        endpoints.runs.set(0);
    }

    /** What a customizer does, as a request's header says. */
    static RecordedResponse customize(RecordedResponse response, String how) {
        return switch (String.valueOf(how)) {
            case "redact" -> new RecordedResponse(response.status(), response.headers(), "redacted".getBytes(UTF_8));
            case "refuse" -> null;
            case "fail" -> throw new IllegalStateException("a secret");
            default -> response;
        };
    }

    @RestController
    static class Endpoints {

        private final AtomicInteger runs = new AtomicInteger();
        private final Map<String, Semaphore> gates = new ConcurrentHashMap<>();

        String next() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/statuses/{status}")
        @IdempotentEndpoint
        ResponseEntity<String> status(@PathVariable int status) {
            return ResponseEntity.status(status).body(next());
        }

        @PostMapping("/headers")
        @IdempotentEndpoint
        ResponseEntity<String> headers() {
            return ResponseEntity.ok()
                    .header("X-Kept", "kept")
                    .header("X-Other", "other")
                    .header("X-Auth-Token", "chosen")
                    .body(next());
        }

        @PostMapping("/context")
        @IdempotentEndpoint(operation = "context")
        String context() {
            return IdempotencyContext.current().key() + " " + next();
        }

        @PostMapping("/short-lived")
        @IdempotentEndpoint(operation = "short-lived", retention = "P7D")
        String shortLived() {
            return next();
        }

        @PostMapping("/switched-off")
        @IdempotentEndpoint(operation = "switched-off")
        String switchedOff() {
            return next();
        }

        @PostMapping("/held")
        @IdempotentEndpoint
        ResponseEntity<String> held(@RequestHeader("X-Gate") String gate) throws InterruptedException {
            String answer = next();
            assertThat(gate(gate).tryAcquire(10, TimeUnit.SECONDS)).isTrue();
            return ResponseEntity.ok().header("X-Gate", gate).body(answer);
        }

        private Semaphore gate(String name) {
            return gates.computeIfAbsent(name, gate -> new Semaphore(0));
        }

        void open(String name) {
            gate(name).release();
        }
    }

    /** What a controller promises, and its annotations with it. */
    interface Contract<T> {

        @PostMapping("/contracts")
        @IdempotentEndpoint(operation = "contracts")
        ResponseEntity<String> order(@RequestHeader("X-Item") T item);
    }

    /** Behind a proxy, which calls it by its class. */
    @RestController
    @Validated
    static class Proxied implements Contract<String> {

        @Override
        public ResponseEntity<String> order(String item) {
            return ResponseEntity.ok(
                    item + " " + IdempotencyContext.current().key().operation());
        }
    }

    final Response send(String path, String... headers) throws IOException {
        List<String> lines = new ArrayList<>(List.of(headers));
        lines.add("X-Request-Key: " + key);
        if (lines.stream().noneMatch(line -> line.startsWith("X-Tenant"))) {
            lines.add("X-Tenant: one");
        }
        return Wire.send("POST", server.uri(path), lines, new byte[0]);
    }

    private CompletableFuture<Response> sending(String path, String... headers) {
        int before = endpoints.runs.get();
        // Each in a thread of its own: the common pool may have only one.
        CompletableFuture<Response> response = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return send(path, headers);
                    } catch (IOException failure) {
                        throw new IllegalStateException(failure);
                    }
                },
                request -> new Thread(request).start());
        Awaitility.await().until(() -> endpoints.runs.get() > before);
        return response;
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 408, 425, 429, 503})
    void anAnswerThatNothingWasDoneReleasesTheKey(int status) throws IOException {
        assertThat(send("/statuses/" + status).status()).isEqualTo(status);
        assertThat(send("/statuses/" + status).content()).isEqualTo("run 2");
        assertThat(told.names()).containsExactly("claimed", "released", "claimed", "released");
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 302, 400, 404, 409, 500, 502})
    void everyOtherAnswerIsFinal(int status) throws IOException {
        assertThat(send("/statuses/" + status).status()).isEqualTo(status);
        assertThat(send("/statuses/" + status).isReplayed()).isTrue();
        assertThat(endpoints.runs).hasValue(1);
    }

    @Test
    void onlyChosenHeadersAreRecorded() throws IOException {
        Response first = send("/headers");
        Response second = send("/headers");
        assertThat(first.values("X-Other")).containsExactly("other");
        assertThat(second.values("X-Auth-Token")).containsExactly("chosen");
        assertThat(second.without(IdempotencyFilter.REPLAYED)).isEqualTo(first.without("X-Other"));
    }

    @Test
    void whatIsRecordedMayBeRedacted() throws IOException {
        assertThat(send("/headers", "X-Customize: redact").content()).isEqualTo("run 1");
        assertThat(send("/headers").content()).isEqualTo("redacted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"refuse", "fail"})
    void whatMustNotBeRecordedIsDoneAndNotGivenAgain(String how, CapturedOutput output) throws IOException {
        assertThat(send("/headers", "X-Customize: " + how).content()).isEqualTo("run 1");
        Response second = send("/headers");
        assertThat(second.status()).isEqualTo(500);
        assertThat(second.content()).contains("result-not-available");
        assertThat(endpoints.runs).hasValue(1);
        assertThat(output).doesNotContain("a secret");
    }

    @Test
    void theHandlerSeesItsExecution() throws IOException {
        assertSeesItsExecution("context");
    }

    final void assertSeesItsExecution(String operation) throws IOException {
        assertThat(send("/" + operation).content()).isEqualTo(operation + "@one:" + key + " run 1");
    }

    @Test
    void tenantsAreKeptApartByWhatTellsThemApart() throws IOException {
        assertThat(send("/headers", "X-Tenant: two").content()).isEqualTo("run 1");
        assertThat(send("/headers", "X-Tenant: one").content()).isEqualTo("run 2");
        assertThat(send("/headers", "X-Tenant: two").content()).isEqualTo("run 1");
        assertThat(send("/headers", "X-Tenant: ").status()).isEqualTo(403);
    }

    @Test
    void aPropertyBeatsTheAnnotation() throws IOException {
        send("/short-lived");
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(59));
        assertThat(send("/short-lived").content()).isEqualTo("run 1");
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(1));
        assertThat(send("/short-lived").content()).isEqualTo("run 2");
    }

    @Test
    void anEndpointThatIsSwitchedOffIsHandledAsEver() throws IOException {
        send("/switched-off");
        assertThat(send("/switched-off").content()).isEqualTo("run 2");
        assertThat(told.names()).isEmpty();
    }

    @Test
    void whoLostItsClaimGetsTheResponseOfItsSuccessor() throws Exception {
        CompletableFuture<Response> first = sending("/held", "X-Gate: first");
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(30));
        CompletableFuture<Response> second = sending("/held", "X-Gate: second");
        endpoints.open("second");
        Response recorded = second.get();
        endpoints.open("first");
        assertThat(recorded.content()).isEqualTo("run 2");
        assertThat(first.get().isReplayed()).isTrue();
        assertThat(first.get().without(IdempotencyFilter.REPLAYED)).isEqualTo(recorded.without());
    }

    @Test
    void whoLostItsClaimAndHasNoSuccessorsResponseIsNotConfirmed() throws Exception {
        CompletableFuture<Response> first = sending("/held", "X-Gate: first");
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(30));
        CompletableFuture<Response> second = sending("/held", "X-Gate: second");
        endpoints.open("first");
        Response unconfirmed = first.get();
        endpoints.open("second");
        assertThat(unconfirmed.status()).isEqualTo(409);
        assertThat(unconfirmed.content()).contains("not-confirmed");
        assertThat(unconfirmed.values("X-Gate")).isEmpty();
        assertThat(unconfirmed.values("Retry-After")).containsExactly("5");
        assertThat(second.get().content()).isEqualTo("run 2");
    }

    @Test
    void aControllerMayBeAProxyAndItsInterfaceBeAnnotated() throws IOException {
        assertThat(AopUtils.isCglibProxy(server.bean(Proxied.class))).isTrue();
        assertThat(send("/contracts", "X-Item: book").content()).isEqualTo("book contracts");
        assertThat(send("/contracts", "X-Item: pen").content()).isEqualTo("book contracts");
    }
}
