package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.receiptId;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** What the page is served, so that it is tested without a browser too. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class CallsAcceptanceTest {

    private final SampleClient client;

    CallsAcceptanceTest(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @BeforeEach
    void reset() {
        client.behave("{\"failNext\":0,\"latency\":\"0ms\"}");
        client.clearCalls();
    }

    @Test
    void thePageAndItsFilesNeedNothingFromElsewhere() {
        HttpResponse<String> page = client.get("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(contentType(page)).startsWith("text/html");
        assertThat(page.body()).contains("default-src 'none'").doesNotContain("unsafe-inline");
        assertThat(found(" (?:src|href)=\"(?!#|data:)([^\"]*)\"", page.body()))
                .containsExactly("style.css", "page.js", "operator.js", "alerts.js")
                .allSatisfy(file -> {
                    HttpResponse<String> answer = client.get("/" + file);
                    assertThat(answer.statusCode()).isEqualTo(200);
                    assertThat(answer.body()).doesNotContain("@import", " url(", "innerHTML", "://");
                });
    }

    @Test
    void thePageAsksForPathsThatExist() {
        String scripts = client.get("/page.js").body()
                + client.get("/operator.js").body()
                + client.get("/alerts.js").body();

        assertThat(found("\"(/[a-z/]+)[?\"]", scripts))
                .contains(
                        "/payments", "/orders", "/alerts", "/gateway/behaviour", "/page/calls", "/actuator/idempotency")
                .allSatisfy(path ->
                        assertThat(client.get("ada:ada", path).statusCode()).isNotEqualTo(404));
    }

    @Test
    void everyElementThatTheScriptsNameIsOnThePage() {
        String scripts = client.get("/page.js").body()
                + client.get("/operator.js").body()
                + client.get("/alerts.js").body();

        assertThat(found(" id=\"([^\"]+)\"", client.get("/").body()))
                .doesNotHaveDuplicates()
                .containsAll(found("(?:element|when)\\(\"([a-z-]+)\"[,)]", scripts));
    }

    private static List<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(result -> result.group(1))
                .toList();
    }

    @Test
    void everyOutcomeIsToldNewestFirst() {
        String receipt = receiptId(client.pay("req-shown", "12.50"));
        client.pay("req-shown", "12.50");
        client.pay("req-shown", "13.50");
        client.post("/payments", "{}");
        client.post("/payments", "no JSON");
        client.behave("{\"failNext\":4}");
        client.pay("req-failing", "12.50");

        List<JsonNode> calls = client.calls().get("calls").valueStream().toList();

        assertThat(calls)
                .extracting(call -> call.get("outcome").asString())
                .containsExactly("FAILED", "REFUSED", "REFUSED", "REFUSED", "REPLAYED", "EXECUTED");
        assertThat(calls).extracting(call -> call.get("status").asInt()).containsExactly(502, 400, 400, 422, 200, 200);
        assertThat(calls).extracting(call -> call.get("attempts").asInt(0)).containsExactly(4, 0, 0, 0, 0, 1);
        assertThat(calls)
                .extracting(call -> call.get("requestId").asString("none"))
                .containsExactly("req-failing", "none", "none", "req-shown", "req-shown", "req-shown");
        assertThat(calls)
                .extracting(call -> call.get("receiptId").asString("none"))
                .containsExactly("none", "none", "none", "none", receipt, receipt);
    }

    @Test
    void thatNothingOutlivesTheProcessIsTold() {
        assertThat(client.calls().get("durableProfile").isNull()).isTrue();
        assertThat(client.calls().get("haltNext").asString()).isEqualTo("NEVER");
    }

    @Test
    void theLatestTwoHundredCallsAreKept() {
        client.payAtOnce(210, "req-many", "12.50");

        assertThat(client.calls().get("calls").size()).isEqualTo(200);
        assertThat(client.calls().get("charged").toString()).isEqualTo("[{\"requestId\":\"req-many\",\"charges\":1}]");
    }
}
