package io.idempotent.spring.web.client;

import static io.idempotent.spring.web.client.Provider.answer;
import static io.idempotent.spring.web.client.Provider.cut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyConfigurationException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.mock.http.client.MockClientHttpRequest;
import org.springframework.mock.http.client.MockClientHttpResponse;
import org.springframework.util.backoff.ExponentialBackOff;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;

class IdempotencyClientInterceptorTest {

    private static final String AT_ONCE = "0";

    private final Provider provider = new Provider();

    IdempotencyClientInterceptorTest() throws IOException {}

    @AfterEach
    void close() {
        provider.close();
    }

    // the key

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PATCH"})
    void sendsAKeyInQuotes(String method) {
        assertThat(status(client(), method)).isEqualTo(200);

        String key = provider.received().get(0).key();
        assertThat(key).matches("\"[0-9a-f-]{36}\"");
        assertThat(UUID.fromString(key.substring(1, 37)).version()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "DELETE"})
    void sendsNoKeyWithOtherMethodsAndDoesNotRepeatThem(String method) {
        provider.willAnswer(answer(503, "Retry-After", AT_ONCE));

        assertThat(status(client(), method)).isEqualTo(503);
        assertThat(provider.keys()).hasSize(1).containsOnlyNulls();
    }

    @Test
    void sendsAnotherKeyWithEachCall() {
        RestClient client = client();
        status(client, "POST");
        status(client, "POST");

        assertThat(provider.keys()).doesNotHaveDuplicates().doesNotContainNull().hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "GET"})
    void keepsTheKeyThatTheCallerGaveAndRepeatsWithIt(String method) {
        provider.willAnswer(answer(409, "Retry-After", AT_ONCE));

        int status = client().method(HttpMethod.valueOf(method))
                .uri("/charges")
                .header("idempotency-key", "mine")
                .exchange((request, response) -> response.getStatusCode().value());

        assertThat(status).isEqualTo(200);
        assertThat(provider.keys()).containsExactly("mine", "mine");
    }

    @Test
    void sendsWhatItIsConfiguredTo() {
        IdempotencyClientInterceptor interceptor = IdempotencyClientInterceptor.builder()
                .methods(HttpMethod.PUT)
                .header("X-Request-Key")
                .quoted(false)
                .build();
        List<String> keys = new ArrayList<>();
        RestClient client = RestClient.builder()
                .baseUrl(provider.url())
                .requestInterceptor(interceptor)
                .requestInterceptor((request, body, execution) -> {
                    keys.addAll(request.getHeaders().getOrEmpty("X-Request-Key"));
                    return execution.execute(request, body);
                })
                .build();
        status(client, "POST");
        status(client, "PUT");

        assertThat(keys).singleElement().asString().matches("[0-9a-f-]{36}");
        assertThat(provider.keys()).hasSize(2).containsOnlyNulls();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " "})
    void refusesANameThatSaysNothing(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client().post()
                        .uri("/charges")
                        .attribute(IdempotencyClientInterceptor.NAME, name)
                        .retrieve()
                        .toBodilessEntity())
                .withMessageContaining("localhost");
        assertThat(provider.received()).isEmpty();
    }

    // answers

    @ParameterizedTest
    @ValueSource(ints = {409, 425, 429, 503})
    void repeatsAfterAnAnswerThatAsksForIt(int status) {
        provider.willAnswer(answer(status, "Retry-After", AT_ONCE), answer(status, "Retry-After", AT_ONCE));

        String answer =
                client().post().uri("/charges").body("12.50 EUR").retrieve().body(String.class);

        assertThat(answer).isEqualTo("answer 200");
        assertThat(provider.received()).hasSize(3).allMatch(received -> "12.50 EUR".equals(received.body()));
        assertThat(provider.keys())
                .doesNotContainNull()
                .containsOnly(provider.keys().get(0));
    }

    @Test
    void repeatsWhenThePauseIsOverAndNotBefore() {
        provider.willAnswer(answer(409, "Retry-After", "1"));

        assertThat(status(client(), "POST")).isEqualTo(200);
        long pause =
                provider.received().get(1).nanos() - provider.received().get(0).nanos();
        assertThat(Duration.ofNanos(pause)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
    }

    @Test
    void sitsOutARequestThatIsInProgressForLongerThanItsRepetitionsWouldLast() {
        provider.willAnswer(answer(409, "Retry-After", "1"), answer(409, "Retry-After", "1"));

        assertThat(status(client(builder -> builder.maxRetries(1)), "POST")).isEqualTo(200);
        assertThat(provider.received()).hasSize(3);
    }

    @Test
    void countsTheRepetitionsOfWhatIsInProgressForLongerThanItMayWait() {
        for (int request = 0; request < 5; request++) {
            provider.willAnswer(answer(409, "Retry-After", "1"));
        }

        assertThat(status(client(builder -> builder.maxRetries(1).maximumPause(Duration.ofMillis(1_500))), "POST"))
                .isEqualTo(409);
        assertThat(provider.received()).hasSize(3);
        assertThat(status(client(builder -> builder.maxRetries(0)), "POST")).isEqualTo(409);
        assertThat(provider.received()).hasSize(4);
    }

    @Test
    void repeatsWhenTheDateHasCome() {
        provider.willAnswer(answer(503, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"));

        assertThat(status(client(), "POST")).isEqualTo(200);
        assertThat(provider.received()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "409,",
        "425,",
        "429,",
        "503,",
        "409, soon",
        "503, -1",
        "200, 0",
        "400, 0",
        "408, 0",
        "422, 0",
        "500, 0",
        "502, 0",
        "504, 0"
    })
    void givesAnyOtherAnswerAtOnce(int status, String retryAfter) {
        provider.willAnswer(
                retryAfter == null ? answer(status) : answer(status, "Retry-After", retryAfter), answer(201));

        assertThat(status(client(), "POST")).isEqualTo(status);
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void givesAnAnswerThatAsksForALongerPauseThanItMayWait() {
        provider.willAnswer(answer(503, "Retry-After", "31"), answer(503, "Retry-After", "1"));

        assertThat(body(client())).isEqualTo("answer 503");
        assertThat(body(client(builder -> builder.maximumPause(Duration.ofMillis(999)))))
                .isEqualTo("answer 503");
        assertThat(provider.received()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void givesTheLastAnswerWhenNoRepetitionIsLeft(int maxRetries) {
        for (int request = 0; request < 4; request++) {
            provider.willAnswer(answer(409 + 20 * (request % 2), "Retry-After", AT_ONCE));
        }

        assertThat(body(client(builder -> builder.maxRetries(maxRetries)))).isEqualTo("answer 409");
        assertThat(provider.received()).hasSize(maxRetries + 1);
    }

    @Test
    void closesTheAnswersThatItDoesNotGive() throws IOException {
        List<Answer> answers = List.of(new Answer(AT_ONCE), new Answer(AT_ONCE), new Answer(AT_ONCE));

        ClientHttpResponse given = intercept(repeating(2), play(new ArrayList<>(answers)));

        assertThat(answers).extracting(answer -> answer.closed).containsExactly(true, true, false);
        assertThat(given).isSameAs(answers.get(2));
    }

    // failures

    @Test
    void repeatsWithTheSameKeyWhenTheConnectionBreaks() {
        provider.willAnswer(cut(), answer(409, "Retry-After", AT_ONCE), cut());

        assertThat(status(client(), "POST")).isEqualTo(200);
        assertThat(provider.keys())
                .hasSize(4)
                .doesNotContainNull()
                .containsOnly(provider.keys().get(0));
    }

    @Test
    void throwsTheFailureWhenNoRepetitionIsLeft() {
        provider.willAnswer(cut(), cut());

        assertThatExceptionOfType(ResourceAccessException.class)
                .isThrownBy(() -> status(client(builder -> builder.maxRetries(1)), "POST"))
                .withCauseInstanceOf(IOException.class);
        assertThat(provider.received()).hasSize(2);
    }

    @Test
    void throwsTheLastFailureWithEarlierOnesSuppressed() {
        Throwable first = new ConnectException("first");
        Throwable last = new SocketTimeoutException("last");
        List<Object> outcomes = new ArrayList<>(List.of(first, new Answer(AT_ONCE), last));

        Throwable thrown = catchThrowable(() -> intercept(repeating(2), play(outcomes)));

        assertThat(thrown).isSameAs(last);
        assertThat(thrown.getSuppressed()).containsExactly(first);
    }

    @Test
    void throwsTheOneFailureThatThereIs() {
        Throwable always = new ConnectException("always the same");

        Throwable thrown =
                catchThrowable(() -> intercept(repeating(1), play(new ArrayList<>(List.of(always, always)))));

        assertThat(thrown).isSameAs(always).hasNoSuppressedExceptions();
    }

    @Test
    void doesNotRepeatAfterAnotherFailure() {
        AtomicInteger executions = new AtomicInteger();
        Throwable failure = new IllegalStateException("no signature");

        Throwable thrown = catchThrowable(() -> intercept(repeating(3), (request, body) -> {
            executions.incrementAndGet();
            throw (RuntimeException) failure;
        }));

        assertThat(thrown).isSameAs(failure);
        assertThat(executions).hasValue(1);
    }

    @Test
    void waitsAfterAFailure() {
        Duration delay = Duration.ofMillis(40);
        long begin = System.nanoTime();

        Throwable thrown = catchThrowable(() -> intercept(
                builder -> builder.delay(delay).maxRetries(2),
                play(new ArrayList<>(List.of(new IOException("1"), new IOException("2"), new IOException("3"))))));

        assertThat(thrown).hasMessage("3");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(delay.multipliedBy(2), Duration.ofSeconds(5));
    }

    @Test
    void waitsUpToTwiceAsLongAtRandom() {
        assertThat(interceptor(builder -> builder.delay(Duration.ofMillis(40))).delays)
                .isInstanceOfSatisfying(ExponentialBackOff.class, delays -> {
                    assertThat(delays.getInitialInterval()).isEqualTo(40);
                    assertThat(delays.getJitter()).isEqualTo(40);
                    assertThat(delays.getMultiplier()).isEqualTo(1);
                });
    }

    // interrupts

    @Test
    void givesTheAnswerThatItHasWhenItIsInterrupted() {
        Answer answer = new Answer("29");
        CompletableFuture<ClientHttpResponse> given = new CompletableFuture<>();
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread caller = new Thread(() -> {
            try {
                given.complete(intercept(builder -> {}, play(new ArrayList<>(List.of(answer)))));
            } catch (IOException failure) {
                given.completeExceptionally(failure);
            }
            interrupted.set(Thread.currentThread().isInterrupted());
        });
        caller.start();
        await().until(() -> caller.getState() == Thread.State.TIMED_WAITING);
        caller.interrupt();

        assertThat(given).succeedsWithin(Duration.ofSeconds(5)).isSameAs(answer);
        assertThat(answer.closed).isFalse();
        await().untilTrue(interrupted);
    }

    @Test
    void throwsTheFailureThatItHasWhenItIsInterrupted() {
        Throwable failure = new SocketTimeoutException("interrupted then");

        Throwable thrown =
                catchThrowable(() -> intercept(builder -> builder.delay(Duration.ofHours(1)), (request, body) -> {
                    Thread.currentThread().interrupt();
                    throw (IOException) failure;
                }));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(thrown).isSameAs(failure);
    }

    // the other client, and settings

    @Test
    void worksWithARestTemplate() {
        provider.willAnswer(answer(503, "Retry-After", AT_ONCE), cut());
        RestTemplate template = new RestTemplate();
        template.setInterceptors(List.of(interceptor(builder -> {})));

        assertThat(template.postForObject(provider.url(), "12.50 EUR", String.class))
                .isEqualTo("answer 200");
        // What it stands on by default repeats a request by itself when its connection breaks, with the same key.
        assertThat(provider.received()).hasSizeBetween(3, 4).allMatch(received -> "12.50 EUR".equals(received.body()));
        assertThat(provider.keys())
                .doesNotContainNull()
                .containsOnly(provider.keys().get(0));
    }

    static List<Consumer<IdempotencyClientInterceptor.Builder>> impossible() {
        return List.of(
                builder -> builder.methods(),
                builder -> builder.header(""),
                builder -> builder.header("Idempotency Key"),
                builder -> builder.header("Idempotency-Key:"),
                builder -> builder.maxRetries(-1),
                builder -> builder.delay(Duration.ofNanos(-1)),
                builder -> builder.maximumPause(Duration.ofSeconds(-1)));
    }

    @ParameterizedTest
    @MethodSource("impossible")
    void refusesSettingsThatCannotBe(Consumer<IdempotencyClientInterceptor.Builder> setting) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> setting.accept(IdempotencyClientInterceptor.builder()));
    }

    private RestClient client() {
        return client(builder -> {});
    }

    private RestClient client(Consumer<IdempotencyClientInterceptor.Builder> settings) {
        return RestClient.builder()
                .baseUrl(provider.url())
                .requestInterceptor(interceptor(settings))
                .build();
    }

    private static IdempotencyClientInterceptor interceptor(Consumer<IdempotencyClientInterceptor.Builder> settings) {
        IdempotencyClientInterceptor.Builder builder =
                IdempotencyClientInterceptor.builder().delay(Duration.ofMillis(1));
        settings.accept(builder);
        return builder.build();
    }

    private static int status(RestClient client, String method) {
        return client.method(HttpMethod.valueOf(method))
                .uri("/charges")
                .exchange((request, response) -> response.getStatusCode().value());
    }

    private static String body(RestClient client) {
        return client.post().uri("/charges").exchange((request, response) -> response.bodyTo(String.class));
    }

    private static Consumer<IdempotencyClientInterceptor.Builder> repeating(int maxRetries) {
        return builder -> builder.delay(Duration.ZERO).maxRetries(maxRetries);
    }

    private static ClientHttpResponse intercept(
            Consumer<IdempotencyClientInterceptor.Builder> settings, ClientHttpRequestExecution execution)
            throws IOException {
        return interceptor(settings)
                .intercept(new MockClientHttpRequest(HttpMethod.POST, "/charges"), new byte[0], execution);
    }

    private static ClientHttpRequestExecution play(List<Object> outcomes) {
        return (request, body) -> {
            Object outcome = outcomes.remove(0);
            if (outcome instanceof IOException failure) {
                throw failure;
            }
            return (ClientHttpResponse) outcome;
        };
    }

    /** An answer of 503 that asks for a pause, and knows whether it was closed. */
    private static final class Answer extends MockClientHttpResponse {

        private boolean closed;

        Answer(String retryAfter) {
            super(new byte[0], HttpStatus.SERVICE_UNAVAILABLE);
            getHeaders().set("Retry-After", retryAfter);
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
