package io.idempotent.spring.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.OutboxApplication.OrderPlaced;
import org.junit.jupiter.api.Test;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.modulith.events.ApplicationModuleListener;
import org.springframework.modulith.events.IncompleteEventPublications;
import org.springframework.transaction.annotation.Propagation;

/** What Spring Modulith's listeners may not be. {@link OutboxTest} has those that work. */
@OnOneJdk("what a listener's transaction may be is no question of the JDK")
class ApplicationModuleListenerTest {

    @Test
    void anAtomicListenerWhoseTransactionIsItsOwnIsRefusedAndToldToHaveNone() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> new OutboxApplication(OfItsOwn.class))
                .withMessageContaining("its own transaction is REQUIRES_NEW")
                .satisfies(refusal -> assertThat(refusal.action()).contains("let it declare no transaction"));
    }

    @Test
    void springRefusesAListenerThatWouldJoinATransaction() {
        assertThatThrownBy(() -> new OutboxApplication(Joining.class))
                .hasRootCauseInstanceOf(IllegalStateException.class)
                .hasStackTraceContaining("REQUIRES_NEW");
    }

    @Test
    void otherTestsHaveNoSpringModulith() {
        new ApplicationContextRunner()
                .withBean(LazyInitializationBeanFactoryPostProcessor.class)
                .withUserConfiguration(Other.class)
                .run(context -> assertThat(context).doesNotHaveBean(IncompleteEventPublications.class));
    }

    static class OfItsOwn {

        @ApplicationModuleListener
        @Idempotent(key = "#event.id", atomic = true)
        public void on(OrderPlaced event) {}
    }

    static class Joining {

        @ApplicationModuleListener(propagation = Propagation.REQUIRED)
        @Idempotent(key = "#event.id", atomic = true)
        public void on(OrderPlaced event) {}
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Other {}
}
