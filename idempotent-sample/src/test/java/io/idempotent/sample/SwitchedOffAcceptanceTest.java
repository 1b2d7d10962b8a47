package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The counter-check: without the library the same calls do charge ten times, and the gateway's counter shows it. */
@OnOneJdk("the second JDK runs it ahead of time")
@AheadOfTime
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = "idempotent.enabled=false")
class SwitchedOffAcceptanceTest {

    @Test
    void tenCallsAreTenCharges(@LocalServerPort int port) {
        SampleClient client = new SampleClient(port);

        List<HttpResponse<String>> answers = client.payAtOnce(10, "req-bare", "12.50");

        assertThat(client.charges("req-bare")).isEqualTo(10);
        assertThat(answers.stream().map(SampleClient::receiptId).distinct()).hasSize(10);
        assertThat(answers)
                .allSatisfy(answer ->
                        assertThat(json(answer).get("attempts").asInt()).isEqualTo(1));
    }

    @Test
    void twoRequestsWithOneKeyAreTwoOrders(@LocalServerPort int port) {
        SampleClient client = new SampleClient(port);

        client.order("alice:alice", "key", SampleClient.order("book", 2));
        HttpResponse<String> again = client.order("alice:alice", "key", SampleClient.order("book", 2));

        assertThat(again.statusCode()).isEqualTo(201);
        assertThat(again.headers().map()).doesNotContainKey("Idempotency-Replayed");
        assertThat(client.orders("alice:alice")).isEqualTo(2);
    }

    @Test
    void threeDeliveriesAreThreeAlerts(@LocalServerPort int port) {
        SampleClient client = new SampleClient(port);

        client.deliver(SampleClient.evaluation("disk-full", "2026-11-30T12:00:00Z", "97.3"));

        assertThat(client.alerts("disk-full"))
                .singleElement()
                .satisfies(alert -> assertThat(alert.get("pages").asInt()).isEqualTo(3));
    }
}
