package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.IdempotencyEngine;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How calls are made that wait for nothing: of methods that return a future or a Mono, and of reactive endpoints. A
 * null stands for the default.
 *
 * @param threads How many threads of each store ask it at the same time on behalf of such calls. They start when they
 *     are needed.
 */
@ConfigurationProperties("idempotent.async")
public record AsyncSettings(Integer threads) {

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if the number of threads is not positive
     */
    public AsyncSettings {
        threads = Defaults.or(threads, IdempotencyEngine.DEFAULT_ASYNC_THREADS);
        if (threads < 1) {
            throw new IdempotencyConfigurationException(
                    "idempotent.async.threads is " + threads, "It has to be one or more");
        }
    }
}
