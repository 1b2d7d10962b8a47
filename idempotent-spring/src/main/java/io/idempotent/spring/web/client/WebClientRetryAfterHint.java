package io.idempotent.spring.web.client;

import io.idempotent.spring.operation.RetryHint;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.client.WebClientResponseException;

/** Knows {@code Retry-After} of the answers that {@code WebClient} throws. Imported by its name. */
final class WebClientRetryAfterHint implements RetryHint {

    @Override
    public @Nullable Duration after(Throwable failure) {
        return failure instanceof WebClientResponseException answer
                ? RetryAfter.pause(answer.getHeaders(), InstantSource.system())
                : null;
    }
}
