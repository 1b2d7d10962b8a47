package io.idempotent.spring.web;

import io.idempotent.IdempotencyKey;
import io.idempotent.RedactedException;
import io.idempotent.spring.settings.WebSettings;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What is done with responses, whatever serves them.
 *
 * @param statuses what a status says
 * @param headers the headers that are recorded; all if there are none
 * @param customizers change what is recorded
 * @param traceHeader the header of replayed responses that has the first one's trace; null if there is none
 * @param <Q> a request
 */
public record RecordingRules<Q>(
        StatusRules statuses,
        Set<String> headers,
        List<Customizer<Q>> customizers,
        @Nullable String traceHeader) {

    /** Why a response that is too long is not recorded. */
    public static final String TOO_LONG = "its response is longer than idempotent.web.maximum-response-size";

    private static final Log LOG = LogFactory.getLog(RecordingRules.class);

    /** Makes the rules of these settings. */
    public RecordingRules(WebSettings settings, List<Customizer<Q>> customizers) {
        this(
                new StatusRules(settings),
                ResponseHeaders.names(settings.recordedHeaders()),
                customizers,
                settings.traceHeader());
    }

    /**
     * A bean that changes what is recorded.
     *
     * @param name its class
     * @param function gives what is recorded instead; null if nothing is
     */
    public record Customizer<Q>(String name, BiFunction<RecordedResponse, Q, @Nullable RecordedResponse> function) {}

    /**
     * Lets the customizers change a response.
     *
     * @param recorded takes what is to be recorded
     * @param refused takes the reason for which nothing is
     */
    public <R extends @Nullable Object> R customize(
            RecordedResponse response,
            Q request,
            IdempotencyKey key,
            Function<RecordedResponse, R> recorded,
            Function<String, R> refused) {
        RecordedResponse toRecord = response;
        for (Customizer<Q> customizer : customizers) {
            try {
                toRecord = customizer.function().apply(toRecord, request);
            } catch (RuntimeException | Error failure) {
                LOG.error(
                        customizer.name() + " failed; the response for '" + key + "' is not recorded",
                        RedactedException.of(failure));
                toRecord = null;
            }
            if (toRecord == null) {
                return refused.apply(customizer.name() + " did not let its response be recorded");
            }
        }
        return recorded.apply(toRecord);
    }
}
