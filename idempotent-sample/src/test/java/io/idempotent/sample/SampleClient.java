package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the sample: speaks HTTP and knows nothing of its classes. */
final class SampleClient {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final JsonMapper JSON = new JsonMapper();

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final URI base;

    SampleClient(int port) {
        base = URI.create("http://localhost:" + port);
    }

    /** The body of a request to pay. */
    static String payment(String id, String amount) {
        return "{\"id\":\"%s\",\"account\":\"acc-7\",\"amount\":\"%s\",\"currency\":\"EUR\"}".formatted(id, amount);
    }

    /** The body of a request to order. */
    static String order(String item, int quantity) {
        return "{\"item\":\"%s\",\"quantity\":%d}".formatted(item, quantity);
    }

    /** The body of a delivery of what a rule found at a time. */
    static String evaluation(String ruleId, String evaluatedAt, String value) {
        return "{\"ruleId\":\"%s\",\"evaluatedAt\":\"%s\",\"value\":\"%s\"}".formatted(ruleId, evaluatedAt, value);
    }

    URI page() {
        return base.resolve("/");
    }

    HttpResponse<String> pay(String id, String amount) {
        return post("/payments", payment(id, amount));
    }

    CompletableFuture<HttpResponse<String>> payLater(String id, String amount) {
        return http.sendAsync(request("/payments", payment(id, amount)), BodyHandlers.ofString());
    }

    /** Sends the same payment many times at once, and waits for all answers. */
    List<HttpResponse<String>> payAtOnce(int times, String id, String amount) {
        List<CompletableFuture<HttpResponse<String>>> answers =
                IntStream.range(0, times).mapToObj(call -> payLater(id, amount)).toList();
        return answers.stream().map(CompletableFuture::join).toList();
    }

    HttpResponse<String> post(String path, String body) {
        return send(request(path, body));
    }

    HttpResponse<String> get(String path) {
        return get(null, path);
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException failure) {
            throw new AssertionError("The sample does not answer " + request.uri(), failure);
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted", interruption);
        }
    }

    HttpRequest.Builder payments() {
        return HttpRequest.newBuilder(base.resolve("/payments")).timeout(TIMEOUT);
    }

    /**
     * Sends an order.
     *
     * @param credentials a name and a password with a colon between; null for none
     * @param key the value of the header, with its quotes if it has any; null for no header
     */
    HttpResponse<String> order(@Nullable String credentials, @Nullable String key, String body) {
        return send(orderRequest(credentials, key, body));
    }

    CompletableFuture<HttpResponse<String>> orderLater(String credentials, String key, String body) {
        return http.sendAsync(orderRequest(credentials, key, body), BodyHandlers.ofString());
    }

    private HttpRequest orderRequest(@Nullable String credentials, @Nullable String key, String body) {
        HttpRequest.Builder request = as(credentials, "/orders")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        return (key == null ? request : request.header("Idempotency-Key", key)).build();
    }

    HttpResponse<String> get(@Nullable String credentials, String path) {
        return send(as(credentials, path).build());
    }

    /** How many orders there are, in the eyes of the customer. */
    int orders(String credentials) {
        HttpResponse<String> answer = get(credentials, "/orders");
        assertThat(answer.statusCode()).isEqualTo(200);
        return json(answer).get("count").asInt();
    }

    /**
     * Settles a payment.
     *
     * @param credentials a name and a password with a colon between; null for none
     * @param members what the endpoint is told
     */
    HttpResponse<String> settle(@Nullable String credentials, Map<String, ?> members) {
        return send(as(credentials, "/actuator/idempotency/payment-service-pay")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(members)))
                .build());
    }

    private HttpRequest.Builder as(@Nullable String credentials, String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).timeout(TIMEOUT);
        if (credentials != null) {
            String encoded = Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + encoded);
        }
        return request;
    }

    /** Delivers an evaluation three times. */
    HttpResponse<String> deliver(String evaluation) {
        return post("/alerts/evaluations", evaluation);
    }

    /** What arrived of a rule, and how often somebody was paged. */
    List<JsonNode> alerts(String ruleId) {
        return json(get("/alerts"))
                .valueStream()
                .filter(alert -> alert.get("ruleId").asString().equals(ruleId))
                .toList();
    }

    /** What the gateway says it really charged. */
    int charges(String id) {
        HttpResponse<String> answer =
                get("/gateway/charges?requestId=" + URLEncoder.encode(id, StandardCharsets.UTF_8));
        assertThat(answer.statusCode()).isEqualTo(200);
        return json(answer).get("charges").asInt();
    }

    void behave(String behaviour) {
        assertThat(post("/gateway/behaviour", behaviour).statusCode()).isEqualTo(200);
    }

    /** What became of the payments that were recovered, the newest first. */
    List<String> recoveries() {
        return calls().get("calls")
                .valueStream()
                .filter(call -> call.get("recovered").asBoolean())
                .map(call -> call.get("outcome").asString())
                .toList();
    }

    /** The page's table. */
    JsonNode calls() {
        return json(get("/page/calls"));
    }

    void clearCalls() {
        HttpRequest request =
                HttpRequest.newBuilder(base.resolve("/page/calls")).DELETE().build();
        assertThat(send(request).statusCode()).isEqualTo(204);
    }

    static JsonNode json(HttpResponse<String> answer) {
        return JSON.readTree(answer.body());
    }

    static String contentType(HttpResponse<String> answer) {
        return answer.headers().firstValue("Content-Type").orElse("none");
    }

    static String receiptId(HttpResponse<String> answer) {
        return json(answer).get("receiptId").asString();
    }

    private HttpRequest request(String path, String body) {
        return HttpRequest.newBuilder(base.resolve(path))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
