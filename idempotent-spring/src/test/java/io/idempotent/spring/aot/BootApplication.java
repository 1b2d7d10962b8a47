package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Steps;
import io.idempotent.spring.test.IdempotencyTestConfiguration;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Has every store that Spring Boot configures, endpoints and atomic methods, and checks itself. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({Endpoint.class, IdempotencyTestConfiguration.class})
class BootApplication {

    private BootApplication() {}

    @Bean
    static Keys keys() {
        return new Keys();
    }

    @Bean
    static Payments payments(Steps steps) {
        return new Payments(steps);
    }

    @Bean
    static AtomicOrders orders(JdbcClient jdbc) {
        return new AtomicOrders(jdbc);
    }

    @Bean
    static Transfers transfers() {
        return new Transfers.Bank();
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (ConfigurableApplicationContext context = SpringApplication.run(BootApplication.class, arguments)) {
            context.getBean(JdbcTemplate.class).execute("create table purchase (id varchar(50))");
            Checks.paymentsRunOnce(context);
            Checks.aFinalFailureIsReplayed(context);
            Checks.atomicOrdersRunOnce(context);
            requestsRunOnce(context.getEnvironment().getRequiredProperty("local.server.port"));
        }
    }

    private static void requestsRunOnce(String port) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/payments"))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", "\"request\"")
                .POST(BodyPublishers.ofString("{\"id\":\"request\",\"amount\":12.50}"))
                .build();
        HttpClient client = HttpClient.newHttpClient();

        List<HttpResponse<String>> answers =
                List.of(client.send(request, BodyHandlers.ofString()), client.send(request, BodyHandlers.ofString()));

        assertThat(answers).allSatisfy(answer -> assertThat(answer.statusCode()).isEqualTo(201));
        assertThat(answers.get(1).body()).isEqualTo(answers.get(0).body());
        assertThat(answers.get(1).headers().firstValue("Idempotency-Replayed")).hasValue("true");
    }
}
