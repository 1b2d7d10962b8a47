package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.store.ClaimRequest;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.support.StaticMessageSource;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import tools.jackson.databind.JsonNode;

/**
 * The draft's rules, K1 to K18 as the package's page numbers them, each with the tests that show it, on whatever serves
 * them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ConformanceTest {

    private static final String ORDER = "{\"item\":\"book\"}";

    private HttpServer server;

    private RecordedEvents told;

    private Orders orders;

    private String key = "";

    /** Starts an application with the endpoints of this test. */
    abstract HttpServer start(String... properties);

    @BeforeAll
    final void startServer() {
        server = start(
                Surroundings.STORE,
                "idempotent.web.problem-base=https://problems.example/",
                "idempotent.web.documentation=https://docs.example/idempotency",
                "idempotent.web.maximum-body-size=2KB",
                "idempotent.web.maximum-response-size=1KB",
                "logging.level.org.apache.catalina=off");
        told = server.bean(RecordedEvents.class);
        orders = server.bean(Orders.class);
    }

    @AfterAll
    final void stop() {
        server.close();
    }

    @BeforeEach
    final void begin() {
        key = "\"" + UUID.randomUUID() + "\"";
        told.forget();
        orders.runs.set(0);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({Orders.class, Overriding.class, OwnAnswers.class})
    static class Endpoints {

        @Bean
        static StaticMessageSource messageSource() {
            StaticMessageSource messages = new StaticMessageSource();
            String type = IdempotencyKeyException.class.getName();
            messages.addMessage("problemDetail.title." + type, Locale.GERMAN, "Schlüssel fehlt");
            messages.addMessage("problemDetail." + type, Locale.GERMAN, "Bitte einen Schlüssel senden");
            return messages;
        }
    }

    @RestController
    static class Orders {

        private final RecordedEvents told;
        private final AtomicInteger runs = new AtomicInteger();
        private volatile CountDownLatch opened = new CountDownLatch(0);

        private volatile List<String> toldBefore = List.of();

        Orders(RecordedEvents told) {
            this.told = told;
        }

        private Map<String, Object> next(Map<String, Object> order) {
            toldBefore = told.names();
            return Map.of("number", runs.incrementAndGet(), "item", order.get("item"));
        }

        @PostMapping("/orders")
        @IdempotentEndpoint
        ResponseEntity<Map<String, Object>> order(@RequestBody Map<String, Object> order) {
            return ResponseEntity.status(201).body(next(order));
        }

        @PostMapping("/returns")
        @IdempotentEndpoint
        Map<String, Object> giveBack(@RequestBody Map<String, Object> order) {
            return next(order);
        }

        @PostMapping("/optional")
        @IdempotentEndpoint(required = false)
        Map<String, Object> optional(@RequestBody Map<String, Object> order) {
            return next(order);
        }

        @PostMapping("/plain")
        Map<String, Object> plain(@RequestBody Map<String, Object> order) {
            return next(order);
        }

        @PostMapping("/any-content")
        @IdempotentEndpoint(fingerprint = false, operation = "any-content", whenAbandoned = WhenAbandoned.REFUSE)
        Map<String, Object> anyContent(@RequestBody Map<String, Object> order) {
            return next(order);
        }

        @PostMapping("/shared")
        @IdempotentEndpoint(scope = IdempotentEndpoint.Scope.SHARED)
        Map<String, Object> shared(@RequestBody Map<String, Object> order) {
            return next(order);
        }

        @PostMapping("/refused")
        @IdempotentEndpoint
        void refuse() {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "run " + runs.incrementAndGet());
        }

        @PostMapping("/failed")
        @IdempotentEndpoint
        void fail() {
            throw new IllegalStateException("run " + runs.incrementAndGet());
        }

        @PostMapping("/slow")
        @IdempotentEndpoint
        Map<String, Object> slow(@RequestBody Map<String, Object> order) throws InterruptedException {
            return held(order);
        }

        @PostMapping("/awaited")
        @IdempotentEndpoint(waitAtMost = "20s")
        Map<String, Object> awaited(@RequestBody Map<String, Object> order) throws InterruptedException {
            return held(order);
        }

        private Map<String, Object> held(Map<String, Object> order) throws InterruptedException {
            Map<String, Object> answer = next(order);
            assertThat(opened.await(10, TimeUnit.SECONDS)).isTrue();
            return answer;
        }

        @PostMapping("/long")
        @IdempotentEndpoint
        String tooLong() {
            return "long ".repeat(500 + runs.incrementAndGet());
        }
    }

    @RestController
    static class Overriding {

        @PostMapping("/overriding")
        @IdempotentEndpoint
        void order() {}
    }

    @ControllerAdvice(assignableTypes = Overriding.class)
    static class OwnAnswers {

        @ExceptionHandler
        ResponseEntity<String> handle(IdempotencyKeyException exception) {
            return ResponseEntity.status(428).body("mine");
        }
    }

    private Response send(String path, String key, String body, String... headers) throws IOException {
        return sendAs("alice", path, key, body, headers);
    }

    private Response sendAs(String user, String path, String key, String body, String... headers) throws IOException {
        List<String> lines = new ArrayList<>(List.of(headers));
        lines.add("Content-Type: application/json");
        if (key != null) {
            lines.add("Idempotency-Key: " + key);
        }
        if (user != null) {
            lines.add("X-User: " + user);
        }
        return Wire.send("POST", server.uri(path), lines, body.getBytes(UTF_8));
    }

    private CompletableFuture<Response> sending(String path, String key) {
        int before = orders.runs.get();
        CompletableFuture<Response> response = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return send(path, key, ORDER);
                    } catch (IOException failure) {
                        throw new IllegalStateException(failure);
                    }
                },
                request -> new Thread(request).start());
        Awaitility.await().until(() -> orders.runs.get() > before);
        return response;
    }

    /** A problem as the draft shows it, with its documentation. */
    private static void assertProblem(Response response, int status, String type, String title) {
        assertThat(response.status()).as("%s", response).isEqualTo(status);
        assertThat(response.values("Content-Type")).containsExactly("application/problem+json");
        assertThat(response.values("Link")).containsExactly("<https://docs.example/idempotency>; rel=\"describedby\"");
        JsonNode problem = response.json();
        assertThat(problem.path("type").asString()).isEqualTo("https://problems.example/" + type);
        assertThat(problem.path("title").asString()).isEqualTo(title);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("detail").asString()).isNotBlank();
    }

    private static void assertReplayed(Response response, Response first) {
        assertThat(response.isReplayed()).as("%s", response).isTrue();
        assertThat(response.without(IdempotencyFilter.REPLAYED)).isEqualTo(first.without());
    }

    @ParameterizedTest
    @Tag("K1")
    @ValueSource(
            strings = {
                "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
                "\"clkyoesmbgybucifusbbtdsbohtyuuwz\"",
                "\"with \\\"quotes\\\" and \\\\ and , and ;\""
            })
    void aKeyIsAStringOfStructuredFields(String quoted) throws IOException {
        Response first = send("/orders", quoted, ORDER);
        assertThat(first.status()).isEqualTo(201);
        assertReplayed(send("/orders", quoted + ";version=1", ORDER), first);
    }

    @Test
    @Tag("K1")
    void theSameTextIsTheSameKeyWithoutQuotes() throws IOException {
        Response first = send("/orders", key, ORDER);
        assertReplayed(send("/orders", key.replace("\"", ""), ORDER), first);
    }

    @Test
    @Tag("K2")
    void aKeyIsNotUsedAgainWithAnotherPayload() throws IOException {
        Response first = send("/orders", key, ORDER);
        assertThat(send("/orders", key, "{\"item\":\"pen\"}").status()).isEqualTo(422);
        assertReplayed(send("/orders", key, ORDER), first);
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    @Tag("K3")
    void aKeyIsUniqueWithinItsEndpointAndItsCaller() throws IOException {
        assertThat(send("/orders", key, ORDER).isReplayed()).isFalse();
        assertThat(send("/returns", key, ORDER).isReplayed()).isFalse();
        assertThat(sendAs("bob", "/orders", key, ORDER).isReplayed()).isFalse();
        assertThat(orders.runs).hasValue(3);
    }

    @Test
    @Tag("K4")
    void aKeyExpiresAfter24Hours() throws IOException {
        FakeTicker ticker = server.bean(FakeTicker.class);
        send("/orders", key, ORDER);
        ticker.advance(Duration.ofHours(24).minusSeconds(1));
        assertThat(send("/orders", key, ORDER).isReplayed()).isTrue();
        ticker.advance(Duration.ofSeconds(1));
        assertThat(send("/orders", key, ORDER).isReplayed()).isFalse();
        assertThat(orders.runs).hasValue(2);
    }

    @Test
    @Tag("K5")
    void theWholePayloadIsPartOfTheFingerprintHoweverItIsWritten() throws IOException {
        Response first = send("/orders", key, "{\"item\":\"book\",\"price\":1.0}");
        assertReplayed(send("/orders", key, "{ \"price\" : 1.0,\n\"item\" : \"book\" }"), first);
        assertThat(send("/orders", key, "{\"item\":\"book\",\"price\":1.1}").status())
                .isEqualTo(422);
    }

    @Test
    @Tag("K5")
    void anEndpointMayDoWithoutAFingerprint() throws IOException {
        Response first = send("/any-content", key, ORDER);
        assertReplayed(send("/any-content", key, "{\"item\":\"pen\"}"), first);
    }

    @Test
    @Tag("K6")
    void anyClientMaySendAKey() throws IOException {
        assertThat(send("/plain", key, ORDER).status()).isEqualTo(200);
        assertThat(send("/plain", key, ORDER).isReplayed()).isFalse();
        assertThat(send("/plain", "not \"a\" key", ORDER).status()).isEqualTo(200);
        assertThat(told.names()).isEmpty();
    }

    @Test
    @Tag("K6")
    void whereAKeyIsNotRequiredARequestWithoutOneIsProcessed() throws IOException {
        assertThat(send("/optional", null, ORDER).status()).isEqualTo(200);
        assertThat(send("/optional", null, ORDER).status()).isEqualTo(200);
        assertThat(told.names()).isEmpty();
        assertThat(orders.runs).hasValue(2);
    }

    @Test
    @Tag("K7")
    void everyRefusalSaysWhereTheRulesArePublished() throws IOException {
        assertThat(send("/orders", null, ORDER).values("Link"))
                .containsExactly("<https://docs.example/idempotency>; rel=\"describedby\"");
    }

    @Test
    @Tag("K8")
    void theKeyIsClaimedBeforeTheRequestIsProcessedAndCompletedAfter() throws IOException {
        int before = server.bean(ObservedStore.class).calls();
        send("/orders", key, ORDER);
        assertThat(orders.toldBefore).containsExactly("claimed");
        assertThat(told.names()).containsExactly("claimed", "completed");
        assertThat(server.bean(ObservedStore.class).calls() - before).isPositive();
    }

    @Test
    @Tag("K9")
    void theFirstRequestIsProcessedAsEver() throws IOException {
        Response plain = send("/plain", null, ORDER);
        orders.runs.set(0);
        Response first = send("/optional", key, ORDER);
        assertThat(first.body()).contains("\"number\":1");
        assertThat(first.statusLine()).isEqualTo(plain.statusLine());
        assertThat(first.values("Content-Type")).isEqualTo(plain.values("Content-Type"));
        assertThat(first.values(IdempotencyFilter.REPLAYED)).isEmpty();
    }

    @ParameterizedTest
    @Tag("K10")
    @ValueSource(strings = {"/orders", "/refused", "/failed"})
    void aRepeatedRequestGetsTheResultOfTheFirstBeItSuccessOrError(String path) throws IOException {
        Response first = send(path, key, ORDER);
        assertReplayed(send(path, key, ORDER), first);
        assertReplayed(send(path, key, ORDER), first);
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    @Tag("K11")
    void aRequestThatIsRepeatedWhileTheFirstOneIsProcessedIsAConflict() throws Exception {
        orders.opened = new CountDownLatch(1);
        CompletableFuture<Response> first = sending("/slow", key);
        assertThat(send("/slow", key, ORDER).status()).isEqualTo(409);
        orders.opened.countDown();
        Response done = first.get();
        assertReplayed(send("/slow", key, ORDER), done);
    }

    @Test
    @Tag("K11")
    void anEndpointMayLetItWaitForTheResult() throws Exception {
        orders.opened = new CountDownLatch(1);
        CompletableFuture<Response> first = sending("/awaited", key);
        CompletableFuture<Response> second = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return send("/awaited", key, ORDER);
                    } catch (IOException failure) {
                        throw new IllegalStateException(failure);
                    }
                },
                request -> new Thread(request).start());
        assertThat(second).isNotDone();
        orders.opened.countDown();
        assertReplayed(second.get(), first.get());
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    @Tag("K12")
    void aMissingKeyIsABadRequest() throws IOException {
        assertProblem(send("/orders", null, ORDER), 400, "key-missing", "Idempotency key missing or malformed");
        assertThat(orders.runs).hasValue(0);
    }

    @Test
    @Tag("K12")
    void anApplicationMayAnswerInItsOwnWords() throws IOException {
        Response response = send("/overriding", null, ORDER);
        assertThat(response.status()).isEqualTo(428);
        assertThat(response.body()).isEqualTo("mine");
    }

    @Test
    @Tag("K12")
    void anApplicationMayAnswerInTheCallersLanguage() throws IOException {
        Response response = send("/orders", null, ORDER, "Accept-Language: de");
        JsonNode problem = response.json();
        assertThat(problem.path("title").asString()).isEqualTo("Schlüssel fehlt");
        assertThat(problem.path("detail").asString()).isEqualTo("Bitte einen Schlüssel senden");
    }

    @Test
    @Tag("K13")
    void aKeyThatIsUsedAgainForSomethingElseCannotBeProcessed() throws IOException {
        send("/orders", key, ORDER);
        assertProblem(send("/orders", key, "{}"), 422, "key-reused", "Idempotency key reused");
        assertThat(told.names()).containsExactly("claimed", "completed", "refused");
    }

    @Test
    @Tag("K14")
    void aConflictSaysWhenToComeBack() throws Exception {
        orders.opened = new CountDownLatch(1);
        CompletableFuture<Response> first = sending("/slow", key);
        Response second = send("/slow", key, ORDER);
        orders.opened.countDown();
        assertProblem(second, 409, "in-progress", "Request in progress");
        assertThat(Integer.parseInt(second.values("Retry-After").get(0))).isBetween(1, 30);
        assertThat(first.get().status()).isEqualTo(200);
    }

    @Test
    @Tag("K15")
    void aRequestThatIsNotCorrectedIsRefusedAgain() throws IOException {
        assertThat(send("/orders", null, ORDER).status()).isEqualTo(400);
        assertThat(send("/orders", null, ORDER).status()).isEqualTo(400);
        assertThat(send("/orders", key, ORDER).status()).isEqualTo(201);
        assertThat(send("/orders", key, "{}").status()).isEqualTo(422);
        assertThat(send("/orders", key, "{}").status()).isEqualTo(422);
    }

    @Test
    @Tag("K16")
    void aBodyThatIsTooLongIsRefused() throws IOException {
        assertProblem(
                send("/orders", key, "{\"item\":\"" + "x".repeat(2_048) + "\"}"),
                413,
                "request-too-large",
                "Request too large");
        assertThat(told.names()).isEmpty();
    }

    @Test
    @Tag("K16")
    void anOutcomeThatNobodyKnowsIsAConflictOfItsOwn() throws IOException {
        server.bean(ObservedStore.class)
                .store()
                .claim(new ClaimRequest(
                        new IdempotencyKey("any-content", "alice", key.replace("\"", "")),
                        UUID.randomUUID(),
                        Fingerprint.none(),
                        Duration.ofSeconds(1),
                        false));
        server.bean(FakeTicker.class).advance(Duration.ofSeconds(1));
        assertProblem(send("/any-content", key, ORDER), 409, "outcome-unknown", "Request outcome unknown");
        assertThat(orders.runs).hasValue(0);
    }

    @Test
    @Tag("K16")
    void aResultThatCannotBeGivenAgainIsAnError() throws IOException {
        assertThat(send("/long", key, ORDER).status()).isEqualTo(200);
        assertProblem(send("/long", key, ORDER), 500, "result-not-available", "Result not available");
        assertThat(orders.runs).hasValue(1);
    }

    @Test
    @Tag("K16")
    void withoutItsStoreTheServiceIsNotAvailable() throws IOException {
        ObservedStore store = server.bean(ObservedStore.class);
        store.down(true);
        Response refused;
        try {
            refused = send("/orders", key, ORDER);
        } finally {
            store.down(false);
        }
        assertProblem(refused, 503, "store-not-available", "Idempotency store not available");
        assertThat(refused.values("Retry-After")).containsExactly("5");
        assertThat(orders.runs).hasValue(0);
        assertThat(send("/orders", key, ORDER).status()).isEqualTo(201);
    }

    static Stream<String> malformed() {
        return Stream.concat(
                Stream.of(
                        "",
                        "\"\"",
                        "\" \"",
                        "a b",
                        "a,b",
                        "a;b=1",
                        "a\"b",
                        "a\\b",
                        "\"open",
                        "\"a\" b",
                        "\"a\", \"b\"",
                        "\"a\\n\"",
                        "\"a\\",
                        "ü",
                        "\"ü\"",
                        "\"a\tb\"",
                        "a\tb",
                        "x".repeat(256),
                        "\"" + "x".repeat(256) + "\""),
                Stream.of("one\r\nIdempotency-Key: two"));
    }

    @ParameterizedTest
    @Tag("K17")
    @MethodSource("malformed")
    void aMalformedKeyIsRefusedBeforeAnythingIsLookedUp(String malformed) throws IOException {
        int before = server.bean(ObservedStore.class).calls();
        assertProblem(send("/orders", malformed, ORDER), 400, "key-missing", "Idempotency key missing or malformed");
        assertThat(send("/optional", malformed, ORDER).status()).isEqualTo(400);
        assertThat(server.bean(ObservedStore.class).calls()).isEqualTo(before);
        assertThat(orders.runs).hasValue(0);
        assertThat(told.names()).isEmpty();
    }

    @Test
    @Tag("K17")
    void aKeyHasUpTo255Characters() throws IOException {
        String longest = UUID.randomUUID() + "x".repeat(219);
        Response first = send("/orders", longest, ORDER);
        assertThat(first.status()).isEqualTo(201);
        assertReplayed(send("/orders", "\"" + longest + "\"", ORDER), first);
    }

    @Test
    @Tag("K18")
    void nobodyGetsTheAnswerOfAnotherCaller() throws IOException {
        Response alices = sendAs("alice", "/orders", key, ORDER);
        Response bobs = sendAs("bob", "/orders", key, "{\"item\":\"pen\"}");
        assertThat(bobs.status()).isEqualTo(201);
        assertThat(bobs.isReplayed()).isFalse();
        assertReplayed(sendAs("alice", "/orders", key, ORDER), alices);
        assertReplayed(sendAs("bob", "/orders", key, "{\"item\":\"pen\"}"), bobs);
    }

    @Test
    @Tag("K18")
    void aCallerOfWhomNothingIsKnownIsRefused() throws IOException {
        int before = server.bean(ObservedStore.class).calls();
        assertProblem(sendAs(null, "/orders", key, ORDER), 403, "caller-unknown", "Caller unknown");
        assertThat(server.bean(ObservedStore.class).calls()).isEqualTo(before);
        assertThat(orders.runs).hasValue(0);
    }

    @Test
    @Tag("K18")
    void callersShareKeysOnlyWhereThatIsDeclared() throws IOException {
        Response first = sendAs(null, "/shared", key, ORDER);
        assertThat(first.status()).isEqualTo(200);
        assertReplayed(sendAs("alice", "/shared", key, ORDER), first);
    }

    private static final Pattern ROW =
            Pattern.compile("<th scope=\"row\">(K\\d+)<td>(\\D+?)<td>(.+?)<td>(.+?)<td>(\\w+)");

    /** The table on the package's page names the tests of each rule, and no others. */
    @Test
    void theTableOfRulesNamesTheTestsThatShowThem() throws IOException {
        Map<String, Set<String>> tagged = new TreeMap<>();
        for (Method method : ConformanceTest.class.getDeclaredMethods()) {
            Arrays.stream(method.getAnnotationsByType(Tag.class))
                    .forEach(tag -> tagged.computeIfAbsent(tag.value(), rule -> new TreeSet<>())
                            .add(method.getName()));
        }
        Map<String, Set<String>> documented = new TreeMap<>();
        Matcher rows = ROW.matcher(Files.readString(Path.of(
                        "src/main/java", ConformanceTest.class.getPackageName().replace('.', '/'), "package-info.java"))
                .replaceAll("\\s+\\* ?|\\s+", " ")
                .replaceAll(" (?=<)", ""));
        while (rows.find()) {
            assertThat(rows.group(5)).isEqualTo("met");
            documented.put(
                    rows.group(1),
                    Pattern.compile("\\{@code (\\w+)}")
                            .matcher(rows.group(4))
                            .results()
                            .map(result -> result.group(1))
                            .collect(toCollection(TreeSet::new)));
        }
        assertThat(documented).isEqualTo(tagged);
        assertThat(documented)
                .containsOnlyKeys(IntStream.rangeClosed(1, 18)
                        .mapToObj(number -> "K" + number)
                        .toList()
                        .toArray(new String[0]));
    }
}
