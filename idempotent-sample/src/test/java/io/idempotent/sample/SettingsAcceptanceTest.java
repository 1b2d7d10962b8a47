package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What properties change: a lease shorter than the method runs, and retries switched off for this one operation. */
@OnOneJdk("the second JDK runs it ahead of time")
@AheadOfTime
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"idempotent.lease=1s", "idempotent.operations.payment-service-pay.retry.max-retries=0"})
class SettingsAcceptanceTest {

    private final SampleClient client;

    SettingsAcceptanceTest(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @Test
    void threeSecondsUnderALeaseOfOneAreOneExecutionHoweverImpatientTheCallers() {
        client.behave("{\"latency\":\"3s\"}");
        List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();

        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    calls.add(client.payLater("req-slow", "12.50"));
                    return calls.stream()
                            .anyMatch(call -> call.isDone() && call.join().statusCode() == 200);
                });
        client.behave("{\"latency\":\"0s\"}");

        List<HttpResponse<String>> answers =
                calls.stream().map(CompletableFuture::join).toList();
        assertThat(answers)
                .hasSizeGreaterThan(20)
                .allSatisfy(answer -> assertThat(answer.statusCode()).isIn(200, 409));
        assertThat(answers.stream().filter(answer -> answer.statusCode() == 200).map(SampleClient::receiptId))
                .containsOnly(receiptId(client.pay("req-slow", "12.50")));
        assertThat(client.charges("req-slow")).isEqualTo(1);
    }

    @Test
    void withoutRetriesOneFailureIsTheAnswer() {
        client.behave("{\"failNext\":1,\"latency\":\"0s\"}");

        assertThat(client.pay("req-fails", "12.50").statusCode()).isEqualTo(502);
        assertThat(client.charges("req-fails")).isZero();
        assertThat(client.pay("req-fails", "12.50").statusCode()).isEqualTo(200);
        assertThat(client.charges("req-fails")).isEqualTo(1);
    }
}
