package io.idempotent.spring.web.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.RetryHint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.HttpServerErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientResponseException;
import org.springframework.web.client.UnknownHttpStatusCodeException;

/** An operation calls a server that says when to try again. */
class RetryAfterHintTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    static class Carrier {

        private final RestClient client;

        Carrier(RestClient client) {
            this.client = client;
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms", timeout = "1m"))
        public @Nullable String ship(String id) {
            return client.post().uri("/shipments").body(id).retrieve().body(String.class);
        }
    }

    private record Answer(int status, @Nullable String retryAfter) {}

    private final Deque<Answer> answers = new ArrayDeque<>();
    private final List<Long> requestedAt = new ArrayList<>();
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/shipments", exchange -> {
            requestedAt.add(System.nanoTime());
            exchange.getRequestBody().readAllBytes();
            Answer answer = answers.remove();
            if (answer.retryAfter() != null) {
                exchange.getResponseHeaders().set(HttpHeaders.RETRY_AFTER, answer.retryAfter());
            }
            exchange.sendResponseHeaders(answer.status(), -1);
            exchange.close();
        });
        server.start();
        context.register(Enabled.class);
        context.registerBean(
                Carrier.class,
                () -> new Carrier(RestClient.create(
                        "http://localhost:" + server.getAddress().getPort())));
    }

    @AfterEach
    void stop() {
        context.close();
        server.stop(0);
    }

    private Carrier carrier() {
        context.refresh();
        return context.getBean(Carrier.class);
    }

    private Duration pause(int number) {
        return Duration.ofNanos(requestedAt.get(number) - requestedAt.get(number - 1));
    }

    @Test
    void theServerIsNotAskedAgainBeforeItsRetryAfterIsOver() {
        answers.addAll(List.of(new Answer(503, "1"), new Answer(429, "0"), new Answer(200, null)));
        carrier().ship("1");
        assertThat(requestedAt).hasSize(3);
        assertThat(pause(1)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void norBeforeTheTimeIsOverThatABeanReadsFromTheFailure() {
        context.registerBean(
                RetryHint.class,
                () -> failure ->
                        failure instanceof HttpServerErrorException.ServiceUnavailable ? Duration.ofMillis(400) : null);
        answers.addAll(List.of(new Answer(503, null), new Answer(503, "0"), new Answer(200, null)));
        carrier().ship("1");
        assertThat(pause(1)).isBetween(Duration.ofMillis(400), Duration.ofSeconds(20));
        assertThat(pause(2)).isBetween(Duration.ofMillis(400), Duration.ofSeconds(20));
    }

    @Test
    void aRetryAfterBeyondTheTimeoutEndsTheCallAtOnce() {
        answers.add(new Answer(429, "120"));
        Carrier carrier = carrier();
        assertThat(catchThrowableOfType(HttpClientErrorException.TooManyRequests.class, () -> carrier.ship("1")))
                .isNotNull()
                .hasNoSuppressedExceptions();
        assertThat(requestedAt).hasSize(1);
    }

    @Test
    void onlyAnswersWithTheFieldSaySomething() {
        RetryHint hint = new RetryAfterHint();
        assertThat(hint.after(answer(null))).isNull();
        assertThat(hint.after(answer(new HttpHeaders()))).isNull();
        assertThat(hint.after(new ResourceAccessException("no answer"))).isNull();
        HttpHeaders headers = new HttpHeaders();
        headers.set(HttpHeaders.RETRY_AFTER, "7");
        assertThat(hint.after(answer(headers))).isEqualTo(Duration.ofSeconds(7));
        headers.set(HttpHeaders.RETRY_AFTER, "soon");
        assertThat(hint.after(answer(headers))).isNull();
    }

    private static RestClientResponseException answer(@Nullable HttpHeaders headers) {
        return new UnknownHttpStatusCodeException(HttpStatus.SERVICE_UNAVAILABLE.value(), "", headers, null, null);
    }
}
