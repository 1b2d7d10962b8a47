package io.idempotent.spring.weaving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.weaving.bare.BareService;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Runs without the weaving agent. */
class WithoutWeavingTest {

    @Test
    void theModeAspectjIsRefusedAtStartup() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() ->
                        new AnnotationConfigApplicationContext(WeavingTest.Woven.class, BareService.class).close())
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains("ASPECTJ", "IdempotencyAspect is not woven");
                    assertThat(refusal.action()).contains("aop.xml", "PROXY");
                });
    }
}
