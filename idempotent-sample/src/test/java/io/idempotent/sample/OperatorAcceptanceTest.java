package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What the page's operator does, over HTTP: a killed payment is listed, shown, settled and replayed. */
@OnOneJdk("all that a killed JVM leaves is in the store")
class OperatorAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration LEASE = Duration.ofSeconds(2);

    private static final String OPERATOR = "ada:ada";

    private static final String LIST = "/actuator/idempotency?state=abandoned";

    private static final String SHOW = "/actuator/idempotency/payment-service-pay?key=req-killed";

    private static final String RECEIPT = "{\"requestId\":\"req-killed\",\"receiptId\":"
            + "\"00000000-0000-4000-8000-000000000009\",\"amount\":\"12.50\",\"currency\":\"EUR\",\"attempts\":0}";

    @TempDir
    private Path data;

    @Test
    void aChargedPaymentIsCompletedAndReplayed() throws Exception {
        kill("AFTER_CHARGE");

        try (SampleProcess sample = SampleProcess.start("h2", 0, data, LEASE)) {
            SampleClient client = sample.client();
            JsonNode listed = listed(client);
            assertThat(listed.get("key").asString()).isEqualTo("req-killed");
            JsonNode shown = json(client.get(OPERATOR, SHOW));
            assertThat(shown.get("fencingToken")).isEqualTo(listed.get("fencingToken"));
            assertThat(shown.get("steps").isEmpty()).isTrue();

            Map<String, Object> complete = new HashMap<>(Map.of(
                    "key", "req-killed",
                    "fencingToken", shown.get("fencingToken").asLong(),
                    "action", "complete",
                    "value", RECEIPT,
                    "why", "seen at the gateway"));
            assertThat(client.settle(null, complete).statusCode()).isEqualTo(401);
            assertThat(client.settle("alice:alice", complete).statusCode()).isEqualTo(403);
            complete.put("value", "{}");
            assertThatItIsRefused(client.settle(OPERATOR, complete), 400);
            complete.put("value", RECEIPT);
            HttpResponse<String> settled = client.settle(OPERATOR, complete);
            assertThat(settled.statusCode()).isEqualTo(200);
            assertThat(json(settled).get("who").asString()).isEqualTo("ada");
            assertThatItIsRefused(client.settle(OPERATOR, complete), 409);

            assertThat(client.pay("req-killed", "12.50").body()).isEqualTo(RECEIPT);
            assertThat(json(client.get(OPERATOR, SHOW))
                            .get("outcome")
                            .get("value")
                            .toString())
                    .isEqualTo(RECEIPT);
            assertThat(client.charges("req-killed")).isEqualTo(1);
        }
    }

    @Test
    void aPaymentThatWasNotChargedIsReleasedAndRuns() throws Exception {
        kill("BEFORE_CHARGE");

        try (SampleProcess sample = SampleProcess.start("h2", 0, data, LEASE)) {
            SampleClient client = sample.client();
            Map<String, ?> release = Map.of(
                    "key", "req-killed",
                    "fencingToken", listed(client).get("fencingToken").asLong(),
                    "action", "release",
                    "why", "not seen at the gateway");

            assertThat(client.settle(OPERATOR, release).statusCode()).isEqualTo(200);
            assertThatItIsRefused(client.settle(OPERATOR, release), 404);

            assertThat(client.pay("req-killed", "12.50").statusCode()).isEqualTo(200);
            assertThat(client.calls().get("calls").get(0).get("outcome").asString())
                    .isEqualTo("EXECUTED");
            assertThat(client.charges("req-killed")).isEqualTo(1);
        }
    }

    private void kill(String halt) throws IOException, InterruptedException {
        try (SampleProcess sample = SampleProcess.start("h2", 0, data, LEASE)) {
            sample.client().behave("{\"haltNext\":\"" + halt + "\"}");
            assertThat(sample.client().payLater("req-killed", "12.50"))
                    .failsWithin(PATIENCE)
                    .withThrowableThat()
                    .withCauseInstanceOf(IOException.class);
            sample.awaitKilled();
        }
    }

    /** The only record that is abandoned, as soon as it is. */
    private static JsonNode listed(SampleClient client) {
        return await().atMost(PATIENCE)
                .until(() -> json(client.get(OPERATOR, LIST)).get("records"), records -> records.size() == 1)
                .get(0);
    }

    private static void assertThatItIsRefused(HttpResponse<String> answer, int status) {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(contentType(answer)).startsWith("application/problem+json");
        assertThat(json(answer).get("detail").asString()).isNotBlank();
    }
}
