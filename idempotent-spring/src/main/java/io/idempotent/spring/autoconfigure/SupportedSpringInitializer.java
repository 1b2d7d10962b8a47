package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.startup.SupportedSpring;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Refuses Spring Boot before 4, before it reads the auto-configuration. Uses nothing that such a version lacks. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SupportedSpringInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    /** For Spring Boot. */
    SupportedSpringInitializer() {}

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        SupportedSpring.check(context.getClassLoader());
    }
}
