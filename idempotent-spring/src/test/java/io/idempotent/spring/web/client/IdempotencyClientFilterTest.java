package io.idempotent.spring.web.client;

import static io.idempotent.spring.web.client.Provider.answer;
import static io.idempotent.spring.web.client.Provider.cut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.Fingerprint;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClientRequestException;
import org.springframework.web.reactive.function.client.WebClientResponseException;
import org.springframework.web.reactive.function.client.support.WebClientAdapter;
import org.springframework.web.service.annotation.PostExchange;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import reactor.core.publisher.Mono;

/** What a WebClient sends, and an HTTP interface on either client. */
class IdempotencyClientFilterTest {

    private static final String UUID_IN_QUOTES = "\"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\"";

    private final Provider provider = new Provider();
    private final WebClient client = client(builder -> builder);

    IdempotencyClientFilterTest() throws IOException {}

    @AfterEach
    void close() {
        provider.close();
    }

    private WebClient client(Function<IdempotencyClientInterceptor.Builder, IdempotencyClientInterceptor.Builder> how) {
        return WebClient.builder()
                .baseUrl(provider.url())
                .filter(how.apply(IdempotencyClientInterceptor.builder().delay(Duration.ofMillis(1)))
                        .buildFilter())
                .build();
    }

    private static Mono<String> post(WebClient client, String path) {
        return client.post().uri(path).bodyValue("body").retrieve().bodyToMono(String.class);
    }

    @Test
    void everyCallOutsideOfAnExecutionHasARandomKey() {
        Mono<String> call = post(client, "/charges");
        call.block();
        call.block();
        assertThat(provider.keys())
                .hasSize(2)
                .allMatch(key -> key.matches(UUID_IN_QUOTES))
                .doesNotHaveDuplicates();
    }

    @Test
    void onlyTheConfiguredMethodsGetAKeyAndAKeyThatIsThereStays() {
        client.get().uri("/charges").retrieve().bodyToMono(String.class).block();
        client.post()
                .uri("/charges")
                .header("Idempotency-Key", "mine")
                .retrieve()
                .bodyToMono(String.class)
                .block();
        client(builder -> builder.methods(HttpMethod.PUT).quoted(false))
                .put()
                .uri("/charges")
                .retrieve()
                .bodyToMono(String.class)
                .block();
        assertThat(provider.keys().get(0)).isNull();
        assertThat(provider.keys().get(1)).isEqualTo("mine");
        assertThat(provider.keys().get(2)).doesNotContain("\"").hasSize(36);
    }

    @Test
    void whatWillBeAnotherAnswerIsAskedForAgainWithTheSameKeyAndBody() {
        provider.willAnswer(cut(), answer(503, "Retry-After", "0"), answer(409, "Retry-After", "0"));
        assertThat(post(client, "/charges").block()).isEqualTo("answer 200");
        assertThat(provider.keys()).hasSize(4).containsOnly(provider.keys().get(0));
        assertThat(provider.received()).allMatch(request -> request.body().equals("body"));
    }

    @Test
    void aPauseIsMadeThatAnAnswerAsksFor() {
        provider.willAnswer(answer(429, "Retry-After", "1"));
        post(client, "/charges").block();
        assertThat(provider.received().get(1).nanos()
                        - provider.received().get(0).nanos())
                .isGreaterThanOrEqualTo(Duration.ofSeconds(1).toNanos());
    }

    @Test
    void theLastAnswerOrFailureIsTheCallersWhenNoRepetitionIsLeft() {
        provider.willAnswer(answer(503, "Retry-After", "0"), answer(503, "Retry-After", "0"));
        assertThatExceptionOfType(WebClientResponseException.ServiceUnavailable.class)
                .isThrownBy(() -> post(client(builder -> builder.maxRetries(1)), "/charges")
                        .block())
                .satisfies(last -> assertThat(last.getResponseBodyAsString()).isEqualTo("answer 503"));
        provider.willAnswer(cut(), cut());
        assertThatExceptionOfType(WebClientRequestException.class)
                .isThrownBy(() -> post(client(builder -> builder.maxRetries(1)), "/charges")
                        .block())
                .satisfies(last -> assertThat(last.getSuppressed())
                        .anyMatch(earlier -> earlier instanceof WebClientRequestException));
        assertThat(provider.received()).hasSize(4);
    }

    @Test
    void everyOtherAnswerIsTheCallersAtOnce() {
        provider.willAnswer(answer(503), answer(422, "Retry-After", "0"), answer(503, "Retry-After", "3600"));
        for (int call = 0; call < 3; call++) {
            assertThatExceptionOfType(WebClientResponseException.class)
                    .isThrownBy(() -> post(client, "/charges").block());
        }
        assertThat(provider.received()).hasSize(3);
    }

    @Test
    void whatIsNoNameIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.post()
                        .uri("/charges")
                        .attribute(IdempotencyClientInterceptor.NAME, " ")
                        .retrieve()
                        .toBodilessEntity()
                        .block());
        assertThat(provider.received()).isEmpty();
    }

    @Test
    void anExecutionSendsTheSameKeysWithEitherClient() throws Exception {
        Operation<String> pay = Operation.builder("pay", String.class).build();
        RestClient blocking = RestClient.builder()
                .baseUrl(provider.url())
                .requestInterceptor(IdempotencyClientInterceptor.builder().build())
                .build();
        for (boolean reactive : new boolean[] {true, false}) {
            try (IdempotencyEngine engine = IdempotencyEngine.builder(
                            CaffeineIdempotencyStore.builder().build())
                    .build()) {
                engine.execute(
                        pay,
                        "4711",
                        Fingerprint.none(),
                        () -> reactive
                                ? post(client, "/charges").block()
                                : blocking.post()
                                        .uri("/charges")
                                        .body("body")
                                        .retrieve()
                                        .body(String.class));
            }
        }
        assertThat(provider.keys()).hasSize(2);
        assertThat(provider.keys().get(0))
                .matches("\"[0-9a-f]{64}\"")
                .isEqualTo(provider.keys().get(1));
    }

    /** A provider as an HTTP interface shows it. */
    interface Charges {

        @PostExchange("/charges")
        String charge();

        @PostExchange("/charges")
        Mono<String> chargeLater();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    static class Payments {

        private final Charges charges;

        Payments(Charges charges) {
            this.charges = charges;
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public String pay(String id) {
            return charges.charge();
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public Mono<String> payLater(String id) {
            return Mono.delay(Duration.ofMillis(1)).then(charges.chargeLater());
        }
    }

    private String withPayments(Charges charges, Function<Payments, String> call) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(Enabled.class);
            context.registerBean(Payments.class, () -> new Payments(charges));
            context.refresh();
            return call.apply(context.getBean(Payments.class));
        }
    }

    @Test
    void anHttpInterfaceOnRestClientSendsTheSameKeyWithEachAttempt() {
        provider.willAnswer(answer(500), answer(500));
        RestClient blocking = RestClient.builder()
                .baseUrl(provider.url())
                .requestInterceptor(IdempotencyClientInterceptor.builder().build())
                .build();
        Charges charges = HttpServiceProxyFactory.builderFor(RestClientAdapter.create(blocking))
                .build()
                .createClient(Charges.class);
        assertThat(withPayments(charges, payments -> payments.pay("4711"))).isEqualTo("answer 200");
        assertThat(provider.keys()).hasSize(3).containsOnly(provider.keys().get(0));
        assertThat(provider.keys().get(0)).matches("\"[0-9a-f]{64}\"");
    }

    @Test
    void anHttpInterfaceOnWebClientSendsTheSameKeyWithEachAttemptOnWhicheverThread() {
        provider.willAnswer(answer(500), answer(500));
        Charges charges = HttpServiceProxyFactory.builderFor(WebClientAdapter.create(client))
                .build()
                .createClient(Charges.class);
        assertThat(withPayments(charges, payments -> payments.payLater("4711").block()))
                .isEqualTo("answer 200");
        assertThat(provider.keys()).hasSize(3).containsOnly(provider.keys().get(0));
        assertThat(provider.keys().get(0)).matches("\"[0-9a-f]{64}\"");
    }

    @Test
    void anAttemptWaitsAsLongAsAnAnswerOfWebClientAsksFor() {
        WebClientResponseException answer = WebClientResponseException.create(
                503, "", HttpHeaders.readOnlyHttpHeaders(retryAfter()), new byte[0], null);
        assertThat(new WebClientRetryAfterHint().after(answer)).isEqualTo(Duration.ofSeconds(7));
        assertThat(new WebClientRetryAfterHint().after(new IllegalStateException()))
                .isNull();
    }

    private static HttpHeaders retryAfter() {
        HttpHeaders headers = new HttpHeaders();
        headers.set("Retry-After", "7");
        return headers;
    }
}
