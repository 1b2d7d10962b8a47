package io.idempotent.spring.messaging.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.awspring.cloud.sqs.annotation.SqsListener;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.messaging.Message;

/** What a container of Spring Cloud AWS does with each answer of an idempotent method. */
@OnOneJdk("what a container does is no question of the JDK")
class SqsAnswersTest {

    private static final int MAXIMUM_DELIVERIES = 3;

    private final SqsApplication application = new SqsApplication(MAXIMUM_DELIVERIES);

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void aMessageWhoseFirstOwnerFailsIsHandledByTheOtherDelivery() {
        Slow listener = application.start(Slow.class);
        listener.fails.set(1);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        listener.end.countDown();

        assertHandledOnce(listener.done);
    }

    private void assertHandledOnce(AtomicInteger handled) {
        await().until(() -> handled.get() == 1);
        await().until(application::isDone);
        assertThat(handled).hasValue(1);
        assertThat(application.givenUp()).isZero();
    }

    static class Slow {

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();
        private final CountDownLatch end = new CountDownLatch(1);

        @SqsListener("${queue}")
        @Idempotent(key = "@messageKeys.header(#message)", operation = "slow-on")
        public void on(Message<String> message) throws InterruptedException {
            begun.incrementAndGet();
            end.await();
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }
    }
}
