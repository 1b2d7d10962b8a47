package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.web.Wire.Response;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.ResponseBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;

/** What becomes of a response on Spring MVC, and of what only a servlet container makes. */
class MvcResponseRulesTest extends ResponseRulesTest {

    @Override
    HttpServer start(String... properties) {
        return HttpServer.start(Application.class, properties);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({Surroundings.class, Endpoints.class, Proxied.class, ServletEndpoints.class})
    static class Application {

        @Bean
        static IdempotencyScopeResolver tenants() {
            return request -> request.getHeader("X-Tenant");
        }

        @Bean
        static RecordedResponseCustomizer customizer() {
            return (response, request) -> customize(response, request.getHeader("X-Customize"));
        }
    }

    @RestController
    static class ServletEndpoints {

        private final Endpoints endpoints;

        ServletEndpoints(Endpoints endpoints) {
            this.endpoints = endpoints;
        }

        private String next() {
            return endpoints.next();
        }

        @PostMapping("/errors/{status}")
        @IdempotentEndpoint
        void error(@PathVariable int status, HttpServletResponse response) throws IOException {
            response.sendError(status, next());
        }

        @PostMapping("/callable-context")
        @IdempotentEndpoint(operation = "callable-context")
        Callable<String> callableContext() {
            return () -> IdempotencyContext.current().key() + " " + next();
        }

        @PostMapping("/late")
        @IdempotentEndpoint
        DeferredResult<String> late() {
            next();
            return new DeferredResult<>(1L);
        }

        @PostMapping("/own-thread")
        @IdempotentEndpoint
        @ResponseBody
        void ownThread(HttpServletRequest request) {
            String answer = next();
            AsyncContext async = request.startAsync();
            async.start(() -> {
                try {
                    async.getResponse().getWriter().print(answer);
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
                async.complete();
            });
        }
    }

    @Test
    void anErrorThatNothingWasDoneReleasesTheKeyWhenItsPageIsMade() throws IOException {
        assertThat(send("/errors/503").content()).contains("\"status\":503");
        assertThat(send("/errors/503").isReplayed()).isFalse();
        assertThat(told().names()).containsExactly("claimed", "released", "claimed", "released");
    }

    @Test
    void whatTookTooLongIsNotReleasedSinceItMayGoOn() throws IOException {
        Response first = send("/late");
        assertThat(first.status()).isEqualTo(503);
        assertThat(send("/late").without(IdempotencyFilter.REPLAYED)).isEqualTo(first.without());
        assertThat(runs()).hasValue(1);
        assertThat(told().names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void whatAThreadOfTheHandlersOwnAnswersIsSentAndNotGivenAgain() throws IOException {
        assertThat(send("/own-thread").content()).isEqualTo("run 1");
        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(told().names()).containsExactly("claimed", "notReplayable", "completed"));
        Response second = send("/own-thread");
        assertThat(second.status()).isEqualTo(500);
        assertThat(second.content()).contains("result-not-available");
        assertThat(runs()).hasValue(1);
    }

    @Test
    void aCallableSeesItsExecution() throws IOException {
        assertSeesItsExecution("callable-context");
    }
}
