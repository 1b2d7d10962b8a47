package io.idempotent.spring.startup;

import io.idempotent.IdempotencyConfigurationException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.SpringVersion;
import org.springframework.util.ClassUtils;

/** Refuses a Spring Framework before 7, which lacks classes that are needed, before any of them is. */
public final class SupportedSpring {

    private static final String NEEDED = "org.springframework.core.retry.RetryTemplate";

    private SupportedSpring() {}

    /**
     * Refuses an application whose Spring Framework is too old.
     *
     * @param classLoader the application's
     * @throws IdempotencyConfigurationException if it is
     */
    public static void check(@Nullable ClassLoader classLoader) {
        if (!ClassUtils.isPresent(NEEDED, classLoader)) {
            String version = SpringVersion.getVersion();
            throw new IdempotencyConfigurationException(
                    "Idempotent for Java needs Spring Framework 7, or Spring Boot 4, and on the class path is"
                            + " Spring Framework "
                            + (version == null ? "of a version before that" : version),
                    "Update Spring; where a build manages other versions, look for a second spring-core in its"
                            + " dependency tree");
        }
    }
}
