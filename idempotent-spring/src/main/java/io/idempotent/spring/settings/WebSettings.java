package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * What can be configured for HTTP endpoints. Immutable.
 *
 * @param header the name of the request's header that has the key
 * @param scope whose keys are kept apart, at endpoints that say nothing else
 * @param maximumBodySize the longest body of a request that is accepted with a key; longer ones are refused
 * @param maximumResponseSize the longest body of a response that is recorded; of longer ones it is recorded that they
 *     were given
 * @param fingerprintHeaders the headers of a request that are part of what it says
 * @param recordedHeaders the headers of a response that are recorded; if there are none, all but cookies, credentials,
 *     those about origins, and those of the connection
 * @param releasedStatuses the statuses, {@code 503} or {@code 5xx}, which say that nothing was done, so that the key is
 *     free
 * @param unknownStatuses the statuses after which it is unknown what was done, so that the key is abandoned
 * @param problemBase what the types of problems begin with
 * @param documentation where the endpoints' handling of keys is described; null where only the types of problems say it
 */
public record WebSettings(
        String header,
        Scope scope,
        DataSize maximumBodySize,
        DataSize maximumResponseSize,
        List<String> fingerprintHeaders,
        List<String> recordedHeaders,
        List<String> releasedStatuses,
        List<String> unknownStatuses,
        URI problemBase,
        @Nullable URI documentation) {

    /** Whose keys are kept apart. */
    public enum Scope {
        /** Each caller's: its principal's, or what a resolver says; a request without either is refused. */
        CALLER,
        /** Nobody's: all callers share keys. */
        SHARED
    }

    /** The settings that hold if nothing is said. */
    public static final WebSettings DEFAULTS = new WebSettings(
            "Idempotency-Key",
            Scope.CALLER,
            DataSize.ofMegabytes(1),
            DataSize.ofMegabytes(1),
            List.of(),
            List.of(),
            List.of("401", "403", "408", "425", "429", "503"),
            List.of(),
            URI.create("https://idempotent.io/problems/"),
            null);

    /** Makes settings, and fails fast on the ones that cannot be. */
    public WebSettings {
        fingerprintHeaders = List.copyOf(fingerprintHeaders);
        recordedHeaders = List.copyOf(recordedHeaders);
        releasedStatuses = statuses("released-statuses", releasedStatuses);
        unknownStatuses = statuses("unknown-statuses", unknownStatuses);
        checkHeader("header", header);
        fingerprintHeaders.forEach(name -> checkHeader("fingerprint-headers", name));
        recordedHeaders.forEach(name -> checkHeader("recorded-headers", name));
        checkSize("maximum-body-size", maximumBodySize);
        checkSize("maximum-response-size", maximumResponseSize);
        for (String status : releasedStatuses) {
            if (unknownStatuses.contains(status)) {
                throw invalid("unknown-statuses", status, "not be in idempotent.web.released-statuses too");
            }
        }
    }

    private static List<String> statuses(String property, List<String> statuses) {
        return statuses.stream()
                .map(status -> status.toLowerCase(Locale.ROOT))
                .peek(status -> {
                    if (!status.matches("[1-5](xx|[0-9][0-9])")) {
                        throw invalid(property, status, "be statuses like 503 or 5xx");
                    }
                })
                .toList();
    }

    private static void checkHeader(String property, String name) {
        if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
            throw invalid(property, name, "be the name of a header");
        }
    }

    private static void checkSize(String property, DataSize size) {
        if (size.toBytes() < 0 || size.toBytes() > Integer.MAX_VALUE - 8) {
            throw invalid(property, size.toString(), "be between 0 and 2 GB, since it is kept in memory");
        }
    }

    private static IdempotencyConfigurationException invalid(String property, Object value, String allowed) {
        return new IdempotencyConfigurationException(
                "idempotent.web." + property + " is '" + value + "'", "It has to " + allowed);
    }
}
