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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * What the page's operator does, over HTTP: payments whose process was killed, one after its charge and two before, are
 * listed, shown, settled or recovered, and replayed.
 */
@OnOneJdk("all that a killed JVM leaves is in the store")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperatorAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration LEASE = Duration.ofSeconds(2);

    private static final String OPERATOR = "ada:ada";

    private static final String LIST = "/actuator/idempotency?state=abandoned";

    private static final String CHARGED = "req-charged";

    private static final String NOT_CHARGED = "req-not-charged";

    private static final String TO_RECOVER = "req-to-recover";

    private static final String SHOW = "/actuator/idempotency/payment-service-pay?key=" + CHARGED;

    private static final String RECEIPT = "{\"requestId\":\"" + CHARGED + "\",\"receiptId\":"
            + "\"00000000-0000-4000-8000-000000000009\",\"amount\":\"12.50\",\"currency\":\"EUR\",\"attempts\":0}";

    private SampleProcess sample;

    private SampleClient client;

    @BeforeAll
    void startAfterAKill(@TempDir Path data) throws IOException, InterruptedException {
        try (SampleProcess killed = SampleProcess.start("h2", 0, data, LEASE)) {
            killed.client().behave("{\"failNext\":2,\"latency\":\"60s\"}");
            CompletableFuture<?> notCharged = killed.client().payLater(NOT_CHARGED, "12.50");
            CompletableFuture<?> toRecover = killed.client().payLater(TO_RECOVER, "12.50");
            // The gateway has begun with both, and is about to fail in a minute.
            await().atMost(PATIENCE)
                    .until(() -> killed.client().calls().get("failNext").asInt() == 0);
            killed.client().behave("{\"latency\":\"0s\",\"haltNext\":\"AFTER_CHARGE\"}");
            CompletableFuture<?> charged = killed.client().payLater(CHARGED, "12.50");
            assertThat(List.of(charged, notCharged, toRecover))
                    .allSatisfy(call -> assertThat(call)
                            .failsWithin(PATIENCE)
                            .withThrowableThat()
                            .withCauseInstanceOf(IOException.class));
            killed.awaitKilled();
        }
        sample = SampleProcess.start("h2", 0, data, LEASE, SampleProcess.WITHOUT_RECOVERY);
        client = sample.client();
    }

    @AfterAll
    void stop() {
        if (sample != null) {
            sample.close();
        }
    }

    @Test
    void aChargedPaymentIsCompletedAndReplayed() {
        JsonNode listed = listed(CHARGED);
        assertThat(listed.get("key").asString()).isEqualTo(CHARGED);
        JsonNode shown = json(client.get(OPERATOR, SHOW));
        assertThat(shown.get("fencingToken")).isEqualTo(listed.get("fencingToken"));
        assertThat(shown.get("steps").isEmpty()).isTrue();

        Map<String, Object> complete = new HashMap<>(Map.of(
                "key",
                CHARGED,
                "fencingToken",
                shown.get("fencingToken").asLong(),
                "action",
                "complete",
                "value",
                RECEIPT,
                "why",
                "seen at the gateway"));
        assertThat(client.settle(null, complete).statusCode()).isEqualTo(401);
        assertThat(client.settle("alice:alice", complete).statusCode()).isEqualTo(403);
        complete.put("value", "{}");
        assertThatItIsRefused(client.settle(OPERATOR, complete), 400);
        complete.put("value", RECEIPT);
        HttpResponse<String> settled = client.settle(OPERATOR, complete);
        assertThat(settled.statusCode()).isEqualTo(200);
        assertThat(json(settled).get("who").asString()).isEqualTo("ada");
        assertThatItIsRefused(client.settle(OPERATOR, complete), 409);

        assertThat(client.pay(CHARGED, "12.50").body()).isEqualTo(RECEIPT);
        assertThat(json(client.get(OPERATOR, SHOW)).get("outcome").get("value").toString())
                .isEqualTo(RECEIPT);
        assertThat(client.charges(CHARGED)).isEqualTo(1);
    }

    @Test
    void aPaymentThatWasNotChargedIsReleasedAndRuns() {
        Map<String, ?> release = Map.of(
                "key",
                NOT_CHARGED,
                "fencingToken",
                listed(NOT_CHARGED).get("fencingToken").asLong(),
                "action",
                "release",
                "why",
                "not seen at the gateway");

        assertThat(client.settle(OPERATOR, release).statusCode()).isEqualTo(200);
        assertThatItIsRefused(client.settle(OPERATOR, release), 404);

        assertThat(client.pay(NOT_CHARGED, "12.50").statusCode()).isEqualTo(200);
        assertThat(client.calls().get("calls").get(0).get("outcome").asString()).isEqualTo("EXECUTED");
        assertThat(client.charges(NOT_CHARGED)).isEqualTo(1);
    }

    @Test
    void aPaymentIsRecoveredAtOnceAndShownAsRecovered() {
        Map<String, ?> recover = Map.of(
                "key",
                TO_RECOVER,
                "fencingToken",
                listed(TO_RECOVER).get("fencingToken").asLong(),
                "action",
                "recover",
                "why",
                "the gateway is back");

        HttpResponse<String> settled = client.settle(OPERATOR, recover);

        assertThat(settled.statusCode()).isEqualTo(200);
        assertThat(json(settled).get("result").asString()).isEqualTo("finished");
        assertThat(client.recoveries()).containsExactly("EXECUTED");
        assertThat(client.pay(TO_RECOVER, "12.50").statusCode()).isEqualTo(200);
        assertThat(client.charges(TO_RECOVER)).isEqualTo(1);
    }

    /** The record of a payment as it is listed, as soon as it is abandoned. */
    private JsonNode listed(String key) {
        return await().atMost(PATIENCE)
                .until(
                        () -> json(client.get(OPERATOR, LIST))
                                .get("records")
                                .valueStream()
                                .filter(found -> found.get("key").asString().equals(key))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static void assertThatItIsRefused(HttpResponse<String> answer, int status) {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(contentType(answer)).startsWith("application/problem+json");
        assertThat(json(answer).get("detail").asString()).isNotBlank();
    }
}
