package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenCancelled;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.operation.OperationDeclaration;
import io.idempotent.spring.operation.OperationDeclaration.Content;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RecoverSettings;
import io.idempotent.spring.settings.RetryBudgetSettings;
import io.idempotent.spring.settings.RetrySettings;
import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.core.annotation.AliasFor;

class AnnotationOperationSourceTest {

    private final AnnotationOperationSource source = new AnnotationOperationSource(text -> text);

    private static Method method(Class<?> type, String name, boolean bridge) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> method.getName().equals(name) && method.isBridge() == bridge)
                .findFirst()
                .orElseThrow();
    }

    private OperationDeclaration declaration(Class<?> type, String name) {
        return source.declaration(method(type, name, false), type);
    }

    static class Everything {
        @Idempotent(
                key = "#p0",
                operation = "pay",
                scope = "@tenants",
                fingerprint = "#p1",
                unless = "#result == null",
                retention = "2h",
                lease = "PT10S",
                waitAtMost = "500ms",
                recordFailures = {IOException.class, IllegalStateException.class},
                compensateOn = ConnectException.class,
                unknownOn = SocketTimeoutException.class,
                reconcileWith = "find",
                atomic = true,
                transactionManager = "payments",
                whenStoreFails = io.idempotent.spring.operation.WhenStoreFails.RUN,
                whenCancelled = io.idempotent.spring.operation.WhenCancelled.GO_ON,
                store = "redis",
                retry =
                        @Idempotent.Retry(
                                maxRetries = 3,
                                delay = "200ms",
                                multiplier = 2,
                                maxDelay = "5s",
                                jitter = "100ms",
                                timeout = "1m",
                                includes = IOException.class,
                                excludes = IllegalStateException.class,
                                budget = @Idempotent.Budget(tokens = 10, perSuccess = 0.5, name = "bank")),
                recover = @Idempotent.Recover(after = "1m", maxTakeovers = 7, arguments = "#p0", loadWith = "load"))
        public String all(String id, int amount) {
            return id;
        }

        @Idempotent(key = "#p0")
        public String least(String id) {
            return id;
        }

        @Idempotent(
                key = "#p0",
                fingerprint = Idempotent.NONE,
                whenStoreFails = io.idempotent.spring.operation.WhenStoreFails.REFUSE,
                retry =
                        @Idempotent.Retry(
                                maxRetriesString = " 4 ",
                                multiplierString = "1.5",
                                budget = @Idempotent.Budget(tokensString = " 20 ", perSuccessString = "0.25")),
                recover = @Idempotent.Recover(maxTakeoversString = " 3 "))
        public String some(String id) {
            return id;
        }

        public String none(String id) {
            return id;
        }
    }

    @Test
    void readsEveryAttribute() {
        assertThat(declaration(Everything.class, "all"))
                .isEqualTo(new OperationDeclaration(
                        "#p0",
                        "pay",
                        new Content.Expression("#p1"),
                        "#result == null",
                        List.of(IOException.class, IllegalStateException.class),
                        List.of(ConnectException.class),
                        List.of(SocketTimeoutException.class),
                        "find",
                        new OperationDeclaration.Reload("#p0", "load"),
                        new OperationSettings(
                                null,
                                "redis",
                                "@tenants",
                                Duration.ofHours(2),
                                Duration.ofSeconds(10),
                                null,
                                Duration.ofMillis(500),
                                WhenStoreFails.RUN,
                                WhenAbandoned.RECONCILE,
                                WhenCancelled.GO_ON,
                                true,
                                "payments",
                                new RetrySettings(
                                        3L,
                                        Duration.ofMillis(200),
                                        2.0,
                                        Duration.ofSeconds(5),
                                        Duration.ofMillis(100),
                                        Duration.ofMinutes(1),
                                        List.of(IOException.class),
                                        List.of(IllegalStateException.class),
                                        new RetryBudgetSettings(10, 0.5, "bank")),
                                new RecoverSettings(Duration.ofMinutes(1), 7))));
    }

    @Test
    void whatIsLeftAtItsDefaultIsNotSaid() {
        assertThat(declaration(Everything.class, "least"))
                .isEqualTo(new OperationDeclaration(
                        "#p0",
                        null,
                        new Content.Arguments(),
                        null,
                        List.of(),
                        List.of(),
                        List.of(),
                        null,
                        null,
                        OperationSettings.UNSAID));
    }

    @Test
    void numbersMayBeTextAndTheFingerprintNothing() {
        OperationDeclaration declaration = declaration(Everything.class, "some");
        assertThat(declaration.fingerprint()).isEqualTo(new Content.Nothing());
        assertThat(declaration.settings().whenStoreFails()).isEqualTo(WhenStoreFails.REFUSE);
        assertThat(declaration.settings().retry().maxRetries()).isEqualTo(4);
        assertThat(declaration.settings().retry().multiplier()).isEqualTo(1.5);
        assertThat(declaration.settings().recover()).isEqualTo(new RecoverSettings(null, 3));
        assertThat(declaration.reload()).isNull();
    }

    @Test
    void aMethodWithoutTheAnnotationIsNotIdempotent() {
        Method none = method(Everything.class, "none", false);
        assertThat(source.isIdempotent(none, Everything.class)).isFalse();
        assertThat(source.declaration(none, Everything.class)).isNull();
        assertThat(source.isCandidate(String.class)).isFalse();
    }

    // where the annotation stands

    interface Handler<T> {
        @Idempotent(key = "#p0.toString()")
        String handle(T request);
    }

    static class OfInterface implements Handler<Integer> {
        @Override
        public String handle(Integer request) {
            return "ran";
        }
    }

    @Test
    void onAMethodOfAnInterface() {
        Method specific = method(OfInterface.class, "handle", false);
        assertThat(source.isIdempotent(specific, OfInterface.class)).isTrue();
        assertThat(source.isDeclaredOnClass(specific)).isFalse();
        assertThat(source.declaration(specific, OfInterface.class).key()).isEqualTo("#p0.toString()");
        assertThat(source.declaration(method(Handler.class, "handle", false), OfInterface.class)
                        .key())
                .isEqualTo("#p0.toString()");
    }

    @Test
    void onAMethodOfAGenericInterfaceByItsBridgeToo() {
        Method bridge = method(OfInterface.class, "handle", true);
        assertThat(source.declaration(bridge, OfInterface.class).key()).isEqualTo("#p0.toString()");
    }

    static class OnClassToo implements Handler<Integer> {
        @Override
        @Idempotent(key = "#p0")
        public String handle(Integer request) {
            return "ran";
        }
    }

    @Test
    void theClassesOwnAnnotationBeatsTheInterfaces() {
        assertThat(source.declaration(method(Handler.class, "handle", false), OnClassToo.class)
                        .key())
                .isEqualTo("#p0");
        assertThat(source.isDeclaredOnClass(method(OnClassToo.class, "handle", false)))
                .isTrue();
    }

    abstract static class Generic<T> {
        @Idempotent(key = "#p0")
        public T run(T request) {
            return request;
        }
    }

    static class Inherits extends Generic<String> {}

    static class Overrides extends Generic<String> {
        @Override
        public String run(String request) {
            return request + "!";
        }
    }

    @Test
    void onAMethodOfAGenericSuperclass() {
        Method declared = method(Generic.class, "run", false);
        assertThat(source.declaration(declared, Inherits.class).key()).isEqualTo("#p0");
        assertThat(source.declaration(declared, Overrides.class).key()).isEqualTo("#p0");
        assertThat(declaration(Overrides.class, "run").key()).isEqualTo("#p0");
        assertThat(source.declaration(method(Overrides.class, "run", true), Overrides.class)
                        .key())
                .isEqualTo("#p0");
    }

    // composed annotations

    @Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
    @Retention(RetentionPolicy.RUNTIME)
    @Idempotent(key = "#root.args[0]", retention = "7d", store = "ledger")
    @interface OncePerWeek {
        @AliasFor(annotation = Idempotent.class)
        String key();

        @AliasFor(annotation = Idempotent.class, attribute = "operation")
        String name() default "";

        @AliasFor(annotation = Idempotent.class)
        Idempotent.Retry retry() default @Idempotent.Retry(maxRetries = 2);
    }

    @Target(ElementType.METHOD)
    @Retention(RetentionPolicy.RUNTIME)
    @OncePerWeek(key = "#p0.id", name = "weekly")
    @interface Weekly {}

    static class Composed {
        @OncePerWeek(key = "#p0", name = "import")
        public String overridden(String id) {
            return id;
        }

        @Weekly
        public String twice(String id) {
            return id;
        }
    }

    @Test
    void attributesOfAComposedAnnotationStandForItsOwn() {
        OperationDeclaration declaration = declaration(Composed.class, "overridden");
        assertThat(declaration.key()).isEqualTo("#p0");
        assertThat(declaration.operation()).isEqualTo("import");
        assertThat(declaration.settings().retention()).isEqualTo(Duration.ofDays(7));
        assertThat(declaration.settings().store()).isEqualTo("ledger");
        assertThat(declaration.settings().retry().maxRetries()).isEqualTo(2);
        assertThat(source.isCandidate(Composed.class)).isTrue();
        assertThat(source.isDeclaredOnClass(method(Composed.class, "overridden", false)))
                .isTrue();
    }

    @Test
    void annotationsMayBeComposedOfComposedOnes() {
        OperationDeclaration declaration = declaration(Composed.class, "twice");
        assertThat(declaration.key()).isEqualTo("#p0.id");
        assertThat(declaration.operation()).isEqualTo("weekly");
        assertThat(declaration.settings().retention()).isEqualTo(Duration.ofDays(7));
    }

    @Test
    void placeholdersAreResolvedInEveryString() {
        AnnotationOperationSource resolving =
                new AnnotationOperationSource(text -> text.replace("#p0", "#p1").replace("2h", "3h"));
        OperationDeclaration declaration =
                resolving.declaration(method(Everything.class, "all", false), Everything.class);
        assertThat(declaration.key()).isEqualTo("#p1");
        assertThat(declaration.settings().retention()).isEqualTo(Duration.ofHours(3));
    }
}
