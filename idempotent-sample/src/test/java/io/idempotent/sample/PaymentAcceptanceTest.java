package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.json;
import static io.idempotent.sample.SampleClient.payment;
import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What a client of {@code POST /payments} sees, with the sample as it comes. */
@OnOneJdk("the second JDK runs it ahead of time")
@AheadOfTime
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class PaymentAcceptanceTest {

    private static final String PROBLEM = "application/problem+json";

    private SampleClient client;

    /** Another for each test, since they share one application. */
    private final String id = "req-" + UUID.randomUUID();

    @BeforeEach
    void reset(@LocalServerPort int port) {
        client = new SampleClient(port);
        client.behave("{\"failNext\":0,\"latency\":\"0ms\"}");
    }

    @Test
    void aPaymentIsChargedAndAnsweredWithAReceipt() {
        HttpResponse<String> answer = client.pay(id, "12.50");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(contentType(answer)).isEqualTo("application/json");
        assertThat(answer.body())
                .isEqualTo(("{\"requestId\":\"%s\",\"receiptId\":\"%s\",\"amount\":\"12.50\","
                                + "\"currency\":\"EUR\",\"attempts\":1}")
                        .formatted(id, UUID.fromString(receiptId(answer))));
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @Test
    void aRepetitionGetsTheSameReceiptByteForByteAndIsNotCharged() {
        HttpResponse<String> first = client.pay(id, "12.50");

        for (int repetition = 0; repetition < 3; repetition++) {
            HttpResponse<String> again = client.pay(id, "12.50");
            assertThat(again.statusCode()).isEqualTo(200);
            assertThat(contentType(again)).isEqualTo("application/json");
            assertThat(again.body()).isEqualTo(first.body());
        }
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @Test
    void anotherIdIsAnotherPayment() {
        HttpResponse<String> first = client.pay(id, "12.50");
        HttpResponse<String> second = client.pay(id.toUpperCase(Locale.ROOT), "12.50");

        assertThat(receiptId(second)).isNotEqualTo(receiptId(first));
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"12.50", "12.5", "100", "0.0001", "123456789012.3456"})
    void theAmountIsATextThatKeepsItsScale(String amount) {
        HttpResponse<String> answer = client.pay(id, amount);

        assertThat(answer.body()).contains("\"amount\":\"" + amount + "\"");
    }

    @Test
    void anAmountWrittenAsANumberIsTheSameRequest() {
        HttpResponse<String> first = client.pay(id, "12.50");
        HttpResponse<String> again =
                client.post("/payments", payment(id, "12.50").replace("\"12.50\"", "12.50"));

        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
    }

    @ParameterizedTest
    @CsvSource({"12.50,13.50", "acc-7,acc-8", "EUR,USD"})
    void theIdOfAnotherRequestIsRefused(String before, String after) {
        HttpResponse<String> first = client.pay(id, "12.50");
        HttpResponse<String> other =
                client.post("/payments", payment(id, "12.50").replace(before, after));

        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(contentType(other)).isEqualTo(PROBLEM);
        assertThat(json(other).get("status").asInt()).isEqualTo(422);
        assertThat(json(other).get("detail").asString()).isNotBlank();
        assertThat(client.charges(id)).isEqualTo(1);
        assertThat(client.pay(id, "12.50").body()).isEqualTo(first.body());
    }

    @Test
    void aRepetitionWhileTheFirstRunsIsRefusedAndToldWhenToRetry() {
        client.behave("{\"latency\":\"3s\"}");
        CompletableFuture<HttpResponse<String>> first = client.payLater(id, "12.50");
        await().until(() -> outcomes().contains("RUNNING"));

        HttpResponse<String> second = client.pay(id, "12.50");
        HttpResponse<String> other = client.pay(id, "13.50");

        assertThat(second.statusCode()).isEqualTo(409);
        assertThat(contentType(second)).isEqualTo(PROBLEM);
        assertThat(json(second).get("status").asInt()).isEqualTo(409);
        assertThat(json(second).get("detail").asString()).isNotBlank();
        assertThat(retryAfter(second)).isBetween(1L, 31L);
        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(first.join().statusCode()).isEqualTo(200);
        assertThat(client.pay(id, "12.50").body()).isEqualTo(first.join().body());
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0ms", "300ms"})
    void twoHundredCallsAtOnceAreChargedOnce(String latency) {
        client.behave("{\"latency\":\"" + latency + "\"}");

        List<HttpResponse<String>> answers = client.payAtOnce(200, id, "12.50");

        assertThat(client.charges(id)).isEqualTo(1);
        assertThat(answers).hasSize(200).allSatisfy(answer -> {
            assertThat(answer.statusCode()).isIn(200, 409);
            if (answer.statusCode() == 409) {
                assertThat(contentType(answer)).isEqualTo(PROBLEM);
                assertThat(retryAfter(answer)).isPositive();
            }
        });
        List<String> receipts = answers.stream()
                .filter(answer -> answer.statusCode() == 200)
                .map(HttpResponse::body)
                .distinct()
                .toList();
        assertThat(receipts).hasSize(1);
        assertThat(client.pay(id, "12.50").body()).isEqualTo(receipts.get(0));
    }

    @Test
    void retriesGetThroughWithinOneClaimAndChargeOnce() {
        client.behave("{\"failNext\":2}");

        HttpResponse<String> answer = client.pay(id, "12.50");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(json(answer).get("attempts").asInt()).isEqualTo(3);
        assertThat(client.charges(id)).isEqualTo(1);
        assertThat(client.pay(id, "12.50").body()).isEqualTo(answer.body());
    }

    @Test
    void aGatewayThatKeepsFailingIsA502AndTheIdIsFreeAfterwards() {
        client.behave("{\"failNext\":10}");

        HttpResponse<String> failed = client.pay(id, "12.50");

        assertThat(failed.statusCode()).isEqualTo(502);
        assertThat(contentType(failed)).isEqualTo(PROBLEM);
        assertThat(client.charges(id)).isZero();
        // Four attempts were made of the ten that would fail.
        assertThat(json(client.post("/gateway/behaviour", "{}")).get("failNext").asInt())
                .isEqualTo(6);

        client.behave("{\"failNext\":0}");
        HttpResponse<String> again = client.pay(id, "12.50");
        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(json(again).get("attempts").asInt()).isEqualTo(1);
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "\"   \"", "null", "\"a\\u0007b\"", "\"a\\nb\"", "\"\\u0085\"", "\"\\ud800\""})
    void anIdThatIsNoKeyIsABadRequest(String badId) {
        assertBadRequest(payment(id, "12.50").replace("\"" + id + "\"", badId));
    }

    @Test
    void aMissingIdIsABadRequest() {
        assertBadRequest(payment(id, "12.50").replace("\"id\":\"" + id + "\",", ""));
    }

    @Test
    void anIdHas255CharactersAtMost() {
        assertBadRequest(payment("x".repeat(256), "12.50"));
        assertThat(client.charges("x".repeat(256))).isZero();
        assertThat(client.pay("x".repeat(255), "12.50").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"-12.50\"", "-1", "\"0\"", "\"0.00\"", "\"\"", "null", "\"abc\"", "\"1E+400000000\"", "[1]"})
    void anAmountThatCannotBePaidIsABadRequestAndDoesNotUseUpTheId(String badAmount) {
        assertBadRequest(payment(id, "12.50").replace("\"12.50\"", badAmount));
        assertThat(client.charges(id)).isZero();
        assertThat(client.pay(id, "12.50").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"amount\":\"12.50\",", ",\"currency\":\"EUR\"", "\"account\":\"acc-7\","})
    void whatIsMissingIsABadRequestAndDoesNotUseUpTheId(String left) {
        assertBadRequest(payment(id, "12.50").replace(left, ""));
        assertThat(client.charges(id)).isZero();
        assertThat(client.pay(id, "12.50").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "null", "[]", "\"text\"", "{\"id\":\"x\"} trailing"})
    void whatIsNoRequestIsABadRequest(String body) {
        assertBadRequest(body);
    }

    @Test
    void aBadRequestSaysWhatIsWrong() {
        HttpResponse<String> answer = client.pay(id, "-1");

        assertThat(json(answer).get("detail").asString()).contains("amount must be greater than zero");
    }

    @Test
    void whatCannotBeAnsweredAsJsonOrIsNotSentAsJsonIsNotRun() {
        HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(payment(id, "12.50"));
        HttpResponse<String> notAcceptable = client.send(client.payments()
                .header("Content-Type", "application/json")
                .header("Accept", "text/plain")
                .POST(body)
                .build());
        HttpResponse<String> notSupported = client.send(client.payments()
                .header("Content-Type", "text/plain")
                .POST(body)
                .build());

        assertThat(notAcceptable.statusCode()).isEqualTo(406);
        assertThat(notSupported.statusCode()).isEqualTo(415);
        assertThat(client.charges(id)).isZero();
    }

    private void assertBadRequest(String body) {
        HttpResponse<String> answer = client.post("/payments", body);
        assertThat(answer.statusCode()).as(body).isEqualTo(400);
        assertThat(contentType(answer)).isEqualTo(PROBLEM);
        assertThat(json(answer).get("status").asInt()).isEqualTo(400);
    }

    private List<String> outcomes() {
        return client.calls()
                .get("calls")
                .valueStream()
                .filter(call -> call.get("requestId").asString("").equals(id))
                .map(call -> call.get("outcome").asString())
                .toList();
    }

    private static long retryAfter(HttpResponse<String> answer) {
        return answer.headers().firstValueAsLong("Retry-After").orElse(0);
    }
}
