package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What clients see who may wait for the call that runs, where all threads but one may be given to them. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"idempotent.wait-at-most=30s", "idempotent.max-waiters=199", "idempotent.max-waiters-per-key=199"
        })
class WaitingAcceptanceTest {

    @Test
    void twoHundredCallsAtOnceAllGetTheOneReceipt(@LocalServerPort int port) {
        SampleClient client = new SampleClient(port);
        client.behave("{\"latency\":\"500ms\"}");

        List<HttpResponse<String>> answers = client.payAtOnce(200, "req-waiting", "12.50");

        assertThat(answers)
                .hasSize(200)
                .allSatisfy(answer -> assertThat(answer.statusCode()).isEqualTo(200));
        assertThat(answers.stream().map(HttpResponse::body).distinct()).hasSize(1);
        assertThat(client.charges("req-waiting")).isEqualTo(1);
        assertThat(client.calls()
                        .get("calls")
                        .valueStream()
                        .map(call -> call.get("outcome").asString()))
                .hasSize(200)
                .containsOnly("EXECUTED", "REPLAYED")
                .containsOnlyOnce("EXECUTED");
    }
}
