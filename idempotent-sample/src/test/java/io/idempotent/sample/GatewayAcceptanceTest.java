package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The simulated gateway's own addresses. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class GatewayAcceptanceTest {

    private final SampleClient client;

    GatewayAcceptanceTest(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @BeforeEach
    @AfterEach
    void reset() {
        client.behave("{\"failNext\":0,\"latency\":\"0ms\",\"haltNext\":\"NEVER\"}");
    }

    @Test
    void chargesAreCountedPerRequest() {
        client.pay("req-counted", "12.50");

        HttpResponse<String> answer = client.get("/gateway/charges?requestId=req-counted");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(contentType(answer)).isEqualTo("application/json");
        assertThat(answer.body()).isEqualTo("{\"requestId\":\"req-counted\",\"charges\":1}");
        assertThat(client.get("/gateway/charges?requestId=never").body())
                .isEqualTo("{\"requestId\":\"never\",\"charges\":0}");
        assertThat(client.get("/gateway/charges").statusCode()).isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"failNext\":2,\"latency\":\"500ms\"} |"
                        + " {\"failNext\":2,\"latency\":\"500ms\",\"haltNext\":\"NEVER\"}",
                "{\"failNext\":3}                       | {\"failNext\":3,\"latency\":\"0ms\",\"haltNext\":\"NEVER\"}",
                "{\"latency\":\"PT1.5S\"}               |"
                        + " {\"failNext\":0,\"latency\":\"1500ms\",\"haltNext\":\"NEVER\"}",
                "{\"latency\":\"2s\"}                   |"
                        + " {\"failNext\":0,\"latency\":\"2000ms\",\"haltNext\":\"NEVER\"}",
                "{\"haltNext\":\"NEVER\"}               | {\"failNext\":0,\"latency\":\"0ms\",\"haltNext\":\"NEVER\"}",
                "{}                                     | {\"failNext\":0,\"latency\":\"0ms\",\"haltNext\":\"NEVER\"}"
            })
    void whatIsLeftOutStaysAsItIs(String wanted, String inForce) {
        HttpResponse<String> answer = client.post("/gateway/behaviour", wanted);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(inForce);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"failNext\":-1}",
                "{\"failNext\":\"many\"}",
                "{\"latency\":\"-1s\"}",
                "{\"latency\":\"soon\"}",
                "{\"latency\":\"61s\"}",
                "{\"latency\":\"9223372036854775807d\"}",
                "{\"failNext\":5,\"latency\":\"soon\"}",
                "{\"failNext\":5,\"haltNext\":\"SOON\"}",
                "no JSON"
            })
    void behaviourThatCannotBeIsRefusedAndChangesNothing(String wanted) {
        HttpResponse<String> answer = client.post("/gateway/behaviour", wanted);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(contentType(answer)).isEqualTo("application/problem+json");
        assertNothingIsArmed();
    }

    @ParameterizedTest
    @ValueSource(strings = {"BEFORE_CHARGE", "AFTER_CHARGE"})
    void aHaltThatWouldLoseTheRecordsIsRefusedAndNothingIsHalted(String halt) {
        HttpResponse<String> answer =
                client.post("/gateway/behaviour", "{\"failNext\":5,\"latency\":\"1s\",\"haltNext\":\"" + halt + "\"}");

        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(contentType(answer)).isEqualTo("application/problem+json");
        assertThat(json(answer).get("detail").asString()).contains("in memory", "start the profile h2");
        assertNothingIsArmed();
        assertThat(client.pay("req-not-halted-" + halt, "12.50").statusCode()).isEqualTo(200);
    }

    private void assertNothingIsArmed() {
        assertThat(client.post("/gateway/behaviour", "{}").body())
                .isEqualTo("{\"failNext\":0,\"latency\":\"0ms\",\"haltNext\":\"NEVER\"}");
    }
}
