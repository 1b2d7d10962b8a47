package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.ListenerMethod;
import io.idempotent.spring.operation.ListenerMethods;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.settings.MessagingSettings;
import io.idempotent.spring.settings.MessagingSettings.ReplayedFailures;
import java.lang.reflect.Method;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;

/** Knows listener methods by the annotations of the brokers' libraries that are there. */
final class ContainerListenerMethods
        implements ListenerMethods, ApplicationContextAware, ApplicationListener<ContextClosedEvent> {

    private final List<ListenerKind> kinds;

    private final Supplier<MessagingSettings> settings;

    private @Nullable ApplicationContext context;

    private volatile boolean closing;

    ContainerListenerMethods(List<ListenerKind> kinds, Supplier<MessagingSettings> settings) {
        this.kinds = List.copyOf(kinds);
        this.settings = settings;
    }

    @Override
    public void setApplicationContext(ApplicationContext context) {
        this.context = context;
    }

    /**
     * Containers wait for their listeners when they stop, so nothing may be held any longer. The end of a child context
     * is told here, too, and stops nothing.
     */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext().equals(context)) {
            closing = true;
        }
    }

    @Override
    public @Nullable ListenerMethod find(Method method, Class<?> targetClass) {
        if (kinds.isEmpty()) {
            return null;
        }
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        MergedAnnotations annotations = MergedAnnotations.from(specific, SearchStrategy.TYPE_HIERARCHY);
        for (ListenerKind kind : kinds) {
            if (kind.isListener(annotations)) {
                String described = MethodNames.describe(method, targetClass);
                kind.check(specific, annotations, described);
                return listener(kind, specific, annotations, described);
            }
        }
        return null;
    }

    private ListenerMethod listener(ListenerKind kind, Method method, MergedAnnotations annotations, String described) {
        MessagingSettings chosen = settings.get();
        Class<?> returned = method.getReturnType();
        if (chosen.replayedFailures() == ReplayedFailures.DROP && returned.isPrimitive() && returned != void.class) {
            throw new IdempotencyConfigurationException(
                    described + " returns a " + returned + ", and idempotent.messaging.replayed-failures is drop: there"
                            + " is nothing to return for a message that is dropped",
                    "Let it return void or an object, or set replayed-failures to throw");
        }
        return new AnsweredListener(
                kind.bindsCalls(),
                kind.acknowledging(method, annotations),
                kind.countsRedeliveries() && !chosen.holdAtMost().isZero(),
                chosen,
                () -> closing);
    }
}
