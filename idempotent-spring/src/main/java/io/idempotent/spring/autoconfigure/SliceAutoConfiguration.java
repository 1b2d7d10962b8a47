package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.operation.PartialApplication;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;

/**
 * Says in a test of a slice of the application that it is one. A slice is known by Spring Boot's general
 * auto-configuration being off.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = EnableAutoConfiguration.ENABLED_OVERRIDE_PROPERTY, havingValue = false)
public final class SliceAutoConfiguration {

    /** For Spring Boot. */
    SliceAutoConfiguration() {}

    @Bean
    static PartialApplication idempotencyPartialApplication() {
        return new PartialApplication();
    }
}
