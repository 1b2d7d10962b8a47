package io.idempotent.spring.messaging.jms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.Message;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.springframework.boot.jms.autoconfigure.DefaultJmsListenerContainerFactoryConfigurer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.VirtualThreadTaskExecutor;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.jms.config.DefaultJmsListenerContainerFactory;

/** Listeners of JMS on virtual threads. */
@EnabledForJreRange(min = JRE.JAVA_21)
class JmsVirtualThreadsTest {

    @Test
    void aMessageIsHeldDeliveredAgainAndReplayed() {
        try (JmsApplication application = new JmsApplication()) {
            Slow listener = application
                    .with(JmsAnswersTest.CountingStore.class, VirtualThreads.class)
                    .start(Slow.class);
            JmsAnswersTest.CountingStore store = application.bean(JmsAnswersTest.CountingStore.class);
            application.send("same", "key");
            await().until(() -> listener.begun.get() == 1);
            application.send("same", "key");
            await().until(() -> store.claims.get() > 2 * ArtemisBroker.MAXIMUM_DELIVERIES);
            listener.end.countDown();
            await().until(application::isDone);
            application.send("same", "key");

            await().until(application::isDone);
            assertThat(listener.begun).hasValue(2);
            assertThat(listener.groups).containsExactly("VirtualThreads");
            assertThat(application.givenUp()).isZero();
        }
    }

    /** Spring Boot has no setting for it. */
    @Configuration(proxyBeanMethods = false)
    static class VirtualThreads {

        @Bean
        DefaultJmsListenerContainerFactory jmsListenerContainerFactory(
                DefaultJmsListenerContainerFactoryConfigurer configurer, ConnectionFactory connections) {
            DefaultJmsListenerContainerFactory factory = new DefaultJmsListenerContainerFactory();
            configurer.configure(factory, connections);
            factory.setTaskExecutor(new VirtualThreadTaskExecutor("jms-"));
            return factory;
        }
    }

    /** Its first run waits, and fails; the next is done. */
    static class Slow {
        final AtomicInteger begun = new AtomicInteger();
        final CountDownLatch end = new CountDownLatch(1);
        final Set<String> groups = ConcurrentHashMap.newKeySet();

        @JmsListener(destination = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) throws InterruptedException {
            groups.add(Thread.currentThread().getThreadGroup().getName());
            if (begun.incrementAndGet() == 1) {
                end.await();
                throw new IllegalStateException("the first owner fails");
            }
        }
    }
}
