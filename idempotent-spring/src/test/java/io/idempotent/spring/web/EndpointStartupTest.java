package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.operation.WhenAbandoned;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What cannot be protected as it is declared or configured does not start, and says why. */
class EndpointStartupTest {

    private final WebApplicationContextRunner web = new WebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    IdempotencyAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    HttpMessageConvertersAutoConfiguration.class,
                    DispatcherServletAutoConfiguration.class,
                    WebMvcAutoConfiguration.class))
            .withPropertyValues("idempotent.store=caffeine");

    @RestController
    static class Fine {
        @PostMapping("/fine")
        @IdempotentEndpoint(operation = "fine")
        Mono<ResponseEntity<String>> order() {
            return Mono.just(ResponseEntity.ok("done"));
        }
    }

    @RestController
    static class Both {
        @PostMapping("/both")
        @IdempotentEndpoint
        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        public String order() {
            return "done";
        }
    }

    @RestController
    static class Events {
        @PostMapping("/events")
        @IdempotentEndpoint
        SseEmitter order() {
            return new SseEmitter();
        }
    }

    @RestController
    static class Streamed {
        @PostMapping("/streamed")
        @IdempotentEndpoint
        ResponseEntity<StreamingResponseBody> order() {
            return ResponseEntity.ok().build();
        }
    }

    @RestController
    static class Several {
        @PostMapping("/several")
        @IdempotentEndpoint
        Flux<String> order() {
            return Flux.empty();
        }
    }

    @RestController
    static class SeveralInside {
        @PostMapping("/several")
        @IdempotentEndpoint
        Mono<ResponseEntity<Flux<String>>> order() {
            return Mono.empty();
        }
    }

    @RestController
    static class EmitterInside {
        @PostMapping("/emitter")
        @IdempotentEndpoint
        DeferredResult<ResponseBodyEmitter> order() {
            return new DeferredResult<>();
        }
    }

    @RestController
    static class StreamedInside {
        @PostMapping("/streamed")
        @IdempotentEndpoint
        Callable<ResponseEntity<StreamingResponseBody>> order() {
            return () -> ResponseEntity.ok().build();
        }
    }

    static class NoHandler {
        @IdempotentEndpoint
        String order() {
            return "done";
        }
    }

    @RestController
    static class Soon {
        @PostMapping("/soon")
        @IdempotentEndpoint(lease = "soon")
        String order() {
            return "done";
        }
    }

    @RestController
    static class Unresolved {
        @PostMapping("/unresolved")
        @IdempotentEndpoint(retention = "${nobody.set.this}")
        String order() {
            return "done";
        }
    }

    @RestController
    static class BadName {
        @PostMapping("/bad-name")
        @IdempotentEndpoint(operation = "order.now")
        String order() {
            return "done";
        }
    }

    @RestController
    static class Nowhere {
        @PostMapping("/nowhere")
        @IdempotentEndpoint(store = "nowhere")
        String order() {
            return "done";
        }
    }

    @RestController
    static class Unreconciled {
        @PostMapping("/unreconciled")
        @IdempotentEndpoint(whenAbandoned = WhenAbandoned.RECONCILE)
        String order() {
            return "done";
        }
    }

    @RestController
    static class Twin {
        @PostMapping("/twin")
        @IdempotentEndpoint(operation = "FINE")
        String order() {
            return "done";
        }
    }

    @RestController
    static class Unsaid {
        @PostMapping("/unsaid")
        @IdempotentEndpoint
        String order() {
            return "done";
        }
    }

    static class Elsewhere {
        @RestController
        static class Unsaid {
            @PostMapping("/elsewhere")
            @IdempotentEndpoint
            String order() {
                return "done";
            }
        }
    }

    private static void assertRefused(Throwable failure, String... said) {
        assertThat(failure).isNotNull();
        List<IdempotencyConfigurationException> ours = Stream.iterate(
                        failure, cause -> cause != null, Throwable::getCause)
                .filter(IdempotencyConfigurationException.class::isInstance)
                .map(IdempotencyConfigurationException.class::cast)
                .toList();
        assertThat(ours).as("%s", failure).hasSize(1);
        assertThat(ours.get(0)).hasMessageContainingAll(said);
    }

    static List<Arguments> refused() {
        return List.of(
                Arguments.of(Both.class, "@IdempotentEndpoint and with @Idempotent"),
                Arguments.of(Events.class, "streams its response"),
                Arguments.of(Streamed.class, "streams its response"),
                Arguments.of(Several.class, "streams its response"),
                Arguments.of(SeveralInside.class, "streams its response"),
                Arguments.of(EmitterInside.class, "streams its response"),
                Arguments.of(StreamedInside.class, "streams its response"),
                Arguments.of(NoHandler.class, "handles no requests of Spring MVC"),
                Arguments.of(Soon.class, "lease = \"soon\""),
                Arguments.of(Unresolved.class, "retention = \"${nobody.set.this}\""),
                Arguments.of(BadName.class, "'order.now' cannot be the operation's name"),
                Arguments.of(Nowhere.class, "no idempotency store 'nowhere'"),
                Arguments.of(Unreconciled.class, "Reconciler"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refusesWhatCannotBeProtected(Class<?> bean, String said) {
        web.withBean(bean).run(context -> assertRefused(context.getStartupFailure(), said));
    }

    @Test
    void refusesTwoEndpointsOfOneName() {
        web.withBean(Unsaid.class)
                .withBean(Elsewhere.Unsaid.class)
                .run(context -> assertRefused(context.getStartupFailure(), "are both the operation 'unsaid-order'"));
        web.withBean(Fine.class)
                .withBean(Twin.class)
                .run(context -> assertRefused(context.getStartupFailure(), "equals by letters and digits"));
    }

    static List<Arguments> properties() {
        return List.of(
                Arguments.of("idempotent.web.unknown-statuses=5xx", "unknown after the statuses [5xx]"),
                Arguments.of("idempotent.web.unknown-statuses=503", "503"),
                Arguments.of("idempotent.web.released-statuses=6xx", "6xx"),
                Arguments.of("idempotent.web.header=Idempotency Key", "header"),
                Arguments.of("idempotent.web.maximum-body-size=3GB", "maximum-body-size"),
                Arguments.of("idempotent.operations.fine.retry.max-retries=3", "retry"),
                Arguments.of("idempotent.operations.fine.atomic=true", "atomic"),
                Arguments.of("idempotent.operations.fine.scope='a'", "scope"),
                Arguments.of("idempotent.operations.find.lease=1s", "find"));
    }

    @ParameterizedTest
    @MethodSource("properties")
    void refusesPropertiesThatAnEndpointCannotHave(String property, String said) {
        web.withBean(Fine.class)
                .withPropertyValues(property)
                .run(context -> assertRefused(context.getStartupFailure(), said));
    }

    @Test
    void startsWithWhatCanBeProtectedAbstractBeansAmongIt() {
        web.withBean(Fine.class)
                .withBean(
                        "template",
                        NoHandler.class,
                        NoHandler::new,
                        definition -> ((AbstractBeanDefinition) definition).setAbstract(true))
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void saysThatNobodyServesAnEndpoint(CapturedOutput output) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(IdempotencyAutoConfiguration.class))
                .withBean(Fine.class)
                .run(context -> assertThat(context).hasNotFailed());

        assertThat(output).contains("neither Spring MVC").contains("Fine.order");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void saysNothingWhereThereIsNoEndpointAndNoServer(CapturedOutput output) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(IdempotencyAutoConfiguration.class))
                .run(context -> assertThat(context).hasNotFailed());

        assertThat(output).doesNotContain("neither Spring MVC");
    }

    @Test
    void refusesEndpointsThatStreamOnWebFluxToo() {
        new ReactiveWebApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(IdempotencyAutoConfiguration.class, WebFluxAutoConfiguration.class))
                .withPropertyValues("idempotent.store=caffeine")
                .withBean(SeveralInside.class)
                .run(context -> assertRefused(context.getStartupFailure(), "streams", "SeveralInside.order"));
    }
}
