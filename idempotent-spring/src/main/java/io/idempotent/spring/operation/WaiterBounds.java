package io.idempotent.spring.operation;

import io.idempotent.engine.IdempotencyEngine;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * How many callers may wait at the same time where nothing is set. In a servlet container each waiter holds one of the
 * threads that serve requests, so that half of those may wait, and a quarter of them for one key; the rest goes on
 * serving. Elsewhere, and where each request has a virtual thread of its own, 1,000 may.
 *
 * @param maxWaiters how many in all
 * @param maxWaitersPerKey how many for one key
 */
record WaiterBounds(int maxWaiters, int maxWaitersPerKey) {

    /** How many threads Tomcat and Jetty have, if nothing else is set. */
    private static final int THREADS = 200;

    private static final int FIRST_WITH_VIRTUAL_THREADS = 21;

    // What StandardServletEnvironment is told by, which is not on every class path.
    private static final String SERVLET_CONTEXT = "servletContextInitParams";

    /**
     * The bounds of an application.
     *
     * @param environment tells whether it is one of a servlet container, and that container's properties of Spring Boot
     * @param maxWaiters what is set, or null
     * @param maxWaitersPerKey what is set, or null
     */
    static WaiterBounds of(Environment environment, @Nullable Integer maxWaiters, @Nullable Integer maxWaitersPerKey) {
        boolean inContainer = isInContainer(environment);
        int all = maxWaiters != null
                ? maxWaiters
                : inContainer && !hasVirtualThreads(environment)
                        ? threads(environment) / 2
                        : IdempotencyEngine.DEFAULT_MAX_WAITERS;
        int perKey = maxWaitersPerKey != null ? maxWaitersPerKey : inContainer ? (all + 3) / 4 : all;
        return new WaiterBounds(all, perKey);
    }

    private static boolean hasVirtualThreads(Environment environment) {
        return Runtime.version().feature() >= FIRST_WITH_VIRTUAL_THREADS
                && environment.getProperty("spring.threads.virtual.enabled", Boolean.class, false);
    }

    /** The fewest that are set, since nobody knows here which container it is. */
    private static int threads(Environment environment) {
        return Stream.of("server.tomcat.threads.max", "server.jetty.threads.max")
                .mapToInt(property -> environment.getProperty(property, Integer.class, 0))
                .filter(number -> number > 0)
                .min()
                .orElse(THREADS);
    }

    private static boolean isInContainer(Environment environment) {
        return environment instanceof ConfigurableEnvironment configurable
                && configurable.getPropertySources().contains(SERVLET_CONTEXT);
    }
}
