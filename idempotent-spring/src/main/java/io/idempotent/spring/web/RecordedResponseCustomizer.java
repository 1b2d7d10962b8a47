package io.idempotent.spring.web;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * A bean that changes what is recorded of responses, to redact it, or refuses to record it. The first caller gets the
 * response as it is. All such beans are asked in their order. Safe for use by many threads.
 */
@FunctionalInterface
public interface RecordedResponseCustomizer {

    /**
     * Changes what is recorded.
     *
     * @param response what would be recorded
     * @param request what is answered
     * @return what is recorded instead; null records nothing, so that later requests with the key are refused: the work
     *     is done, and there is no response to give
     */
    @Nullable
    RecordedResponse customize(RecordedResponse response, HttpServletRequest request);
}
