package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.reactive.ReactiveIdempotencyContext;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.reactive.IdempotencyWebFilter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ResponseEntity;
import org.springframework.http.codec.multipart.FilePart;
import org.springframework.http.codec.multipart.FormFieldPart;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is of WebFlux alone: handlers that end later, clients that go away, threads that must not block. */
class WebFluxEndpointsTest {

    private static final String ORDER = "{\"item\":\"book\"}";

    private static HttpServer server;

    private static RecordedEvents told;

    private static Orders orders;

    private static Outside outside;

    private final String key = UUID.randomUUID().toString();

    @BeforeAll
    static void start() {
        server = HttpServer.startReactive(
                Application.class,
                Surroundings.STORE,
                "idempotent.web.maximum-response-size=1KB",
                "logging.level.org.springframework=off");
        told = server.bean(RecordedEvents.class);
        orders = server.bean(Orders.class);
        outside = server.bean(Outside.class);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void begin() {
        told.forget();
        orders.runs.set(0);
        orders.gate = new CompletableFuture<>();
        outside.cancelled.set(0);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ReactiveSurroundings.class, Orders.class})
    static class Application {

        @Bean
        static Outside outside() {
            return new Outside();
        }
    }

    /** Where Spring Security answers, and where it is seen that a client has gone. */
    static final class Outside implements WebFilter, Ordered {

        private final AtomicInteger cancelled = new AtomicInteger();

        @Override
        public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
            return chain.filter(exchange)
                    .doOnCancel(cancelled::incrementAndGet)
                    .onErrorResume(AccessDeniedException.class, denied -> {
                        exchange.getResponse().setStatusCode(HttpStatus.FORBIDDEN);
                        return exchange.getResponse().setComplete();
                    });
        }

        @Override
        public int getOrder() {
            return IdempotencyWebFilter.ORDER - 10;
        }
    }

    @RestController
    static class Orders {

        private final AtomicInteger runs = new AtomicInteger();
        private volatile CompletableFuture<String> gate = new CompletableFuture<>();

        private String next() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/held")
        @IdempotentEndpoint
        Mono<ResponseEntity<String>> held(@RequestBody Map<String, Object> order) {
            return Mono.fromSupplier(this::next)
                    .flatMap(run -> Mono.fromFuture(gate, true).map(gate -> run + gate + order))
                    .map(body -> ResponseEntity.status(201).body(body));
        }

        @PostMapping("/nothing")
        @IdempotentEndpoint
        Mono<Void> nothing() {
            return Mono.fromRunnable(this::next);
        }

        @PostMapping("/future")
        @IdempotentEndpoint
        CompletableFuture<String> future() {
            return CompletableFuture.completedFuture(next());
        }

        @PostMapping("/context")
        @IdempotentEndpoint(operation = "context")
        Mono<String> context() {
            String called = IdempotencyContext.current().key().toString();
            return ReactiveIdempotencyContext.current()
                    .map(context -> called.equals(context.key().toString()) + " " + context.key() + next());
        }

        @PostMapping("/form")
        @IdempotentEndpoint
        Mono<String> form(ServerWebExchange exchange) {
            return exchange.getFormData().map(form -> next() + form.toSingleValueMap());
        }

        @PostMapping("/parts")
        @IdempotentEndpoint
        Mono<String> parts(@RequestPart FormFieldPart note, @RequestPart FilePart file) {
            return file.content()
                    .map(content -> content.readableByteCount())
                    .reduce(0, Integer::sum)
                    .map(length -> next() + note.value() + length);
        }

        @PostMapping("/counted")
        @IdempotentEndpoint(fingerprint = false)
        Mono<String> counted(@RequestParam int count, @RequestBody Map<String, Object> order) {
            return Mono.fromSupplier(() -> next() + count + order);
        }

        @PostMapping("/denied")
        @IdempotentEndpoint
        Mono<String> denied() {
            return Mono.error(new AccessDeniedException(next()));
        }

        @PostMapping("/denied-unknown")
        @IdempotentEndpoint(whenAbandoned = WhenAbandoned.REFUSE)
        Mono<String> deniedUnknown() {
            return Mono.error(new AccessDeniedException(next()));
        }

        @PostMapping("/failed")
        @IdempotentEndpoint
        Mono<String> failed() {
            return Mono.error(new IllegalStateException(next()));
        }

        @PostMapping("/written")
        @IdempotentEndpoint
        Mono<Void> written(ServerHttpResponse response, @RequestParam int lines) {
            String run = next();
            response.addCookie(ResponseCookie.from("session", "secret").build());
            response.beforeCommit(
                    () -> Mono.fromRunnable(() -> response.getHeaders().set("X-Late", "late")));
            return response.writeWith(Flux.range(1, lines)
                    .map(line ->
                            DefaultDataBufferFactory.sharedInstance.wrap((run + " " + line + "\n").getBytes(UTF_8))));
        }
    }

    private Response send(String path, String body, String... headers) throws IOException {
        return Wire.send("POST", server.uri(path), lines(List.of(headers)), body.getBytes(UTF_8));
    }

    private List<String> lines(List<String> headers) {
        List<String> lines = new ArrayList<>(headers);
        if (headers.stream().noneMatch(line -> line.startsWith("Content-Type"))) {
            lines.add("Content-Type: application/json");
        }
        lines.add("Idempotency-Key: " + key);
        lines.add("X-User: alice");
        return lines;
    }

    private CompletableFuture<Response> sending(String path) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return send(path, ORDER);
                    } catch (IOException failure) {
                        throw new IllegalStateException(failure);
                    }
                },
                request -> new Thread(request).start());
    }

    /** Sends a request and goes away when the server works on it. */
    private void reset(String path, Runnable untilWorking) throws IOException {
        try (RawClient client = new RawClient(server.uri(path).getPort())) {
            client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                    + String.join("\r\n", lines(List.of()))
                    + "\r\nContent-Length: " + ORDER.length() + "\r\n\r\n" + ORDER);
            untilWorking.run();
            client.breakOff();
        }
        Awaitility.await().until(() -> outside.cancelled.get() > 0);
    }

    private static void untilRunning() {
        Awaitility.await().until(() -> orders.runs.get() > 0);
    }

    private static void assertReplayed(Response response, Response first) {
        assertThat(response.isReplayed()).as("%s", response).isTrue();
        assertThat(response.without(ResponseHeaders.REPLAYED)).isEqualTo(first.without());
    }

    @Test
    void aHandlerGoesOnWhenItsClientIsGoneAndTheRetryIsReplayed() throws IOException {
        reset("/held", WebFluxEndpointsTest::untilRunning);
        orders.gate.complete(" done ");
        Awaitility.await().until(() -> told.names().contains("completed"));
        Response retried = send("/held", ORDER);
        assertThat(retried.status()).isEqualTo(201);
        assertThat(retried.content()).isEqualTo("run 1 done {item=book}");
        assertThat(retried.isReplayed()).isTrue();
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    void whatAHandlerFailsWithWhenItsClientIsGoneIsRecordedToo() throws IOException {
        reset("/held", WebFluxEndpointsTest::untilRunning);
        orders.gate.completeExceptionally(new IllegalStateException("broken"));
        Awaitility.await().until(() -> told.names().contains("completed"));
        Response retried = send("/held", ORDER);
        assertThat(retried.status()).isEqualTo(500);
        assertThat(retried.isReplayed()).isTrue();
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    void aHandlerDoesNotBeginWhenItsClientHasGoneWhileTheKeyWasClaimed() throws IOException {
        CountDownLatch claims = new CountDownLatch(1);
        ObservedStore store = server.bean(ObservedStore.class);
        int before = store.calls();
        store.holdClaims(claims);
        reset("/held", () -> Awaitility.await().until(() -> store.calls() > before));
        claims.countDown();
        Awaitility.await().until(() -> told.names().contains("released"));
        assertThat(orders.runs).hasValue(0);
        orders.gate.complete(" done ");
        assertThat(send("/held", ORDER).isReplayed()).isFalse();
    }

    @Test
    void aClientThatGoesAwayBeforeItsBodyIsThereClaimsNothing() throws IOException {
        int before = server.bean(ObservedStore.class).calls();
        try (RawClient client = new RawClient(server.uri("/held").getPort())) {
            client.send("POST /held HTTP/1.1\r\nHost: localhost\r\n" + String.join("\r\n", lines(List.of()))
                    + "\r\nContent-Length: 1000\r\n\r\n" + ORDER);
            client.breakOff();
        }
        orders.gate.complete(" done ");
        assertThat(send("/held", ORDER).isReplayed()).isFalse();
        assertThat(server.bean(ObservedStore.class).calls() - before).isEqualTo(2);
    }

    @Test
    void noRequestOfTheStoreIsMadeByAThreadThatMustNotBlock() throws Exception {
        CompletableFuture<Response> first = sending("/held");
        untilRunning();
        assertThat(send("/held", ORDER).status()).isEqualTo(409);
        orders.gate.complete(" done ");
        assertReplayed(send("/held", ORDER), first.get());
        send("/denied", ORDER);
        send("/failed", ORDER);
        ObservedStore store = server.bean(ObservedStore.class);
        store.down(true);
        assertThat(send("/nothing", ORDER).status()).isEqualTo(503);
        store.down(false);
        assertThat(store.threads())
                .isNotEmpty()
                .noneMatch(name -> name.startsWith("reactor-") || name.startsWith("parallel-"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nothing", "/future", "/failed"})
    void whatHandlersReturnIsRecordedWhenItIsThere(String path) throws IOException {
        Response first = send(path, ORDER);
        assertReplayed(send(path, ORDER), first);
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    void theHandlerAndWhatItReturnsSeeTheirExecution() throws IOException {
        assertThat(send("/context", ORDER).content()).isEqualTo("true context@alice:" + key + "run 1");
    }

    @Test
    void aFormIsComparedByItsParametersAndReadByItsHandler() throws IOException {
        String form = "Content-Type: application/x-www-form-urlencoded";
        Response first = send("/form", "a=1&b=2", form);
        assertThat(first.content()).isEqualTo("run 1{a=1, b=2}");
        assertReplayed(send("/form", "b=%32&a=1", form), first);
        assertThat(send("/form", "a=1&b=3", form).status()).isEqualTo(422);
    }

    @Test
    void aMultipartBodyIsComparedByItsPartsAndReadByItsHandler() throws IOException {
        Response first = send("/parts", parts("one", "content"), "Content-Type: multipart/form-data; boundary=one");
        assertThat(first.content()).isEqualTo("run 1hello7");
        assertReplayed(
                send("/parts", parts("two", "content"), "Content-Type: multipart/form-data; boundary=two"), first);
        assertThat(send("/parts", parts("two", "another"), "Content-Type: multipart/form-data; boundary=two")
                        .status())
                .isEqualTo(422);
    }

    @Test
    void aMultipartBodyThatDoesNotEndIsUnreadable() throws IOException {
        Response response = send("/parts", "--one\r\n", "Content-Type: multipart/form-data; boundary=one");
        assertThat(response.status()).isEqualTo(400);
        assertThat(response.content()).contains("request-unreadable");
        assertThat(told.names()).isEmpty();
    }

    private static String parts(String boundary, String content) {
        return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--" + boundary
                + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
                + "Content-Type: text/plain\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n";
    }

    @ParameterizedTest
    @ValueSource(strings = {"/counted", "/counted?count=many"})
    void anArgumentThatIsRefusedReleasesTheKey(String path) throws IOException {
        assertThat(send(path, ORDER).status()).isEqualTo(400);
        assertThat(send("/counted?count=1", "no JSON").status()).isEqualTo(400);
        assertThat(send("/counted?count=1", ORDER, "Content-Type: application/cbor")
                        .status())
                .isEqualTo(415);
        assertThat(send("/counted?count=1", ORDER).content()).isEqualTo("run 11{item=book}");
    }

    @Test
    void whatSecurityAnswersOutsideReleasesTheKey() throws IOException {
        assertThat(send("/denied", ORDER).status()).isEqualTo(403);
        assertThat(send("/denied", ORDER).isReplayed()).isFalse();
        assertThat(orders.runs).hasValue(2);
    }

    @Test
    void whatSecurityAnswersOutsideIsUnknownWhereSomebodyFindsOut() throws IOException {
        assertThat(send("/denied-unknown", ORDER).status()).isEqualTo(403);
        Response second = send("/denied-unknown", ORDER);
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.content()).contains("outcome-unknown");
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    void whatTheHandlerWritesItselfIsRecordedWithoutItsCookies() throws IOException {
        Response first = send("/written?lines=3", ORDER);
        assertThat(first.content()).isEqualTo("run 1 1\nrun 1 2\nrun 1 3\n");
        assertThat(first.values("Set-Cookie")).hasSize(1);
        assertThat(first.values("X-Late")).containsExactly("late");
        Response second = send("/written?lines=3", ORDER);
        assertThat(second.without(ResponseHeaders.REPLAYED)).isEqualTo(first.without("Set-Cookie"));
    }

    @Test
    void aBodyThatIsWrittenPieceByPieceAndTooLongIsSentAndNotGivenAgain() throws IOException {
        Response first = send("/written?lines=500", ORDER);
        assertThat(first.content()).startsWith("run 1 1\n").endsWith("run 1 500\n");
        assertThat(first.values("Set-Cookie")).hasSize(1);
        Response second = send("/written?lines=500", ORDER);
        assertThat(second.status()).isEqualTo(500);
        assertThat(second.content()).contains("result-not-available");
        assertThat(orders.runs).hasValue(1);
    }
}
