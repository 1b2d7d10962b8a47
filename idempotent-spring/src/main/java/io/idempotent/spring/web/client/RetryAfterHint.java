package io.idempotent.spring.web.client;

import io.idempotent.spring.operation.RetryHint;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.client.RestClientResponseException;

/**
 * Knows {@code Retry-After} of the answers that {@code RestClient} and {@code RestTemplate} throw. Imported by its
 * name.
 */
final class RetryAfterHint implements RetryHint {

    @Override
    public @Nullable Duration after(Throwable failure) {
        HttpHeaders headers =
                failure instanceof RestClientResponseException answer ? answer.getResponseHeaders() : null;
        return headers == null ? null : RetryAfter.pause(headers, InstantSource.system());
    }
}
