package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.contentType;
import static io.idempotent.sample.SampleClient.evaluation;
import static io.idempotent.sample.SampleClient.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import java.net.http.HttpResponse;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;

/** What clients of {@code /alerts} see where evaluations are delivered by calls. */
@AheadOfTime
@OnOneJdk("the second JDK runs it ahead of time")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class AlertAcceptanceTest {

    private static final String NOON = "2026-11-30T12:00:00Z";

    private static final String LATER = "2026-11-30T12:01:00Z";

    /** Another for each test, since they share one application. */
    private final String rule = UUID.randomUUID().toString();

    private SampleClient client;

    @BeforeEach
    void connect(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @Test
    void threeDeliveriesAreOneAlert() {
        HttpResponse<String> answer = client.deliver(evaluation(rule, NOON, "97.3"));

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.body())
                .isEqualTo("{\"ruleId\":\"%s\",\"evaluatedAt\":\"%s\",\"deliveries\":3}".formatted(rule, NOON));
        assertThat(client.alerts(rule)).hasToString("[" + count(NOON, 3, 1) + "]");

        client.deliver(evaluation(rule, NOON, "97.3"));

        assertThat(client.alerts(rule)).hasToString("[" + count(NOON, 6, 1) + "]");
    }

    @Test
    void aRuleThatIsEvaluatedAtAnotherTimeRaisesAnotherAlert() {
        client.deliver(evaluation(rule, NOON, "97.3"));
        client.deliver(evaluation(rule, LATER, "97.3"));

        assertThat(client.alerts(rule)).hasToString("[" + count(NOON, 3, 1) + ", " + count(LATER, 3, 1) + "]");
    }

    @Test
    void anotherValueForTheSameTimeIsRefused() {
        client.deliver(evaluation(rule, NOON, "97.3"));
        HttpResponse<String> answer = client.deliver(evaluation(rule, NOON, "98.3"));

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(client.alerts(rule)).hasToString("[" + count(NOON, 4, 1) + "]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"evaluatedAt\":\"" + NOON + "\",\"value\":\"1\"} | ruleId must not be blank",
                "{\"ruleId\":\"a\",\"value\":\"1\"} | evaluatedAt is missing",
                "{\"ruleId\":\"a\",\"evaluatedAt\":\"" + NOON + "\"} | value is missing"
            })
    void anIncompleteEvaluationIsRefusedWithWhatIsMissing(String body, String expected) {
        HttpResponse<String> answer = client.deliver(body);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(contentType(answer)).isEqualTo("application/problem+json");
        assertThat(json(answer).get("detail").asString()).isEqualTo("Invalid request content: " + expected + ".");
    }

    @Test
    void nothingOfKafkaIsConfiguredWithoutTheProfile(@Autowired ApplicationContext application) {
        assertThat(application.getBeanDefinitionNames())
                .extracting(name -> String.valueOf(application.getType(name)))
                .noneMatch(type -> type.contains("org.springframework.kafka"));
    }

    private String count(String evaluatedAt, int deliveries, int pages) {
        return "{\"ruleId\":\"%s\",\"evaluatedAt\":\"%s\",\"deliveries\":%d,\"pages\":%d}"
                .formatted(rule, evaluatedAt, deliveries, pages);
    }
}
