package io.idempotent.spring.observation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.autoconfigure.IdempotencyObservationAutoConfiguration;
import io.idempotent.spring.observation.PlainApplication.Payments;
import io.idempotent.spring.operation.CallObserver;
import io.micrometer.common.KeyValues;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Observations without Spring Boot, the auto-configuration of them, and what must not disturb a call. */
class PlainObservationTest {

    private final TestObservationRegistry registry = TestObservationRegistry.create();

    private static void withObservations(IdempotencyObservations observations, Consumer<Payments> use) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.registerBean(IdempotencyObservations.class, () -> observations);
            context.register(PlainApplication.Infrastructure.class, Payments.class);
            context.refresh();
            use.accept(context.getBean(Payments.class));
        }
    }

    private IdempotencyObservations observations(IdempotencyObservationConvention convention) {
        return new IdempotencyObservations(registry, convention);
    }

    @Test
    void aBeanObservesWithoutSpringBoot() {
        withObservations(observations(new DefaultIdempotencyObservationConvention(false)), payments -> {
            payments.pay("4711");
            payments.pay("4711");
        });
        TestObservationRegistryAssert.assertThat(registry)
                .hasNumberOfObservationsWithNameEqualTo("idempotent.execute", 2)
                .hasAnObservationWithAKeyValue("store", "caffeine")
                .hasAnObservationWithAKeyValue("operation", "pay");
    }

    @Test
    void aConventionNamesWhatIsTold() {
        withObservations(
                observations(new DefaultIdempotencyObservationConvention(false) {
                    @Override
                    public String getName() {
                        return "payments";
                    }

                    @Override
                    public KeyValues getLowCardinalityKeyValues(IdempotencyObservationContext context) {
                        return super.getLowCardinalityKeyValues(context).and("team", "blue");
                    }
                }),
                payments -> payments.pay("4711"));
        TestObservationRegistryAssert.assertThat(registry)
                .hasNumberOfObservationsWithNameEqualTo("payments", 1)
                .hasAnObservationWithAKeyValue("team", "blue");
    }

    @Test
    void aConventionThatThrowsChangesNoCall() {
        for (boolean always : new boolean[] {true, false}) {
            withObservations(
                    observations(new DefaultIdempotencyObservationConvention(false) {
                        @Override
                        public KeyValues getLowCardinalityKeyValues(IdempotencyObservationContext context) {
                            if (always || context.outcome() != null) {
                                throw new IllegalStateException("convention");
                            }
                            return super.getLowCardinalityKeyValues(context);
                        }
                    }),
                    payments -> {
                        assertThat(payments.pay("4711")).isEqualTo(1);
                        assertThat(payments.pay("4711")).isEqualTo(1);
                    });
        }
        TestObservationRegistryAssert.assertThat(registry)
                .doesNotHaveAnyRemainingCurrentObservation()
                .hasNumberOfObservationsWithNameEqualTo("idempotent.execute", 4)
                .forAllObservationsWithNameEqualTo(
                        "idempotent.execute", observation -> observation.hasLowCardinalityKeyValueWithKey("outcome"));
    }

    @Test
    void aHandlerThatThrowsChangesNoCall() {
        for (int from = 0; from < 6; from++) {
            int throwing = from;
            AtomicInteger stopped = new AtomicInteger();
            ObservationRegistry broken = ObservationRegistry.create();
            broken.observationConfig().observationHandler(new ObservationHandler<>() {

                @Override
                public boolean supportsContext(Observation.Context context) {
                    return true;
                }

                @Override
                public void onStop(Observation.Context context) {
                    stopped.incrementAndGet();
                }
            });
            broken.observationConfig().observationHandler(new ObservationHandler<>() {

                private void happens(int what) {
                    if (what == throwing) {
                        throw new IllegalStateException("handler");
                    }
                }

                @Override
                public boolean supportsContext(Observation.Context context) {
                    return true;
                }

                @Override
                public void onStart(Observation.Context context) {
                    happens(0);
                }

                @Override
                public void onStop(Observation.Context context) {
                    happens(1);
                }

                @Override
                public void onScopeOpened(Observation.Context context) {
                    happens(2);
                }

                @Override
                public void onScopeClosed(Observation.Context context) {
                    happens(3);
                }

                @Override
                public void onEvent(Observation.Event event, Observation.Context context) {
                    happens(4);
                }

                @Override
                public void onError(Observation.Context context) {
                    happens(5);
                }
            });
            withObservations(
                    new IdempotencyObservations(broken, new DefaultIdempotencyObservationConvention(false)),
                    payments -> {
                        assertThat(payments.pay("bad")).isEqualTo(2);
                        assertThat(payments.pay("bad")).isEqualTo(2);
                    });
            assertThat(broken.getCurrentObservation())
                    .as("what %s left", throwing)
                    .isNull();
            // Micrometer tells no further handler that an observation stops after one has thrown.
            assertThat(stopped).as("of those that %s does not break", throwing).hasValue(throwing == 1 ? 0 : 2);
        }
    }

    @Test
    void aNoOpRegistryIsToldNothing() {
        IdempotencyObservations observations = new IdempotencyObservations(
                ObservationRegistry.NOOP, new DefaultIdempotencyObservationConvention(false));
        assertThat(observations.of("pay", "caffeine").begin()).isNull();
        withObservations(
                observations, payments -> assertThat(payments.pay("4711")).isEqualTo(1));
    }

    @Test
    void aPredicateOfTheRegistrySwitchesOneNameOff() {
        registry.observationConfig().observationPredicate((name, context) -> !name.equals("idempotent.execute"));
        withObservations(
                observations(new DefaultIdempotencyObservationConvention(false)), payments -> payments.pay("4711"));
        TestObservationRegistryAssert.assertThat(registry).doesNotHaveAnyObservation();
    }

    private final ApplicationContextRunner boot = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    IdempotencyAutoConfiguration.class, IdempotencyObservationAutoConfiguration.class));

    @Test
    void withoutRegistriesNothingIsObserved() {
        boot.run(context -> assertThat(context)
                .doesNotHaveBean(CallObserver.class)
                .doesNotHaveBean(MeteredStores.class)
                .doesNotHaveBean(RecoveryMeters.class)
                .hasSingleBean(TracerTraceIds.class));
    }

    @Test
    void withRegistriesCallsAreObservedAndStoresMetered() {
        boot.withBean(ObservationRegistry.class, () -> registry)
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withBean(Payments.class)
                .run(context -> {
                    context.getBean(Payments.class).pay("4711");
                    TestObservationRegistryAssert.assertThat(registry)
                            .hasNumberOfObservationsWithNameEqualTo("idempotent.execute", 1);
                    assertThat(context.getBean(MeterRegistry.class)
                                    .get("idempotent.store.size")
                                    .tag("store", "caffeine")
                                    .gauge()
                                    .value())
                            .isEqualTo(1);
                });
    }

    @Test
    void anApplicationsOwnConventionIsUsed() {
        boot.withBean(ObservationRegistry.class, () -> registry)
                .withBean(
                        IdempotencyObservationConvention.class,
                        () -> new DefaultIdempotencyObservationConvention(false) {
                            @Override
                            public String getName() {
                                return "payments";
                            }
                        })
                .withBean(Payments.class)
                .run(context -> {
                    context.getBean(Payments.class).pay("4711");
                    TestObservationRegistryAssert.assertThat(registry)
                            .hasNumberOfObservationsWithNameEqualTo("payments", 1);
                });
    }

    @Test
    @OnOneJdk("starts a JVM of its own")
    void needsNeitherSlf4jNorMoreOfMicrometerThanSpringDoes() throws Exception {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> Stream.of(
                                "slf4j", "logback", "log4j", "micrometer-core", "micrometer-tracing", "spring-boot")
                        .noneMatch(new File(entry).getName()::contains))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath,
                PlainApplication.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(output).contains("paid 11");
        assertThat(process.exitValue()).as(output).isZero();
    }
}
