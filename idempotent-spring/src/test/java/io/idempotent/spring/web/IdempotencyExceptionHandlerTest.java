package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.WebApplicationContext;

class IdempotencyExceptionHandlerTest {

    private static final IdempotencyKey KEY = new IdempotencyKey("pay", "tenant-7", "secret-key-4711");

    /** What the next request ends in. */
    static class Ending {
        private Supplier<IdempotencyException> failure;
    }

    @RestController
    static class Controller {
        private final Ending ending;

        Controller(Ending ending) {
            this.ending = ending;
        }

        @PostMapping("/payments")
        String pay() {
            throw ending.failure.get();
        }
    }

    private final WebApplicationContextRunner web = new WebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    IdempotencyAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    HttpMessageConvertersAutoConfiguration.class,
                    DispatcherServletAutoConfiguration.class,
                    WebMvcAutoConfiguration.class))
            .withBean(Ending.class)
            .withBean(Controller.class);

    private static MvcTestResult answer(WebApplicationContext context, Supplier<IdempotencyException> failure) {
        context.getBean(Ending.class).failure = failure;
        return MockMvcTester.from(context).post().uri("/payments").exchange();
    }

    private static Arguments ending(
            Supplier<IdempotencyException> failure, int status, String title, String retryAfter) {
        return Arguments.of(failure, status, title, retryAfter);
    }

    static List<Arguments> endings() {
        return List.of(
                ending(
                        () -> new IdempotencyKeyException("pay", "the key 'secret-key-4711' is bad"),
                        400,
                        "Idempotency key missing or malformed",
                        null),
                ending(
                        () -> new IdempotencyInProgressException(
                                KEY, Reason.NOT_WAITING, Duration.ofSeconds(1), Duration.ofMillis(28_800)),
                        409,
                        "Request in progress",
                        "1"),
                ending(() -> new IdempotencyKeyReusedException(KEY), 422, "Idempotency key reused", null),
                ending(
                        () -> new IdempotencyClaimLostException(KEY, 7, "its outcome was not recorded"),
                        409,
                        "Request not confirmed",
                        "5"),
                ending(
                        () -> new IdempotencyOutcomeException(KEY, "the class changed", null),
                        500,
                        "Result not available",
                        null),
                ending(
                        () -> new IdempotencyStoreException("claim failed", KEY, new IllegalStateException("down")),
                        503,
                        "Idempotency store not available",
                        "5"));
    }

    @ParameterizedTest
    @MethodSource("endings")
    void answersWithAProblemThatRevealsNoKey(
            Supplier<IdempotencyException> failure, int status, String title, String retryAfter) {
        web.run(context -> {
            MvcTestResult answer = answer(context, failure);
            assertThat(answer).hasStatus(status).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
            assertThat(answer).bodyJson().extractingPath("$.title").isEqualTo(title);
            assertThat(answer).bodyJson().extractingPath("$.status").isEqualTo(status);
            assertThat(answer).bodyJson().extractingPath("$.detail").asString().isNotBlank();
            assertThat(answer.getResponse().getHeader("Retry-After")).isEqualTo(retryAfter);
            assertThat(answer)
                    .bodyText()
                    .doesNotContain("4711")
                    .doesNotContain("tenant-7")
                    .doesNotContain("pay:")
                    .doesNotContain("Exception");
        });
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 1", "PT-1S, 1", "PT0.000000001S, 1", "PT1S, 1", "PT1.000000001S, 2", "PT1.001S, 2", "PT29.9S, 30"
    })
    void retryAfterIsInWholeSecondsRoundedUp(Duration remaining, String seconds) {
        web.run(context -> assertThat(answer(
                                context,
                                () -> new IdempotencyInProgressException(
                                        KEY, Reason.NOT_WAITING, Duration.ofMinutes(1), remaining))
                        .getResponse()
                        .getHeader("Retry-After"))
                .isEqualTo(seconds));
    }

    @ControllerAdvice
    static class OwnAdvice {
        @ExceptionHandler
        ResponseEntity<String> handle(IdempotencyInProgressException exception) {
            return ResponseEntity.status(423).body("mine");
        }
    }

    @Test
    void theApplicationsOwnAdviceWinsForWhatItHandles() {
        web.withBean(OwnAdvice.class).run(context -> {
            MvcTestResult answer = answer(
                    context,
                    () -> new IdempotencyInProgressException(KEY, Reason.WAITED, Duration.ZERO, Duration.ZERO));
            assertThat(answer).hasStatus(423).hasBodyTextEqualTo("mine");
            assertThat(answer(context, () -> new IdempotencyKeyReusedException(KEY)))
                    .hasStatus(422);
        });
    }

    @ControllerAdvice
    static class CatchAll {
        @ExceptionHandler
        ResponseEntity<String> handle(RuntimeException exception) {
            return ResponseEntity.status(418).body("all");
        }
    }

    @Test
    void adviceThatHandlesEverythingAnswersForTheRestOnly() {
        web.withBean(CatchAll.class).run(context -> {
            assertThat(answer(context, () -> new IdempotencyKeyReusedException(KEY)))
                    .hasStatus(422);
            context.getBean(Ending.class).failure = () -> {
                throw new IllegalStateException("of the application");
            };
            assertThat(MockMvcTester.from(context).post().uri("/payments")).hasStatus(418);
        });
    }

    static class OwnHandler extends IdempotencyExceptionHandler {}

    @Test
    void theApplicationsOwnHandlerReplacesTheLibrarys() {
        web.withBean(OwnHandler.class).run(context -> {
            assertThat(context).hasSingleBean(IdempotencyExceptionHandler.class).hasSingleBean(OwnHandler.class);
            assertThat(answer(context, () -> new IdempotencyKeyReusedException(KEY)))
                    .hasStatus(422);
        });
    }
}
