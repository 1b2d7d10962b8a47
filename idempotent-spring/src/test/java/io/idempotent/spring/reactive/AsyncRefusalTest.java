package io.idempotent.spring.reactive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.reactivex.rxjava3.core.Flowable;
import io.smallrye.mutiny.Multi;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is refused at startup of methods that end later. */
class AsyncRefusalTest {

    private static final String MANY = "which gives many values one after the other";

    private static final String COLLECT = "Let it collect them, to Mono<List<…>> for example";

    private static final String LATER = "when it returns its work is not done";

    private static final String ANNOTATE = "Annotate a method that returns its result itself";

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {}

    static class ReturnsFlux {
        @Idempotent(key = "#id")
        public Flux<String> run(String id) {
            return Flux.just(id);
        }
    }

    static class ReturnsPublisher {
        @Idempotent(key = "#id")
        public Publisher<String> run(String id) {
            return Flux.just(id);
        }
    }

    static class ReturnsFlowable {
        @Idempotent(key = "#id")
        public Flowable<String> run(String id) {
            return Flowable.just(id);
        }
    }

    static class ReturnsMulti {
        @Idempotent(key = "#id")
        public Multi<String> run(String id) {
            return Multi.createFrom().item(id);
        }
    }

    static class ReturnsMonoOfFlux {
        @Idempotent(key = "#id")
        public Mono<Flux<String>> run(String id) {
            return Mono.just(Flux.just(id));
        }
    }

    static class ReturnsFutureOfStream {
        @Idempotent(key = "#id")
        public CompletableFuture<InputStream> run(String id) {
            return CompletableFuture.completedFuture(InputStream.nullInputStream());
        }
    }

    static class OwnFuture<T> extends CompletableFuture<T> {}

    static class ReturnsOwnFuture {
        @Idempotent(key = "#id")
        public OwnFuture<String> run(String id) {
            return new OwnFuture<>();
        }
    }

    static class ListensToKafka {
        @Idempotent(key = "#id")
        @KafkaListener(topics = "payments", autoStartup = "false")
        public Mono<Void> run(String id) {
            return Mono.empty();
        }
    }

    static class ListensToJms {
        @Idempotent(key = "#id")
        @JmsListener(destination = "payments")
        public CompletableFuture<Void> run(String id) {
            return CompletableFuture.completedFuture(null);
        }
    }

    static Stream<Arguments> refused() {
        ClassLoader kotlin = KotlinCompiler.classes();
        String listens = "listens to messages, and returns before its work is done";
        return Stream.of(
                Arguments.of(ReturnsFlux.class, "reactor.core.publisher.Flux, " + MANY, COLLECT),
                Arguments.of(ReturnsPublisher.class, "org.reactivestreams.Publisher, " + MANY, COLLECT),
                Arguments.of(ReturnsFlowable.class, "io.reactivex.rxjava3.core.Flowable, " + MANY, COLLECT),
                Arguments.of(ReturnsMulti.class, "io.smallrye.mutiny.Multi, " + MANY, COLLECT),
                Arguments.of(
                        ClassUtils.resolveClassName("io.idempotent.spring.reactive.Flows", kotlin),
                        "kotlinx.coroutines.flow.Flow, " + MANY,
                        COLLECT),
                Arguments.of(
                        ClassUtils.resolveClassName("io.idempotent.spring.reactive.SuspendedFlows", kotlin),
                        "kotlinx.coroutines.flow.Flow, " + MANY,
                        COLLECT),
                Arguments.of(ReturnsMonoOfFlux.class, "returns reactor.core.publisher.Flux: " + LATER, ANNOTATE),
                Arguments.of(ReturnsFutureOfStream.class, "returns java.io.InputStream: " + LATER, ANNOTATE),
                Arguments.of(ReturnsOwnFuture.class, "AsyncRefusalTest$OwnFuture: " + LATER, ANNOTATE),
                Arguments.of(ListensToKafka.class, listens, "annotate a method that it calls"),
                Arguments.of(ListensToJms.class, listens, "annotate a method that it calls"));
    }

    @ParameterizedTest
    @MethodSource
    void refused(Class<?> bean, String description, String action) {
        Throwable thrown;
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.setClassLoader(bean.getClassLoader());
            context.register(Application.class, bean);
            thrown = catchThrowable(context::refresh);
        }
        while (thrown != null && !(thrown instanceof IdempotencyConfigurationException)) {
            thrown = thrown.getCause();
        }
        assertThat(thrown).isInstanceOfSatisfying(IdempotencyConfigurationException.class, refusal -> {
            assertThat(refusal.description()).contains(description);
            assertThat(refusal.action()).contains(action);
        });
    }
}
