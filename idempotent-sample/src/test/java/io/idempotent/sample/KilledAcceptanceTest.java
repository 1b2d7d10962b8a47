package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The process is killed in the middle of a payment and started again: the gateway, whose ledger outlives the process,
 * is asked what it did, and the payment is charged once, whether somebody asks for it again or nobody does.
 */
@OnOneJdk("all that a killed JVM leaves is in the store")
class KilledAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String ID = "req-größe-😀";

    private static final String RECEIPT =
            "{\"requestId\":\"%s\",\"receiptId\":\"%s\",\"amount\":\"12.50\",\"currency\":\"EUR\",\"attempts\":%d}";

    @TempDir
    private Path data;

    @Test
    void whatWasChargedIsReconciledWhenTheLeaseIsOverAndNotChargedAgain() throws Exception {
        // Longer than it takes to start, mostly.
        Duration lease = Duration.ofSeconds(8);
        long paidAt;
        try (SampleProcess sample = start(lease)) {
            paidAt = System.nanoTime();
            payAndBeKilled(sample, "AFTER_CHARGE");
        }
        try (SampleProcess sample = start(lease)) {
            SampleClient client = sample.client();
            boolean comesEarly = since(paidAt).compareTo(lease.minusSeconds(3)) < 0;

            List<HttpResponse<String>> refusals = new ArrayList<>();
            HttpResponse<String> answer = payUntilAnswered(client, refusals);

            assertThat(since(paidAt)).isGreaterThanOrEqualTo(lease);
            assertThat(refusals)
                    .as("the answers to one who %s", comesEarly ? "comes early" : "comes late")
                    .hasSizeGreaterThanOrEqualTo(comesEarly ? 1 : 0)
                    .allSatisfy(refusal -> assertThat(refusal.statusCode()).isEqualTo(409));
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo(RECEIPT.formatted(ID, receiptId(answer), 0));
            assertThat(newestCall(client).get("outcome").asString()).isEqualTo("RECONCILED");
            assertThat(newestCall(client).get("attempts").isNull()).isTrue();
            assertThat(client.pay(ID, "12.50").body()).isEqualTo(answer.body());
            assertThat(client.pay(ID, "13.50").statusCode()).isEqualTo(422);
            assertThat(client.charges(ID)).isEqualTo(1);
        }
    }

    @Test
    void whatWasNotChargedIsPaidOnceThoughItIsKilledAgainWhileItIsReconciledAndNobodyComesBack() throws Exception {
        Duration lease = Duration.ofSeconds(2);
        try (SampleProcess sample = start(lease)) {
            payAndBeKilled(sample, "BEFORE_CHARGE");
        }
        try (SampleProcess sample = start(lease)) {
            // The gateway is asked before it is to charge, and does not answer in time.
            sample.client().behave("{\"latency\":\"60s\"}");
            List<CompletableFuture<?>> calls = new ArrayList<>();
            await().atMost(PATIENCE).until(() -> {
                calls.add(sample.client().payLater(ID, "12.50"));
                return outcomes(sample.client()).contains("RUNNING");
            });
            assertThat(sample.client().charges(ID)).isZero();
            sample.kill();
            await().atMost(PATIENCE).until(() -> calls.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
        }
        try (SampleProcess sample = SampleProcess.start("h2", 0, data, lease, SampleProcess.recoveredSoon())) {
            SampleClient client = sample.client();

            await().atMost(PATIENCE).until(() -> client.recoveries().contains("EXECUTED"));

            assertThat(client.charges(ID)).isEqualTo(1);
            JsonNode recovery = newestCall(client);
            assertThat(recovery.get("requestId").asString()).isEqualTo(ID);
            assertThat(recovery.get("amount").asString()).isEqualTo("12.50 EUR");
            assertThat(recovery.get("attempts").asInt()).isEqualTo(1);
            HttpResponse<String> answer = client.pay(ID, "12.50");
            assertThat(newestCall(client).get("outcome").asString()).isEqualTo("REPLAYED");
            assertThat(answer.body())
                    .isEqualTo(RECEIPT.formatted(ID, recovery.get("receiptId").asString(), 1));
            assertThat(client.pay(ID, "13.50").statusCode()).isEqualTo(422);
            assertThat(client.charges(ID)).isEqualTo(1);
        }
    }

    /** Starts it without its recoverer, so that the caller is there first, however long the start takes. */
    private SampleProcess start(Duration lease) throws IOException {
        return SampleProcess.start("h2", 0, data, lease, SampleProcess.WITHOUT_RECOVERY);
    }

    private static void payAndBeKilled(SampleProcess sample, String halt) throws InterruptedException {
        sample.client().behave("{\"haltNext\":\"" + halt + "\"}");
        assertThat(sample.client().payLater(ID, "12.50"))
                .failsWithin(PATIENCE)
                .withThrowableThat()
                .withCauseInstanceOf(IOException.class);
        sample.awaitKilled();
    }

    /** Sends the payment, and again as long as the answer is to come back later, and when it says so. */
    private static HttpResponse<String> payUntilAnswered(SampleClient client, List<HttpResponse<String>> refusals) {
        return await().atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval((poll, previous) -> retryAfter(refusals.get(refusals.size() - 1)))
                .until(
                        () -> {
                            HttpResponse<String> answer = client.pay(ID, "12.50");
                            if (answer.statusCode() != 200) {
                                refusals.add(answer);
                            }
                            return answer;
                        },
                        answer -> answer.statusCode() == 200);
    }

    private static Duration retryAfter(HttpResponse<String> refusal) {
        long seconds = refusal.headers().firstValueAsLong("Retry-After").orElse(0);
        assertThat(seconds).as("Retry-After of " + refusal).isPositive();
        return Duration.ofSeconds(seconds);
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }

    private static List<String> outcomes(SampleClient client) {
        return client.calls()
                .get("calls")
                .valueStream()
                .map(call -> call.get("outcome").asString())
                .toList();
    }

    private static JsonNode newestCall(SampleClient client) {
        return client.calls().get("calls").get(0);
    }
}
