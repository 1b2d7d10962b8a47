package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

/** A start that fails is explained in Boot's way: what is wrong and what to do, without a stack trace. */
@ExtendWith(OutputCaptureExtension.class)
class FailureAnalysisTest {

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({IdempotencyAutoConfiguration.class, AopAutoConfiguration.class})
    static class Application {}

    static class UnknownParameter {
        @Idempotent(key = "#nobody")
        public String run(String id) {
            return id;
        }
    }

    @Lazy
    static class LazyUnknownParameter extends UnknownParameter {}

    static final class FinalClass {
        @Idempotent(key = "#id")
        public String run(String id) {
            return id;
        }
    }

    static class ReturnsFuture {
        @Idempotent(key = "#id")
        public Future<String> run(String id) {
            return CompletableFuture.completedFuture(id);
        }
    }

    static class Fine {
        @Idempotent(key = "#id")
        public String run(String id) {
            return id;
        }
    }

    static class TwoStores {
        @Bean
        IdempotencyStore first() {
            return CaffeineIdempotencyStore.create();
        }

        @Bean
        IdempotencyStore second() {
            return CaffeineIdempotencyStore.create();
        }

        @Bean
        Fine fine() {
            return new Fine();
        }
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(
                        UnknownParameter.class,
                        "server.port=0",
                        "names #nobody, which is no parameter of the method.",
                        "Known are [#a0, #id, #p0] and #root."),
                Arguments.of(
                        LazyUnknownParameter.class,
                        "server.port=0",
                        "names #nobody, which is no parameter of the method.",
                        "Known are [#a0, #id, #p0] and #root."),
                Arguments.of(
                        FinalClass.class,
                        "server.port=0",
                        "FinalClass.run(String) cannot be intercepted, since its class is final.",
                        "Make the class not final"),
                Arguments.of(
                        ReturnsFuture.class,
                        "server.port=0",
                        "ReturnsFuture.run(String) returns java.util.concurrent.Future",
                        "Annotate a method that returns its result itself"),
                Arguments.of(
                        TwoStores.class,
                        "server.port=0",
                        "There are several idempotency stores, [first, second], and none is chosen.",
                        "Choose one by idempotent.store, or by the operation's store."),
                Arguments.of(
                        Fine.class,
                        "idempotent.store=redis",
                        "There is no idempotency store 'redis'",
                        "Set idempotent.store"),
                Arguments.of(
                        Fine.class,
                        "idempotent.operations.misspelt.retention=1h",
                        "There are settings for the operations [misspelt], which nothing declares; declared are"
                                + " [fine-run].",
                        "idempotent.unknown-operations=warn"),
                Arguments.of(
                        Fine.class,
                        "idempotent.caffeine.maximum-size=0",
                        "idempotent.caffeine.maximum-size is 0.",
                        "It has to be one or more."),
                Arguments.of(
                        Fine.class,
                        "idempotent.caffeine.maximum-weight=0MB",
                        "idempotent.caffeine.maximum-weight is 0B.",
                        "It has to be one byte or more."),
                Arguments.of(
                        Fine.class,
                        "idempotent.near-cache.maximum-size=-1",
                        "idempotent.near-cache.maximum-size is -1.",
                        "It has to be zero or more."),
                Arguments.of(
                        Fine.class,
                        "idempotent.near-cache.time-to-live=0s",
                        "idempotent.near-cache.time-to-live is PT0S.",
                        "It has to be positive."),
                Arguments.of(
                        Fine.class, "idempotent.lease=1ms", "The lease of operation 'fine-run'", "at least 10 ms."),
                Arguments.of(
                        Fine.class,
                        "idempotent.retention=tomorrow",
                        "it is no duration; write it like 30s, 500ms, 24h or PT30S.",
                        "Correct it."),
                withoutUnit("idempotent.retention"),
                withoutUnit("idempotent.lease"),
                withoutUnit("idempotent.retry.delay"),
                withoutUnit("idempotent.jdbc.statement-timeout"),
                withoutUnit("idempotent.near-cache.time-to-live"),
                withoutUnit("idempotent.operations.fine-run.wait-at-most"),
                Arguments.of(
                        Fine.class,
                        "idempotent.retention=${no.such.property:24}",
                        "The property 'idempotent.retention' cannot be '${no.such.property:24}'",
                        "Correct it."));
    }

    private static Arguments withoutUnit(String property) {
        return Arguments.of(
                Fine.class,
                property + "=24",
                "The property '" + property + "' cannot be '24' (\"" + property
                        + "\" from property source \"commandLineArgs\"): it has no unit; write 24ms, 24s, 24m, 24h"
                        + " or 24d.",
                "Correct it.");
    }

    @Test
    void leavesZeroAndTheDurationsOfOthersAlone() {
        new SpringApplicationBuilder(Application.class, Fine.class)
                .web(WebApplicationType.NONE)
                .run("--idempotent.wait-at-most=0", "--spring.lifecycle.timeout-per-shutdown-phase=500")
                .close();
    }

    private static void start(Class<?> bean, String property) {
        SpringApplication application = new SpringApplicationBuilder(Application.class, bean)
                .web(WebApplicationType.NONE)
                .registerShutdownHook(false)
                .build();
        application.run("--" + property).close();
    }

    @ParameterizedTest(name = "{0} with {1}")
    @MethodSource("failures")
    void explainsDescriptionAndAction(
            Class<?> bean, String property, String description, String action, CapturedOutput output) {
        assertThat(catchThrowable(() -> start(bean, property))).isNotNull();
        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .containsSubsequence("Description:", description, "Action:", action)
                .doesNotContain("\tat io.idempotent.");
    }

    @Test
    void startsWhereNothingIsWrong(CapturedOutput output) {
        start(Fine.class, "idempotent.retention=1h");
        assertThat(output).doesNotContain("APPLICATION FAILED TO START");
    }
}
