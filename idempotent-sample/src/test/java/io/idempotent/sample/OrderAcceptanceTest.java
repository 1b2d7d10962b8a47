package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.json;
import static io.idempotent.sample.SampleClient.order;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What clients of {@code POST /orders} see, each with its own credentials. */
@OnOneJdk("the second JDK runs it ahead of time")
@AheadOfTime
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class OrderAcceptanceTest {

    private static final String ALICE = "alice:alice";

    private static final String BOB = "bob:bob";

    private static final String BODY = order("book", 2);

    private SampleClient client;

    /** Another for each test, since they share one application; and so are the orders counted that there are before. */
    private final String key = "\"" + UUID.randomUUID() + "\"";

    private int before;

    @BeforeEach
    void reset(@LocalServerPort int port) {
        client = new SampleClient(port);
        client.behave("{\"failNext\":0,\"latency\":\"0ms\"}");
        before = client.orders(ALICE);
    }

    @Test
    void anOrderIsPlacedAndFoundWhereItsLocationSays() {
        HttpResponse<String> answer = client.order(ALICE, key, BODY);

        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(contentType(answer)).isEqualTo("application/json");
        assertThat(answer.headers().firstValue("Idempotency-Replayed")).isEmpty();
        assertThat(answer.body())
                .isEqualTo("{\"orderId\":\"%s\",\"item\":\"book\",\"quantity\":2}".formatted(orderId(answer)));
        assertThat(location(answer)).isEqualTo("/orders/" + orderId(answer));
        assertThat(client.get(ALICE, location(answer)).body()).isEqualTo(answer.body());
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void aRepetitionGetsTheSameResponseByteForByteAndIsNoOrder() {
        HttpResponse<String> first = client.order(ALICE, key, BODY);

        for (int repetition = 0; repetition < 3; repetition++) {
            HttpResponse<String> again = client.order(ALICE, key, BODY);
            assertThat(again.statusCode()).isEqualTo(201);
            assertThat(again.headers().firstValue("Idempotency-Replayed")).hasValue("true");
            assertThat(headers(again)).isEqualTo(headers(first));
            assertThat(again.body()).isEqualTo(first.body());
        }
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void oneKeyOfTwoCustomersIsTwoOrdersAndNeitherSeesTheOthers() {
        int ordersOfBob = client.orders(BOB);
        HttpResponse<String> ofAlice = client.order(ALICE, key, BODY);

        HttpResponse<String> ofBob = client.order(BOB, key, BODY);
        HttpResponse<String> ofBobAgain = client.order(BOB, key, BODY);

        assertThat(ofBob.statusCode()).isEqualTo(201);
        assertThat(ofBob.headers().firstValue("Idempotency-Replayed")).isEmpty();
        assertThat(orderId(ofBob)).isNotEqualTo(orderId(ofAlice));
        assertThat(ofBobAgain.body()).isEqualTo(ofBob.body());
        assertThat(client.order(ALICE, key, BODY).body()).isEqualTo(ofAlice.body());
        assertThat(client.get(BOB, location(ofAlice)).statusCode()).isEqualTo(404);
        assertThat(client.get(BOB, "/orders").body()).doesNotContain(orderId(ofAlice));
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
        assertThat(client.orders(BOB)).isEqualTo(ordersOfBob + 1);
    }

    @Test
    void theKeyOfAnotherRequestIsRefused() {
        HttpResponse<String> first = client.order(ALICE, key, BODY);

        HttpResponse<String> other = client.order(ALICE, key, order("book", 3));

        assertProblem(other, 422, "key-reused");
        assertThat(client.order(ALICE, key, BODY).body()).isEqualTo(first.body());
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"\"\"", "\"unclosed", "two, keys", "with space"})
    void anOrderWithoutAKeyThatIsOneIsRefused(String noKey) {
        assertProblem(client.order(ALICE, noKey, BODY), 400, "key-missing");
        assertThat(client.orders(ALICE)).isEqualTo(before);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"alice:bob", "carol:carol"})
    void whoIsNotKnownIsAskedForCredentialsAndClaimsNothing(String credentials) {
        HttpResponse<String> refused = client.order(credentials, key, BODY);
        HttpResponse<String> refusedAgain = client.order(credentials, key, order("book", 3));

        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().firstValue("WWW-Authenticate"))
                .hasValueSatisfying(asked -> assertThat(asked).startsWith("Basic"));
        assertThat(refused.headers().map()).doesNotContainKey("Set-Cookie");
        // Told by the page of errors, to which the request was dispatched.
        assertThat(json(refused).get("status").asInt()).isEqualTo(401);
        assertThat(refusedAgain.statusCode()).isEqualTo(401);
        assertThat(client.get(credentials, "/orders").statusCode()).isEqualTo(401);
        HttpResponse<String> first = client.order(ALICE, key, BODY);
        assertThat(first.statusCode()).isEqualTo(201);
        assertThat(first.headers().firstValue("Idempotency-Replayed")).isEmpty();
        assertThat(client.order(credentials, key, BODY).statusCode()).isEqualTo(401);
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void quotedAndBareItIsTheSameKey() {
        HttpResponse<String> quoted = client.order(ALICE, key, BODY);
        HttpResponse<String> bare = client.order(ALICE, key.replace("\"", ""), BODY);

        assertThat(bare.headers().firstValue("Idempotency-Replayed")).hasValue("true");
        assertThat(bare.body()).isEqualTo(quoted.body());
    }

    @Test
    void aRepetitionWhileTheFirstRunsIsRefusedAndToldWhenToRetry() {
        client.behave("{\"latency\":\"2s\"}");

        List<HttpResponse<String>> answers = Stream.of(
                        client.orderLater(ALICE, key, BODY), client.orderLater(ALICE, key, BODY))
                .map(CompletableFuture::join)
                .toList();

        assertThat(answers).extracting(HttpResponse::statusCode).containsExactlyInAnyOrder(201, 409);
        HttpResponse<String> refused = answers.get(answers.get(0).statusCode() == 409 ? 0 : 1);
        assertProblem(refused, 409, "in-progress");
        assertThat(refused.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 31L);
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void oneHundredRequestsAtOnceAreOneOrder() {
        List<HttpResponse<String>> answers =
                IntStream.range(0, 100).mapToObj(request -> client.orderLater(ALICE, key, BODY)).toList().stream()
                        .map(CompletableFuture::join)
                        .toList();

        assertThat(answers).allSatisfy(answer -> assertThat(answer.statusCode()).isIn(201, 409));
        assertThat(answers.stream()
                        .filter(answer -> answer.statusCode() == 201)
                        .map(HttpResponse::body)
                        .distinct())
                .hasSize(1);
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void aBadOrderIsABadRequestAndLeavesItsKeyToAGoodOne() {
        HttpResponse<String> bad = client.order(ALICE, key, order("", 0));
        HttpResponse<String> again = client.order(ALICE, key, order("", 0));

        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(json(bad).get("detail").asString())
                .contains("item must not be blank", "quantity must be greater than zero");
        assertThat(again.headers().firstValue("Idempotency-Replayed")).isEmpty();
        assertThat(again.statusCode()).isEqualTo(400);
        assertThat(client.orders(ALICE)).isEqualTo(before);
        assertThat(client.order(ALICE, key, BODY).statusCode()).isEqualTo(201);
    }

    private static void assertProblem(HttpResponse<String> answer, int status, String name) {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(contentType(answer)).isEqualTo("application/problem+json");
        assertThat(json(answer).get("type").asString()).endsWith("/" + name);
        assertThat(json(answer).get("detail").asString()).isNotBlank();
        assertThat(answer.headers().firstValue("Link"))
                .hasValueSatisfying(link -> assertThat(link).endsWith("/" + name + ">; rel=\"describedby\""));
    }

    /** All headers but the time, and that the answer is a replay. */
    private static Map<String, List<String>> headers(HttpResponse<String> answer) {
        Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
        headers.keySet()
                .removeIf(name -> name.equalsIgnoreCase("Date") || name.equalsIgnoreCase("Idempotency-Replayed"));
        return headers;
    }

    private static String location(HttpResponse<String> answer) {
        return answer.headers().firstValue("Location").orElseThrow();
    }

    private static String orderId(HttpResponse<String> answer) {
        return json(answer).get("orderId").asString();
    }
}
