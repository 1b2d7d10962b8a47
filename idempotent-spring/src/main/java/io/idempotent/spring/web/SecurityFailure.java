package io.idempotent.spring.web;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.util.ClassUtils;

/** What Spring Security throws where a caller must not go on, where Spring Security is there. */
public final class SecurityFailure {

    private static final List<Class<?>> TYPES = Stream.of(
                    "org.springframework.security.access.AccessDeniedException",
                    "org.springframework.security.core.AuthenticationException")
            .filter(name -> ClassUtils.isPresent(name, SecurityFailure.class.getClassLoader()))
            .<Class<?>>map(name -> ClassUtils.resolveClassName(name, SecurityFailure.class.getClassLoader()))
            .toList();

    private static final int MAXIMUM_DEPTH = 100;

    private SecurityFailure() {}

    /** Whether a failure is one of them, or caused by one: Spring Security's filter looks at the causes too. */
    public static boolean isIn(Throwable failure) {
        Throwable cause = failure;
        // Bounded, since causes may go round in a circle.
        for (int depth = 0; cause != null && depth < MAXIMUM_DEPTH; depth++) {
            for (Class<?> type : TYPES) {
                if (type.isInstance(cause)) {
                    return true;
                }
            }
            cause = cause.getCause();
        }
        return false;
    }
}
