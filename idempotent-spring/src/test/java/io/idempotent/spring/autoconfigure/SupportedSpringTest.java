package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.startup.SupportedSpring;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.retry.RetryTemplate;

/** What Spring Framework 6 lacks is hidden here; with its own classes the same was seen on Spring Boot 3.5. */
class SupportedSpringTest {

    @Test
    void aSpringBefore7IsRefusedBeforeTheContextIsRefreshed() {
        ApplicationContextInitializer<?> initializer =
                SpringFactoriesLoader.forDefaultResourceLocation().load(ApplicationContextInitializer.class).stream()
                        .filter(SupportedSpringInitializer.class::isInstance)
                        .findFirst()
                        .orElseThrow();
        GenericApplicationContext old = new GenericApplicationContext();
        old.setClassLoader(new FilteredClassLoader(RetryTemplate.class));

        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> ((SupportedSpringInitializer) initializer).initialize(old))
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains("needs Spring Framework 7, or Spring Boot 4");
                    assertThat(refusal.action()).contains("Update Spring");
                });
    }

    @Test
    void thisSpringIsNot() {
        SupportedSpring.check(getClass().getClassLoader());
    }
}
