package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.evaluation;
import static io.idempotent.sample.SampleClient.order;
import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What clients see whatever the profile that the sample runs on. */
@AheadOfTime
@OnOneJdk("the second JDK runs it ahead of time")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
abstract class ProfileAcceptanceContract {

    private static final String ALICE = "alice:alice";

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String id = UUID.randomUUID().toString();

    private SampleClient client;

    @BeforeEach
    void reset(@LocalServerPort int port) {
        client = new SampleClient(port);
        client.behave("{\"failNext\":0,\"latency\":\"0ms\"}");
    }

    @Test
    void twentyCallsAtOnceAreChargedOnce() {
        List<HttpResponse<String>> answers = client.payAtOnce(20, id, "12.50");

        assertThat(answers).allSatisfy(answer -> assertThat(answer.statusCode()).isIn(200, 409));
        assertThat(answers.stream().filter(answer -> answer.statusCode() == 200).map(SampleClient::receiptId))
                .containsOnly(receiptId(client.pay(id, "12.50")));
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @Test
    void anotherAmountForTheSameIdIsRefused() {
        client.pay(id, "12.50");

        assertThat(client.pay(id, "13.50").statusCode()).isEqualTo(422);
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @Test
    void aGatewayThatFailsIsTriedAgainAndAnIdThatFailedIsFree() {
        client.behave("{\"failNext\":10}");
        assertThat(client.pay(id, "12.50").statusCode()).isEqualTo(502);

        client.behave("{\"failNext\":2}");
        HttpResponse<String> answer = client.pay(id, "12.50");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(SampleClient.json(answer).get("attempts").asInt()).isEqualTo(3);
        assertThat(client.charges(id)).isEqualTo(1);
    }

    @Test
    void anOrderIsPlacedOnce() {
        int before = client.orders(ALICE);
        HttpResponse<String> first = client.order(ALICE, "\"" + id + "\"", order("book", 2));
        HttpResponse<String> again = client.order(ALICE, "\"" + id + "\"", order("book", 2));

        assertThat(first.statusCode()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.headers().firstValue("Idempotency-Replayed")).hasValue("true");
        assertThat(client.orders(ALICE)).isEqualTo(before + 1);
    }

    @Test
    void anEvaluationThatIsDeliveredThreeTimesIsOneAlert() {
        assertThat(client.deliver(evaluation(id, "2026-11-30T12:00:00Z", "97.3"))
                        .statusCode())
                .isEqualTo(202);

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(client.alerts(id))
                        .singleElement()
                        .satisfies(alert -> {
                            assertThat(alert.get("deliveries").asInt()).isEqualTo(3);
                            assertThat(alert.get("pages").asInt()).isEqualTo(1);
                        }));
    }
}
