package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.observation.DefaultIdempotencyObservationConvention;
import io.idempotent.spring.observation.IdempotencyObservationConvention;
import io.idempotent.spring.observation.IdempotencyObservations;
import io.idempotent.spring.observation.MeteredStores;
import io.idempotent.spring.observation.RecoveryMeters;
import io.idempotent.spring.observation.TracerTraceIds;
import io.idempotent.spring.operation.CallObserver;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.TraceIds;
import io.idempotent.spring.settings.IdempotencySettings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.function.SingletonSupplier;

/**
 * Observes the calls of operations where Micrometer is, and there is a registry. Backs off where the application
 * declares its own observer, convention or source of trace ids.
 */
@AutoConfiguration(
        after = IdempotencyAutoConfiguration.class,
        afterName = {
            "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration",
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
        })
@ConditionalOnBean(OperationRegistry.class)
public final class IdempotencyObservationAutoConfiguration {

    /** For Spring Boot. */
    IdempotencyObservationAutoConfiguration() {}

    /** One observation of each call. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ObservationRegistry.class)
    static class Observations {

        @Bean
        @ConditionalOnSingleCandidate(ObservationRegistry.class)
        @ConditionalOnMissingBean(CallObserver.class)
        static IdempotencyObservations idempotencyObservations(
                ObservationRegistry registry,
                ObjectProvider<IdempotencyObservationConvention> convention,
                IdempotencySettings settings) {
            return new IdempotencyObservations(
                    registry,
                    convention.getIfAvailable(() -> new DefaultIdempotencyObservationConvention(
                            settings.observation().includeKey())));
        }
    }

    /** Meters of stores, and of what is finished without callers. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Meters {

        @Bean
        @ConditionalOnSingleCandidate(MeterRegistry.class)
        @ConditionalOnMissingBean
        static MeteredStores idempotencyMeteredStores(MeterRegistry registry, IdempotencySettings settings) {
            return new MeteredStores(registry, settings.observation().countInterval());
        }

        @Bean
        @ConditionalOnSingleCandidate(MeterRegistry.class)
        @ConditionalOnMissingBean
        static RecoveryMeters idempotencyRecoveryMeters(MeterRegistry registry) {
            return new RecoveryMeters(registry);
        }
    }

    /** The trace of each execution. The tracer is asked for at the first claim, whoever declares it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Tracer.class)
    static class Traces {

        @Bean
        @ConditionalOnMissingBean(TraceIds.class)
        static TracerTraceIds idempotencyTraceIds(ObjectProvider<Tracer> tracer) {
            SingletonSupplier<Optional<Tracer>> asked =
                    SingletonSupplier.of(() -> Optional.ofNullable(tracer.getIfUnique()));
            return new TracerTraceIds(() -> asked.obtain().orElse(null));
        }
    }
}
