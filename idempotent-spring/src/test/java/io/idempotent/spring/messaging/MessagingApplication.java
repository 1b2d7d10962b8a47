package io.idempotent.spring.messaging;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.util.AopTestUtils;

/**
 * An application with listeners, as Spring Boot configures it. Its pauses are short.
 *
 * @param <A> itself
 */
public abstract class MessagingApplication<A extends MessagingApplication<A>> implements AutoCloseable {

    private final List<Class<?>> sources = new ArrayList<>();
    private final List<String> properties = new ArrayList<>();

    private @Nullable ConfigurableApplicationContext context;

    protected MessagingApplication(Class<?> configuration) {
        with(configuration)
                .with(
                        "idempotent.messaging.redelivery-delay=5ms",
                        "idempotent.messaging.redelivery-max-delay=20ms",
                        "spring.main.banner-mode=off",
                        "logging.level.root=off");
    }

    public final A with(String... more) {
        properties.addAll(List.of(more));
        return self();
    }

    public final A with(Class<?>... more) {
        sources.addAll(List.of(more));
        return self();
    }

    @SuppressWarnings("unchecked")
    private A self() {
        return (A) this;
    }

    public <T> T start(Class<T> listener) {
        with(listener);
        context = new SpringApplicationBuilder(sources.toArray(Class[]::new))
                .web(WebApplicationType.NONE)
                .properties(properties.toArray(String[]::new))
                .run();
        return bean(listener);
    }

    /** The bean itself, without its proxy. */
    public final <T> T bean(Class<T> type) {
        return AopTestUtils.getUltimateTargetObject(context.getBean(type));
    }

    public final ConfigurableApplicationContext context() {
        return context;
    }

    @Override
    public void close() {
        if (context != null) {
            context.close();
        }
        logAgain();
    }

    /** Lets the tests that come after in this JVM see what is logged, which no context does that is closed. */
    public static void logAgain() {
        LoggingSystem.get(MessagingApplication.class.getClassLoader())
                .setLogLevel(LoggingSystem.ROOT_LOGGER_NAME, LogLevel.INFO);
    }
}
