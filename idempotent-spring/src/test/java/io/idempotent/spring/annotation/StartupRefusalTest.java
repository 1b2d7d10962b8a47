package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Iterator;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** Each way to annotate a method wrongly, in plain Spring: as an eager bean and as a lazy one. */
@SuppressWarnings({"UnusedMethod", "UnusedVariable"})
class StartupRefusalTest {

    record Request(String id) {}

    interface Other {
        void other();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal(
                        "an expression that cannot be parsed",
                        Case00.class,
                        "The expression key = \"#request.\" of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case00.run cannot be parsed",
                        "Correct it"),
                refusal(
                        "a parameter that there is not",
                        Case01.class,
                        "names #requst, which is no parameter of the method",
                        "Known are [#a0, #p0, #request] and #root"),
                refusal(
                        "a position beyond the parameters",
                        Case02.class,
                        "names #p1, which is no parameter",
                        "Known are"),
                refusal(
                        "a bean that there is not",
                        Case03.class,
                        "names the bean @tenants, which there is not",
                        "Declare the bean, or correct its name"),
                refusal(
                        "a parameter without its hash",
                        Case04.class,
                        "names 'request', which is no property of #root",
                        "Write #request for the parameter"),
                refusal(
                        "a property that the root has not",
                        Case05.class,
                        "names 'nonsense', which is no property of #root",
                        "Known are"),
                refusal(
                        "the result in a key",
                        Case06.class,
                        "names #result, which there is not before the method ran",
                        "Use it in unless only"),
                refusal(
                        "the result in a scope",
                        Case07.class,
                        "The expression scope = \"#result\"",
                        "Use it in unless only"),
                refusal(
                        "the result in a fingerprint",
                        Case08.class,
                        "The expression fingerprint = \"#result\"",
                        "Use it in unless only"),
                refusal("a function", Case09.class, "calls a function, #digest", "Call a method of a bean"),
                refusal(
                        "a bad expression in unless",
                        Case10.class,
                        "The expression unless = \"#reslt == null\"",
                        "Known are"),
                refusal("a bad element of a composite key", Case11.class, "names #nobody", "Known are"),
                refusal(
                        "an empty key",
                        Case12.class,
                        "@Idempotent(key = \" \") of io.idempotent.spring.annotation.StartupRefusalTest$Case12.run"
                                + " is empty",
                        "Say what tells calls apart"),
                refusal(
                        "a placeholder that nothing resolves",
                        Case13.class,
                        "has a placeholder that cannot be resolved: ${no.such.property}",
                        "Set the property"),
                refusal(
                        "a duration without a unit",
                        WithoutUnit.class,
                        "@Idempotent(retention = \"24\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$WithoutUnit.run"
                                + " has no unit; write 24ms, 24s, 24m, 24h or 24d",
                        "Correct it"),
                refusal(
                        "a placeholder's duration without a unit",
                        PlaceholderWithoutUnit.class,
                        "retry.delay = \"${no.such.delay:5}\") of io.idempotent.spring.annotation.StartupRefusalTest"
                                + "$PlaceholderWithoutUnit.run is \"5\", which has no unit",
                        "Correct it"),
                refusal(
                        "a placeholder's empty key",
                        EmptyPlaceholder.class,
                        "@Idempotent(key = \"${no.such.key:}\") of io.idempotent.spring.annotation.StartupRefusalTest"
                                + "$EmptyPlaceholder.run is empty",
                        "Say what tells calls apart"),
                refusal(
                        "a constant key of a placeholder",
                        ConstantPlaceholder.class,
                        "The expression key = \"'pay'\" of",
                        "Use what tells calls apart"),
                refusal(
                        "a bad duration of retention",
                        Case14.class,
                        "@Idempotent(retention = \"tomorrow\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case14.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of lease",
                        Case15.class,
                        "@Idempotent(lease = \"tomorrow\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case15.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of waitAtMost",
                        Case16.class,
                        "@Idempotent(waitAtMost = \"tomorrow\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case16.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of retry.delay",
                        Case17.class,
                        "@Idempotent(retry.delay = \"soon\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case17.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of retry.maxDelay",
                        Case18.class,
                        "@Idempotent(retry.maxDelay = \"soon\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case18.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of retry.jitter",
                        Case19.class,
                        "@Idempotent(retry.jitter = \"soon\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case19.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad duration of retry.timeout",
                        Case20.class,
                        "@Idempotent(retry.timeout = \"soon\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case20.run is no duration;"
                                + " write it like 30s",
                        "Correct it"),
                refusal(
                        "a bad number of retry.maxRetries",
                        Case21.class,
                        "@Idempotent(retry.maxRetriesString = \"many\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case21.run is no number",
                        "Write it in digits"),
                refusal(
                        "a bad number of retry.multiplier",
                        Case22.class,
                        "@Idempotent(retry.multiplierString = \"many\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case22.run is no number",
                        "Write it in digits"),
                refusal(
                        "retries said twice",
                        Case23.class,
                        "@Idempotent(retry.maxRetries = \"3\") of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case23.run is said twice,"
                                + " as a number too",
                        "Keep one of them"),
                refusal("a multiplier said twice", Case24.class, "is said twice, as a number too", "Keep one of them"),
                refusal(
                        "a retry that cannot be",
                        Case25.class,
                        "The retry of operation '",
                        "Correct it at the method's @Idempotent(retry = …)"),
                refusal("a negative number of retries", Case26.class, "The retry of operation '", "Correct it at"),
                refusal("no retention", Case27.class, "The retention of operation '", "It has to be more than zero"),
                refusal("too short a lease", Case28.class, "The lease of operation '", "It has to be at least 10 ms"),
                refusal(
                        "a negative wait",
                        Case29.class,
                        "The wait-at-most of operation '",
                        "It has to be zero or more"),
                refusal(
                        "a store that there is not",
                        Case30.class,
                        "There is no idempotency store 'redis'; there are the beans [caffeineIdempotencyStore]",
                        "Set idempotent.store"),
                refusal(
                        "an operation with a dot",
                        Case31.class,
                        "'payments.pay' cannot be the operation's name of"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case31.run(Request)",
                        "ASCII letters, digits, hyphens or underscores"),
                refusal(
                        "an operation with too long a name",
                        Case32.class,
                        "cannot be the operation's name",
                        "at most 200"),
                refusal(
                        "a method whose default name cannot be one",
                        Case33.class,
                        "cannot be the operation's name",
                        "Set operation to a name"),
                refusal(
                        "a final method",
                        Case34.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case34.run(Request) cannot be"
                                + " intercepted by a proxy, since it is final",
                        "Make it a method that can be overridden"),
                refusal(
                        "a private method",
                        Case35.class,
                        "cannot be intercepted by a proxy, since it is private",
                        "Make it a method that can be overridden"),
                refusal(
                        "a static method",
                        Case36.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case36.run(Request) is static and"
                                + " cannot be intercepted",
                        "Make it an instance method of a bean"),
                refusal(
                        "a final class",
                        Case37.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case37.run(Request) cannot be"
                                + " intercepted, since its class is final",
                        "Make the class not final"),
                refusal(
                        "a method that makes a bean",
                        Case38.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case38.product() makes a bean, and"
                                + " calls of it are not requests",
                        "Annotate the methods of the bean that it makes"),
                refusal(
                        "a method that the interfaces of a JDK proxy lack",
                        Case39.class,
                        "is proxied by its interfaces, none of which has"
                                + " io.idempotent.spring.annotation.StartupRefusalTest$Case39.run(Request)",
                        "Declare the method in an interface, or proxy the class"),
                refusal(
                        "two methods with one default name",
                        Case40.class,
                        "and so would answer each other's keys",
                        "Give each an operation of its own, or the same one on both"),
                refusal(
                        "a name that only one of two methods says",
                        Case41.class,
                        "by letters and digits",
                        "Give each an operation of its own"),
                refusal(
                        "a method that returns CompletableFuture<String>",
                        Case42.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case42.run(Request) returns"
                                + " java.util.concurrent.CompletableFuture: when it returns its work is not done,"
                                + " or its result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns CompletionStage<String>",
                        Case43.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case43.run(Request) returns"
                                + " java.util.concurrent.CompletionStage: when it returns its work is not done, or"
                                + " its result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns Future<String>",
                        Case44.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case44.run(Request) returns"
                                + " java.util.concurrent.Future: when it returns its work is not done, or its"
                                + " result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns Flow.Publisher<String>",
                        Case45.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case45.run(Request) returns"
                                + " java.util.concurrent.Flow$Publisher: when it returns its work is not done, or"
                                + " its result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns Callable<String>",
                        Case46.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case46.run(Request) returns"
                                + " java.util.concurrent.Callable: when it returns its work is not done, or its"
                                + " result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns Stream<String>",
                        Case47.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case47.run(Request) returns"
                                + " java.util.stream.Stream: when it returns its work is not done, or its result"
                                + " can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns IntStream",
                        Case48.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case48.run(Request) returns"
                                + " java.util.stream.IntStream: when it returns its work is not done, or its"
                                + " result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns InputStream",
                        Case49.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case49.run(Request) returns"
                                + " java.io.InputStream: when it returns its work is not done, or its result can"
                                + " be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns ByteArrayInputStream",
                        Case50.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case50.run(Request) returns"
                                + " java.io.ByteArrayInputStream: when it returns its work is not done, or its"
                                + " result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns Iterator<String>",
                        Case51.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case51.run(Request) returns"
                                + " java.util.Iterator: when it returns its work is not done, or its result can be"
                                + " read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns DeferredResult<String>",
                        Case52.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case52.run(Request) returns"
                                + " org.springframework.web.context.request.async.DeferredResult: when it returns"
                                + " its work is not done, or its result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns StreamingResponseBody",
                        Case53.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case53.run(Request) returns"
                                + " org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody:"
                                + " when it returns its work is not done, or its result can be read only once",
                        "Annotate a method that returns its result itself"),
                refusal(
                        "a method that returns SseEmitter",
                        Case54.class,
                        "io.idempotent.spring.annotation.StartupRefusalTest$Case54.run(Request) returns"
                                + " org.springframework.web.servlet.mvc.method.annotation.SseEmitter: when it"
                                + " returns its work is not done, or its result can be read only once",
                        "Annotate a method that returns its result itself"));
    }

    private static Arguments refusal(String what, Class<?> bean, String description, String action) {
        return Arguments.of(what, bean, description, action);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void stopsTheStartAndSaysWhatIsWrongAndWhatToDo(String what, Class<?> bean, String description, String action) {
        assertRefused(bean, false, description, action);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void stopsTheStartForALazyBeanToo(String what, Class<?> bean, String description, String action) {
        assertRefused(bean, true, description, action);
    }

    /** The refusal itself; Spring wraps what is refused while a bean is made. */
    private static IdempotencyConfigurationException refusal(Throwable failure) {
        Throwable cause = failure;
        while (cause != null && !(cause instanceof IdempotencyConfigurationException)) {
            cause = cause.getCause();
        }
        assertThat(cause).as("refusal in %s", failure).isNotNull();
        return (IdempotencyConfigurationException) cause;
    }

    private static <T> void assertRefused(Class<T> bean, boolean lazy, String description, String action) {
        new ApplicationContextRunner()
                .withUserConfiguration(Enabled.class)
                .withInitializer(context -> ((GenericApplicationContext) context)
                        .registerBean(bean, definition -> definition.setLazyInit(lazy)))
                .run(context -> {
                    IdempotencyConfigurationException refusal = refusal(context.getStartupFailure());
                    assertThat(refusal.description()).contains(description).doesNotEndWith(".");
                    assertThat(refusal.action()).contains(action).doesNotEndWith(".");
                    assertThat(refusal).hasMessage(refusal.description() + ". " + refusal.action());
                });
    }

    static class Case00 {
        @Idempotent(key = "#request.")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case01 {
        @Idempotent(key = "#requst.id")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case02 {
        @Idempotent(key = "#p1")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case03 {
        @Idempotent(key = "@tenants.current()")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case04 {
        @Idempotent(key = "request.id")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case05 {
        @Idempotent(key = "#root.nonsense")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case06 {
        @Idempotent(key = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case07 {
        @Idempotent(key = "#request.id", scope = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case08 {
        @Idempotent(key = "#request.id", fingerprint = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case09 {
        @Idempotent(key = "#digest(#request)")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case10 {
        @Idempotent(key = "#request.id", unless = "#reslt == null")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case11 {
        @Idempotent(key = "{#request.id, #nobody}")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case12 {
        @Idempotent(key = " ")
        public String run(Request request) {
            return "ran";
        }
    }

    static class WithoutUnit {
        @Idempotent(key = "#p0", retention = "24")
        public void run(String id) {}
    }

    static class PlaceholderWithoutUnit {
        @Idempotent(key = "#p0", retry = @Idempotent.Retry(maxRetries = 1, delay = "${no.such.delay:5}"))
        public void run(String id) {}
    }

    static class EmptyPlaceholder {
        @Idempotent(key = "${no.such.key:}")
        public void run(String id) {}
    }

    static class ConstantPlaceholder {
        @Idempotent(key = "${no.such.key:'pay'}")
        public void run(String id) {}
    }

    static class Case13 {
        @Idempotent(key = "${no.such.property}")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case14 {
        @Idempotent(key = "#request.id", retention = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case15 {
        @Idempotent(key = "#request.id", lease = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case16 {
        @Idempotent(key = "#request.id", waitAtMost = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case17 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(delay = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case18 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxDelay = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case19 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(jitter = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case20 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(timeout = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case21 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetriesString = "many"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case22 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(multiplierString = "many"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case23 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 2, maxRetriesString = "3"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case24 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(multiplier = 2, multiplierString = "3"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case25 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 2, multiplier = 0.5))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case26 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetriesString = "-2"))
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case27 {
        @Idempotent(key = "#request.id", retention = "0s")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case28 {
        @Idempotent(key = "#request.id", lease = "1ms")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case29 {
        @Idempotent(key = "#request.id", waitAtMost = "-1s")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case30 {
        @Idempotent(key = "#request.id", store = "redis")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case31 {
        @Idempotent(key = "#request.id", operation = "payments.pay")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case32 {
        @Idempotent(
                key = "#request.id",
                operation = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                        + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                        + "xxxxxxxxxxxxxxxxxxxxx")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case33 {
        @Idempotent(key = "#request.id")
        public String pay$all(Request request) {
            return "ran";
        }
    }

    static class Case34 {
        @Idempotent(key = "#request.id")
        public final String run(Request request) {
            return "ran";
        }
    }

    static class Case35 {
        @Idempotent(key = "#request.id")
        private String run(Request request) {
            return "ran";
        }

        String use() {
            return run(new Request("x"));
        }
    }

    static class Case36 {
        @Idempotent(key = "#request.id")
        static String run(Request request) {
            return "ran";
        }
    }

    static final class Case37 {
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return "ran";
        }
    }

    static class Case38 {
        @Bean
        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        String product() {
            return "made";
        }
    }

    static class Case39 implements Other {
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return "ran";
        }

        @Override
        public void other() {}
    }

    static class Case40 {
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return "ran";
        }

        @Idempotent(key = "#id")
        public String run(String id) {
            return "ran";
        }
    }

    static class Case41 {
        @Idempotent(key = "#request.id", operation = "two-methods-pay")
        public String run(Request request) {
            return "ran";
        }

        @Idempotent(key = "#id", operation = "TwoMethodsPay")
        public String other(String id) {
            return "ran";
        }
    }

    static class Case42 {
        @Idempotent(key = "#request.id")
        public CompletableFuture<String> run(Request request) {
            return null;
        }
    }

    static class Case43 {
        @Idempotent(key = "#request.id")
        public CompletionStage<String> run(Request request) {
            return null;
        }
    }

    static class Case44 {
        @Idempotent(key = "#request.id")
        public Future<String> run(Request request) {
            return null;
        }
    }

    static class Case45 {
        @Idempotent(key = "#request.id")
        public Flow.Publisher<String> run(Request request) {
            return null;
        }
    }

    static class Case46 {
        @Idempotent(key = "#request.id")
        public Callable<String> run(Request request) {
            return null;
        }
    }

    static class Case47 {
        @Idempotent(key = "#request.id")
        public Stream<String> run(Request request) {
            return null;
        }
    }

    static class Case48 {
        @Idempotent(key = "#request.id")
        public IntStream run(Request request) {
            return null;
        }
    }

    static class Case49 {
        @Idempotent(key = "#request.id")
        public InputStream run(Request request) {
            return null;
        }
    }

    static class Case50 {
        @Idempotent(key = "#request.id")
        public ByteArrayInputStream run(Request request) {
            return null;
        }
    }

    static class Case51 {
        @Idempotent(key = "#request.id")
        public Iterator<String> run(Request request) {
            return null;
        }
    }

    static class Case52 {
        @Idempotent(key = "#request.id")
        public DeferredResult<String> run(Request request) {
            return null;
        }
    }

    static class Case53 {
        @Idempotent(key = "#request.id")
        public StreamingResponseBody run(Request request) {
            return null;
        }
    }

    static class Case54 {
        @Idempotent(key = "#request.id")
        public SseEmitter run(Request request) {
            return null;
        }
    }
}
