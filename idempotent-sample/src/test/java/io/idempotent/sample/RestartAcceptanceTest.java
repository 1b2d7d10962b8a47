package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

/**
 * What the sample's profiles are for: what was paid before the application was stopped is not paid again after it, and
 * what was cut off is finished, though nobody asks for it.
 */
@OnOneJdk("all that outlives the application is in the store")
class RestartAcceptanceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String ID = "req-restart";

    private static final String CUT_OFF = "req-cut-off";

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

    @Test
    @NeedsServer(Server.REDIS)
    void redisReplaysWhatWasPaidBeforeTheRestart() {
        assertThatARestartReplays("redis");
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void postgresReplaysWhatWasPaidBeforeTheJvmWasKilledAndFinishesTheRest() throws Exception {
        assertThatAStartAfterAKillReplaysAndFinishes("postgres");
    }

    @Test
    @NeedsServer(Server.REDIS)
    void redisReplaysWhatWasPaidBeforeTheJvmWasKilledAndFinishesTheRest() throws Exception {
        assertThatAStartAfterAKillReplaysAndFinishes("redis");
    }

    private void assertThatARestartReplays(String profile) {
        String answers;
        try (ConfigurableApplicationContext application = start(profile, data)) {
            answers = payTwoHundredTimesAtOnce(client(application)) + order(client(application));
        }
        try (ConfigurableApplicationContext application = start(profile, data)) {
            assertThatItReplays(client(application), answers);
        }
    }

    private void assertThatAStartAfterAKillReplaysAndFinishes(String profile) throws Exception {
        Path answers = data.resolve("answers");
        Process killed = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // It runs for a moment only: to start quickly is all that counts.
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dservers.directory=" + System.getProperty("servers.directory"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledOncePaid.class.getName(),
                        profile,
                        data.toString(),
                        answers.toString())
                .inheritIO()
                .start();
        assertThat(killed.waitFor()).isEqualTo(SampleProcess.KILLED);
        try (ConfigurableApplicationContext application = start(profile, data)) {
            assertThatItReplays(client(application), Files.readString(answers));
            assertThatItFinishesWhatWasCutOff(client(application));
        }
    }

    private static void assertThatItReplays(SampleClient client, String answers) {
        HttpResponse<String> again = client.pay(ID, "12.50");
        HttpResponse<String> other = client.pay(ID, "13.50");

        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(again.body() + order(client)).isEqualTo(answers);
        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(client.charges(ID)).isEqualTo(1);
        assertThat(client.pay("req-new", "12.50").statusCode()).isEqualTo(200);
        assertThat(client.charges("req-new")).isEqualTo(1);
    }

    private static void assertThatItFinishesWhatWasCutOff(SampleClient client) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(client.recoveries()).containsExactly("RECONCILED"));

        assertThat(client.charges(CUT_OFF)).isEqualTo(1);
        JsonNode receipt = json(client.pay(CUT_OFF, "12.50"));
        JsonNode calls = client.calls().get("calls");
        assertThat(calls.get(0).get("outcome").asString()).isEqualTo("REPLAYED");
        assertThat(receipt.get("attempts").asInt()).isZero();
        assertThat(calls.valueStream()
                        .filter(call -> call.get("recovered").asBoolean())
                        .map(call -> call.get("receiptId")))
                .containsExactly(receipt.get("receiptId"));
        assertThat(client.charges(CUT_OFF)).isEqualTo(1);
    }

    private static String order(SampleClient client) {
        HttpResponse<String> answer = client.order("alice:alice", ID, SampleClient.order("book", 2));
        assertThat(answer.statusCode()).isEqualTo(201);
        return answer.body();
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

    private static ConfigurableApplicationContext start(String profile, Path data) {
        return new SpringApplicationBuilder(SampleApplication.class)
                .profiles(profile)
                .run(Stream.concat(
                                Stream.of("--server.port=0", "--sample.data=" + data, "--idempotent.lease=2s"),
                                Stream.of(SampleProcess.recoveredSoon()))
                        .toArray(String[]::new));
    }

    private static SampleClient client(ConfigurableApplicationContext application) {
        return new SampleClient(application.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
    }

    /** A JVM that ends after payment and order are answered, in the middle of another payment, and stops nothing. */
    static final class KilledOncePaid {

        private KilledOncePaid() {}

        public static void main(String[] arguments) throws IOException {
            SampleClient client = client(start(arguments[0], Path.of(arguments[1])));
            Files.writeString(Path.of(arguments[2]), client.pay(ID, "12.50").body() + order(client));
            client.behave("{\"haltNext\":\"AFTER_CHARGE\"}");
            client.pay(CUT_OFF, "12.50");
        }
    }
}
