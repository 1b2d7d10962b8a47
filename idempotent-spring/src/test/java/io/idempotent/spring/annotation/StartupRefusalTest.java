package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.Arrays;
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

    /** What is wrong with a bean, and what the refusal says. */
    @Retention(RetentionPolicy.RUNTIME)
    @interface Refused {

        String what();

        String description();

        String action();
    }

    static Stream<Arguments> refusals() {
        return Arrays.stream(StartupRefusalTest.class.getDeclaredClasses())
                .filter(bean -> bean.isAnnotationPresent(Refused.class))
                .map(bean -> {
                    Refused refused = bean.getAnnotation(Refused.class);
                    return Arguments.of(refused.what(), bean, refused.description(), refused.action());
                });
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

    @Refused(
            what = "an expression that cannot be parsed",
            description = "The expression key = \"#request.\" of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case00.run cannot be parsed",
            action = "Correct it")
    static class Case00 {
        @Idempotent(key = "#request.")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a parameter that there is not",
            description = "names #requst, which is no parameter of the method",
            action = "Known are [#a0, #p0, #request] and #root")
    static class Case01 {
        @Idempotent(key = "#requst.id")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a position beyond the parameters",
            description = "names #p1, which is no parameter",
            action = "Known are")
    static class Case02 {
        @Idempotent(key = "#p1")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bean that there is not",
            description = "names the bean @tenants, which there is not",
            action = "Declare the bean, or correct its name")
    static class Case03 {
        @Idempotent(key = "@tenants.current()")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a parameter without its hash",
            description = "names 'request', which is no property of #root",
            action = "Write #request for the parameter")
    static class Case04 {
        @Idempotent(key = "request.id")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a property that the root has not",
            description = "names 'nonsense', which is no property of #root",
            action = "Known are")
    static class Case05 {
        @Idempotent(key = "#root.nonsense")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "the result in a key",
            description = "names #result, which there is not before the method ran",
            action = "Use it in unless only")
    static class Case06 {
        @Idempotent(key = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "the result in a scope",
            description = "The expression scope = \"#result\"",
            action = "Use it in unless only")
    static class Case07 {
        @Idempotent(key = "#request.id", scope = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "the result in a fingerprint",
            description = "The expression fingerprint = \"#result\"",
            action = "Use it in unless only")
    static class Case08 {
        @Idempotent(key = "#request.id", fingerprint = "#result")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(what = "a function", description = "calls a function, #digest", action = "Call a method of a bean")
    static class Case09 {
        @Idempotent(key = "#digest(#request)")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad expression in unless",
            description = "The expression unless = \"#reslt == null\"",
            action = "Known are")
    static class Case10 {
        @Idempotent(key = "#request.id", unless = "#reslt == null")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(what = "a bad element of a composite key", description = "names #nobody", action = "Known are")
    static class Case11 {
        @Idempotent(key = "{#request.id, #nobody}")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "an empty key",
            description = "@Idempotent(key = \" \") of io.idempotent.spring.annotation.StartupRefusalTest$Case12.run"
                    + " is empty",
            action = "Say what tells calls apart")
    static class Case12 {
        @Idempotent(key = " ")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a duration without a unit",
            description = "@Idempotent(retention = \"24\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$WithoutUnit.run"
                    + " has no unit; write 24ms, 24s, 24m, 24h or 24d",
            action = "Correct it")
    static class WithoutUnit {
        @Idempotent(key = "#p0", retention = "24")
        public void run(String id) {}
    }

    @Refused(
            what = "a placeholder's duration without a unit",
            description = "retry.delay = \"${no.such.delay:5}\") of io.idempotent.spring.annotation.StartupRefusalTest"
                    + "$PlaceholderWithoutUnit.run is \"5\", which has no unit",
            action = "Correct it")
    static class PlaceholderWithoutUnit {
        @Idempotent(key = "#p0", retry = @Idempotent.Retry(maxRetries = 1, delay = "${no.such.delay:5}"))
        public void run(String id) {}
    }

    @Refused(
            what = "a placeholder's empty key",
            description = "@Idempotent(key = \"${no.such.key:}\") of io.idempotent.spring.annotation.StartupRefusalTest"
                    + "$EmptyPlaceholder.run is empty",
            action = "Say what tells calls apart")
    static class EmptyPlaceholder {
        @Idempotent(key = "${no.such.key:}")
        public void run(String id) {}
    }

    @Refused(
            what = "a constant key of a placeholder",
            description = "The expression key = \"'pay'\" of",
            action = "Use what tells calls apart")
    static class ConstantPlaceholder {
        @Idempotent(key = "${no.such.key:'pay'}")
        public void run(String id) {}
    }

    @Refused(
            what = "a placeholder that nothing resolves",
            description = "has a placeholder that cannot be resolved: ${no.such.property}",
            action = "Set the property")
    static class Case13 {
        @Idempotent(key = "${no.such.property}")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of retention",
            description = "@Idempotent(retention = \"tomorrow\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case14.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case14 {
        @Idempotent(key = "#request.id", retention = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of lease",
            description = "@Idempotent(lease = \"tomorrow\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case15.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case15 {
        @Idempotent(key = "#request.id", lease = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of waitAtMost",
            description = "@Idempotent(waitAtMost = \"tomorrow\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case16.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case16 {
        @Idempotent(key = "#request.id", waitAtMost = "tomorrow")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of retry.delay",
            description = "@Idempotent(retry.delay = \"soon\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case17.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case17 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(delay = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of retry.maxDelay",
            description = "@Idempotent(retry.maxDelay = \"soon\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case18.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case18 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxDelay = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of retry.jitter",
            description = "@Idempotent(retry.jitter = \"soon\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case19.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case19 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(jitter = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad duration of retry.timeout",
            description = "@Idempotent(retry.timeout = \"soon\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case20.run is no duration;"
                    + " write it like 30s",
            action = "Correct it")
    static class Case20 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(timeout = "soon"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad number of retry.maxRetries",
            description = "@Idempotent(retry.maxRetriesString = \"many\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case21.run is no number",
            action = "Correct it")
    static class Case21 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetriesString = "many"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a bad number of retry.multiplier",
            description = "@Idempotent(retry.multiplierString = \"many\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case22.run is no number",
            action = "Correct it")
    static class Case22 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(multiplierString = "many"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "retries said twice",
            description = "@Idempotent(retry.maxRetries = \"3\") of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case23.run is said twice,"
                    + " as a number too",
            action = "Keep one of them")
    static class Case23 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 2, maxRetriesString = "3"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a multiplier said twice",
            description = "is said twice, as a number too",
            action = "Keep one of them")
    static class Case24 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(multiplier = 2, multiplierString = "3"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a retry that cannot be",
            description = "The retry of operation '",
            action = "Correct it at the method's @Idempotent(retry = …)")
    static class Case25 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 2, multiplier = 0.5))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(what = "a negative number of retries", description = "The retry of operation '", action = "Correct it at")
    static class Case26 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetriesString = "-2"))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "no retention",
            description = "The retention of operation '",
            action = "It has to be more than zero")
    static class Case27 {
        @Idempotent(key = "#request.id", retention = "0s")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "too short a lease",
            description = "The lease of operation '",
            action = "It has to be at least 10 ms")
    static class Case28 {
        @Idempotent(key = "#request.id", lease = "1ms")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a negative wait",
            description = "The wait-at-most of operation '",
            action = "It has to be zero or more")
    static class Case29 {
        @Idempotent(key = "#request.id", waitAtMost = "-1s")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a store that there is not",
            description = "There is no idempotency store 'redis'; there are the beans [caffeineIdempotencyStore]",
            action = "Set idempotent.store")
    static class Case30 {
        @Idempotent(key = "#request.id", store = "redis")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "an operation with a dot",
            description = "'payments.pay' cannot be the operation's name of"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case31.run(Request)",
            action = "ASCII letters, digits, hyphens or underscores")
    static class Case31 {
        @Idempotent(key = "#request.id", operation = "payments.pay")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "an operation with too long a name",
            description = "cannot be the operation's name",
            action = "at most 200")
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

    @Refused(
            what = "a method whose default name cannot be one",
            description = "cannot be the operation's name",
            action = "Set operation to a name")
    static class Case33 {
        @Idempotent(key = "#request.id")
        public String pay$all(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a final method",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case34.run(Request) cannot be"
                    + " intercepted by a proxy, since it is final",
            action = "Make it a method that can be overridden")
    static class Case34 {
        @Idempotent(key = "#request.id")
        public final String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a private method",
            description = "cannot be intercepted by a proxy, since it is private",
            action = "Make it a method that can be overridden")
    static class Case35 {
        @Idempotent(key = "#request.id")
        private String run(Request request) {
            return "ran";
        }

        String use() {
            return run(new Request("x"));
        }
    }

    @Refused(
            what = "a static method",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case36.run(Request) is static and"
                    + " cannot be intercepted",
            action = "Make it an instance method of a bean")
    static class Case36 {
        @Idempotent(key = "#request.id")
        static String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a final class",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case37.run(Request) cannot be"
                    + " intercepted, since its class is final",
            action = "Make the class not final")
    static final class Case37 {
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a method that makes a bean",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case38.product() makes a bean, and"
                    + " calls of it are not requests",
            action = "Annotate the methods of the bean that it makes")
    static class Case38 {
        @Bean
        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        String product() {
            return "made";
        }
    }

    @Refused(
            what = "a method that the interfaces of a JDK proxy lack",
            description = "is proxied by its interfaces, none of which has"
                    + " io.idempotent.spring.annotation.StartupRefusalTest$Case39.run(Request)",
            action = "Declare the method in an interface, or proxy the class")
    static class Case39 implements Other {
        @Idempotent(key = "#request.id")
        public String run(Request request) {
            return "ran";
        }

        @Override
        public void other() {}
    }

    @Refused(
            what = "two methods with one default name",
            description = "and so would answer each other's keys",
            action = "Give each an operation of its own, or the same one on both")
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

    @Refused(
            what = "a name that only one of two methods says",
            description = "by letters and digits",
            action = "Give each an operation of its own")
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

    @Refused(
            what = "a method that returns CompletableFuture<InputStream>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case42.run(Request) returns"
                    + " java.io.InputStream: when it returns its work is not done,"
                    + " or its result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case42 {
        @Idempotent(key = "#request.id")
        public CompletableFuture<InputStream> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns CompletionStage<Future<String>>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case43.run(Request) returns"
                    + " java.util.concurrent.Future: when it returns its work is not done, or"
                    + " its result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case43 {
        @Idempotent(key = "#request.id")
        public CompletionStage<Future<String>> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns Future<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case44.run(Request) returns"
                    + " java.util.concurrent.Future: when it returns its work is not done, or its"
                    + " result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case44 {
        @Idempotent(key = "#request.id")
        public Future<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns Flow.Publisher<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case45.run(Request) returns"
                    + " java.util.concurrent.Flow$Publisher, which gives many values one after the other",
            action = "Let it collect them, to Mono<List")
    static class Case45 {
        @Idempotent(key = "#request.id")
        public Flow.Publisher<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns Callable<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case46.run(Request) returns"
                    + " java.util.concurrent.Callable: when it returns its work is not done, or its"
                    + " result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case46 {
        @Idempotent(key = "#request.id")
        public Callable<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns Stream<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case47.run(Request) returns"
                    + " java.util.stream.Stream: when it returns its work is not done, or its result"
                    + " can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case47 {
        @Idempotent(key = "#request.id")
        public Stream<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns IntStream",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case48.run(Request) returns"
                    + " java.util.stream.IntStream: when it returns its work is not done, or its"
                    + " result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case48 {
        @Idempotent(key = "#request.id")
        public IntStream run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns InputStream",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case49.run(Request) returns"
                    + " java.io.InputStream: when it returns its work is not done, or its result can"
                    + " be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case49 {
        @Idempotent(key = "#request.id")
        public InputStream run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns ByteArrayInputStream",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case50.run(Request) returns"
                    + " java.io.ByteArrayInputStream: when it returns its work is not done, or its"
                    + " result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case50 {
        @Idempotent(key = "#request.id")
        public ByteArrayInputStream run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns Iterator<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case51.run(Request) returns"
                    + " java.util.Iterator: when it returns its work is not done, or its result can be"
                    + " read only once",
            action = "Annotate a method that returns its result itself")
    static class Case51 {
        @Idempotent(key = "#request.id")
        public Iterator<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns DeferredResult<String>",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case52.run(Request) returns"
                    + " org.springframework.web.context.request.async.DeferredResult: when it returns"
                    + " its work is not done, or its result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case52 {
        @Idempotent(key = "#request.id")
        public DeferredResult<String> run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns StreamingResponseBody",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case53.run(Request) returns"
                    + " org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody:"
                    + " when it returns its work is not done, or its result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case53 {
        @Idempotent(key = "#request.id")
        public StreamingResponseBody run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a method that returns SseEmitter",
            description = "io.idempotent.spring.annotation.StartupRefusalTest$Case54.run(Request) returns"
                    + " org.springframework.web.servlet.mvc.method.annotation.SseEmitter: when it"
                    + " returns its work is not done, or its result can be read only once",
            action = "Annotate a method that returns its result itself")
    static class Case54 {
        @Idempotent(key = "#request.id")
        public SseEmitter run(Request request) {
            return null;
        }
    }

    @Refused(
            what = "a budget with a negative number of tokens, of a retry that is off",
            description = "is invalid: Invalid budget.tokens (-1): must be positive or zero for no budget",
            action = "Correct it at")
    static class Case55 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(budget = @Idempotent.Budget(tokensString = "-1")))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a budget that no success fills",
            description = "is invalid: Invalid budget.per-success (-0.1): must be at least 0.001",
            action = "Correct it at")
    static class Case56 {
        @Idempotent(
                key = "#request.id",
                retry = @Idempotent.Retry(budget = @Idempotent.Budget(tokens = 10, perSuccess = -0.1)))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a budget that has a name alone",
            description = "is invalid: Invalid budget: its tokens are not set",
            action = "Correct it at")
    static class Case57 {
        @Idempotent(
                key = "#request.id",
                retry = @Idempotent.Retry(maxRetries = 3, budget = @Idempotent.Budget(name = "bank")))
        public String run(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a shared budget that has two sizes",
            description = " tokens, 0.2 per success): another operation that shares it sets ",
            action = "Correct it at")
    static class Case58 {
        @Idempotent(
                key = "#request.id",
                operation = "a",
                retry = @Idempotent.Retry(maxRetries = 3, budget = @Idempotent.Budget(tokens = 10, name = "bank")))
        public String one(Request request) {
            return "ran";
        }

        @Idempotent(
                key = "#request.id",
                operation = "b",
                retry = @Idempotent.Retry(maxRetries = 3, budget = @Idempotent.Budget(tokens = 20, name = "bank")))
        public String other(Request request) {
            return "ran";
        }
    }

    @Refused(
            what = "a budget's number that is no number",
            description = "@Idempotent(retry.budget.tokensString = \"some\") of",
            action = "Correct it")
    static class Case59 {
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(budget = @Idempotent.Budget(tokensString = "some")))
        public String run(Request request) {
            return "ran";
        }
    }
}
