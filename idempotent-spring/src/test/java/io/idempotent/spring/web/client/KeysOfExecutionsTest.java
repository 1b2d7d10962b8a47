package io.idempotent.spring.web.client;

import static io.idempotent.spring.web.client.Provider.answer;
import static io.idempotent.spring.web.client.Provider.cut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.DownstreamKeys;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.HttpServerErrorException;
import org.springframework.web.client.RestClient;

class KeysOfExecutionsTest {

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).build();

    private final Provider provider = new Provider();
    private final RestClient client = client();
    private final IdempotencyEngine engine = IdempotencyEngine.builder(
                    CaffeineIdempotencyStore.builder().build())
            .build();

    KeysOfExecutionsTest() throws IOException {}

    @AfterEach
    void close() {
        engine.close();
        provider.close();
    }

    // on the engine itself

    @Test
    void aLaterExecutionOfAKeySendsTheSameKeysInTheSameOrder() throws Exception {
        provider.willAnswer(answer(200), answer(200), answer(500));
        Callable<String> work = () -> post("/charges") + post("/mails") + post("/charges");

        assertThatExceptionOfType(HttpServerErrorException.class).isThrownBy(() -> execute("4711", work));
        execute("4711", work);

        List<@Nullable String> keys = provider.keys();
        assertThat(keys).hasSize(6).allMatch(key -> key.matches("\"[0-9a-f]{64}\""));
        assertThat(keys.subList(3, 6)).isEqualTo(keys.subList(0, 3)).doesNotHaveDuplicates();
    }

    @Test
    void requestsAreCountedByMethodAndUri() throws Exception {
        provider.willAnswer(answer(200), answer(200), answer(500));

        assertThatExceptionOfType(HttpServerErrorException.class)
                .isThrownBy(() -> execute("4711", () -> post("/charges") + post("/charges?test") + patch("/charges")));
        execute("4711", () -> patch("/charges") + post("/charges?test") + post("/charges"));

        List<@Nullable String> keys = provider.keys();
        assertThat(keys.subList(0, 3)).doesNotHaveDuplicates();
        assertThat(keys.subList(3, 6)).containsExactly(keys.get(2), keys.get(1), keys.get(0));
    }

    @Test
    void executionsOfDifferentKeysSendDifferentKeys() throws Exception {
        execute("4711", () -> post("/charges") + post("/charges", "charge"));
        execute("4712", () -> post("/charges") + post("/charges", "charge"));

        assertThat(provider.keys()).hasSize(4).doesNotHaveDuplicates();
    }

    @Test
    void aRequestKeepsTheKeyOfItsNameWhateverComesBeforeIt() throws Exception {
        provider.willAnswer(answer(500));

        assertThatExceptionOfType(HttpServerErrorException.class)
                .isThrownBy(() -> execute("4711", () -> post("/charges", "charge")));
        execute("4711", () -> post("/charges") + post("/charges", "other") + post("/charges", "charge"));

        List<@Nullable String> keys = provider.keys();
        assertThat(keys.get(3)).isEqualTo(keys.get(0));
        assertThat(keys.subList(1, 4)).doesNotHaveDuplicates();
    }

    @Test
    void aRepetitionOfARequestIsNotCounted() throws Exception {
        provider.willAnswer(cut(), answer(503, "Retry-After", "0"), answer(200), answer(500));
        Callable<String> work = () -> post("/charges") + post("/charges");

        assertThatExceptionOfType(HttpServerErrorException.class).isThrownBy(() -> execute("4711", work));
        execute("4711", work);

        List<@Nullable String> keys = provider.keys();
        String first = keys.get(0);
        String second = keys.get(3);
        assertThat(keys).containsExactly(first, first, first, second, first, second);
        assertThat(first).isNotEqualTo(second);
    }

    @Test
    void twoClientsOfOneServerSendDifferentKeys() throws Exception {
        RestClient other = client();
        execute(
                "4711",
                () -> post("/charges") + other.post().uri("/charges").retrieve().body(String.class));

        assertThat(provider.keys()).hasSize(2).doesNotHaveDuplicates();
    }

    @Test
    void aKeyThatTheOperationDerivesItselfIsAnother() throws Exception {
        execute("4711", () -> {
            assertThat(post("/charges", "charge")).isEqualTo("answer 200");
            assertThat(provider.keys())
                    .doesNotContain('"' + IdempotencyContext.current().keyFor("charge") + '"');
            return "done";
        });
    }

    @Test
    void whatAnExecutionSentIsForgottenWithIt() throws Exception {
        List<WeakReference<IdempotencyContext>> executions = new ArrayList<>();
        execute("4711", () -> {
            executions.add(new WeakReference<>(IdempotencyContext.current()));
            return post("/charges");
        });

        await().until(() -> {
            System.gc();
            return executions.get(0).refersTo(null);
        });
    }

    @Test
    void requestsOfManyThreadsAreCountedOnceEach() throws Exception {
        execute("4711", () -> {
            IdempotencyContext context = IdempotencyContext.current();
            assertThat(IntStream.range(0, 200_000)
                            .parallel()
                            .mapToObj(request -> DownstreamKeys.next(context, "", "POST /charges"))
                            .distinct()
                            .count())
                    .isEqualTo(200_000);
            return "done";
        });
    }

    // on a bean

    static class Payments {

        private final RestClient bank;

        Payments(RestClient bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 1, delay = "0s"))
        public String pay(String id) {
            String charged = bank.post()
                    .uri("/charges")
                    .attribute(IdempotencyClientInterceptor.NAME, "charge")
                    .retrieve()
                    .body(String.class);
            return charged
                    + bank.post().uri("/mails").retrieve().body(String.class)
                    + bank.post().uri("/mails").retrieve().body(String.class);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    @Test
    void aRetriedMethodSendsTheSameKeysInTheSameOrder() {
        provider.willAnswer(answer(200), answer(200), answer(500));
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(Enabled.class);
            context.registerBean(Payments.class, () -> new Payments(client));
            context.refresh();

            assertThat(context.getBean(Payments.class).pay("4711")).isEqualTo("answer 200".repeat(3));
        }

        List<@Nullable String> keys = provider.keys();
        assertThat(keys).hasSize(6).doesNotContainNull();
        assertThat(keys.subList(3, 6)).isEqualTo(keys.subList(0, 3)).doesNotHaveDuplicates();
    }

    private RestClient client() {
        return RestClient.builder()
                .baseUrl(provider.url())
                .requestInterceptor(IdempotencyClientInterceptor.builder()
                        .delay(Duration.ofMillis(1))
                        .build())
                .build();
    }

    private String execute(String key, Callable<String> work) throws Exception {
        return engine.execute(PAY, key, Fingerprint.none(), work);
    }

    private String post(String uri) {
        return client.post().uri(uri).retrieve().body(String.class);
    }

    private String patch(String uri) {
        return client.patch().uri(uri).retrieve().body(String.class);
    }

    private String post(String uri, String name) {
        return client.post()
                .uri(uri)
                .attribute(IdempotencyClientInterceptor.NAME, name)
                .retrieve()
                .body(String.class);
    }
}
