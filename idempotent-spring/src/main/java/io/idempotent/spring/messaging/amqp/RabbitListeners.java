package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.Acknowledging;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.messaging.ReceivedMessage;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.core.annotation.MergedAnnotations;

/** Listeners of AMQP. */
final class RabbitListeners implements ListenerKind {

    @Override
    public boolean isListener(MergedAnnotations annotations) {
        return annotations.isPresent(RabbitListener.class);
    }

    @Override
    public void check(Method method, MergedAnnotations annotations, String described) {}

    @Override
    public @Nullable Acknowledging acknowledging(Method method, MergedAnnotations annotations) {
        return null;
    }

    @Override
    public boolean countsRedeliveries() {
        return true;
    }

    @Override
    public @Nullable ReceivedMessage read(Object message) {
        return null;
    }
}
