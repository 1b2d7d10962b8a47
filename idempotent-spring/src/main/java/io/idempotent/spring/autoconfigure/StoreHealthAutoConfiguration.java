package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.actuate.StoreHealthContributor;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.context.annotation.Bean;

/** Tells the health of idempotency stores where Spring Boot's health is. */
@AutoConfiguration(after = IdempotencyAutoConfiguration.class)
@ConditionalOnClass(
        name = {
            "org.springframework.boot.health.contributor.HealthIndicator",
            "org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator"
        })
@ConditionalOnBean(OperationRegistry.class)
@ConditionalOnEnabledHealthIndicator("idempotency")
public final class StoreHealthAutoConfiguration {

    /** For Spring Boot. */
    StoreHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "idempotencyHealthContributor")
    static StoreHealthContributor idempotencyHealthContributor(OperationRegistry operations) {
        return new StoreHealthContributor(operations);
    }
}
