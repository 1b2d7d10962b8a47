package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** What the sample's profiles are for: what was paid before the application was stopped is not paid again after it. */
class RestartAcceptanceTest {

    private static final String ID = "req-restart";

    @TempDir
    private Path data;

    @Test
    void h2ReplaysWhatWasPaidBeforeTheRestart() {
        assertThatARestartReplays("h2");
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void postgresReplaysWhatWasPaidBeforeTheRestart() {
        assertThatARestartReplays("postgres");
    }

    private void assertThatARestartReplays(String profile) {
        String receipt;
        try (ConfigurableApplicationContext application = start(profile)) {
            receipt = payTwoHundredTimesAtOnce(client(application));
        }
        try (ConfigurableApplicationContext application = start(profile)) {
            SampleClient client = client(application);

            HttpResponse<String> again = client.pay(ID, "12.50");
            HttpResponse<String> other = client.pay(ID, "13.50");

            assertThat(again.statusCode()).isEqualTo(200);
            assertThat(again.body()).isEqualTo(receipt);
            assertThat(other.statusCode()).isEqualTo(422);
            // The gateway counts from its start: not once since.
            assertThat(client.charges(ID)).isZero();
            assertThat(client.pay("req-new", "12.50").statusCode()).isEqualTo(200);
            assertThat(client.charges("req-new")).isEqualTo(1);
        }
    }

    private static String payTwoHundredTimesAtOnce(SampleClient client) {
        client.behave("{\"latency\":\"300ms\"}");

        List<HttpResponse<String>> answers = client.payAtOnce(200, ID, "12.50");

        assertThat(client.charges(ID)).isEqualTo(1);
        assertThat(answers)
                .hasSize(200)
                .allSatisfy(answer -> assertThat(answer.statusCode()).isIn(200, 409));
        List<String> receipts = answers.stream()
                .filter(answer -> answer.statusCode() == 200)
                .map(HttpResponse::body)
                .distinct()
                .toList();
        assertThat(receipts).hasSize(1);
        return receipts.get(0);
    }

    private ConfigurableApplicationContext start(String profile) {
        return new SpringApplicationBuilder(SampleApplication.class)
                .profiles(profile)
                .run("--server.port=0", "--sample.data=" + data);
    }

    private static SampleClient client(ConfigurableApplicationContext application) {
        return new SampleClient(application.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
    }
}
