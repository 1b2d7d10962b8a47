package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * What can be set for HTTP endpoints. A null stands for the default.
 *
 * @param header Name of the request's header that has the key. Not blank.
 * @param scope Whose keys are kept apart: each caller's, by principal or resolver, or nobody's.
 * @param maximumBodySize Longest body of a request that is accepted with a key; longer ones are answered by 413.
 * @param maximumResponseSize Longest body of a response that is recorded; of longer ones it is only known that they
 *     were given.
 * @param fingerprintHeaders Headers of a request that are part of what it says, besides method, path, query and body.
 *     None by default, and if the list is empty.
 * @param recordedHeaders Headers of a response that are recorded. By default, and if the list is empty, all that the
 *     endpoint sets, but for credentials and those about origins; cookies and those of the connection never are.
 * @param releasedStatuses Statuses, or classes of them like 5xx, which say that nothing was done, so that the key is
 *     free again. 401, 403, 408, 425, 429 and 503 by default; none if the list is empty.
 * @param unknownStatuses Statuses, or classes of them like 5xx, after which it is unknown what was done; needs
 *     when-abandoned to be reconcile or refuse. None by default, and if the list is empty.
 * @param traceHeader Name of a header of replayed responses that has the id of the trace in which the response was
 *     made. None by default.
 * @param problemBase What the types of problem details begin with.
 * @param documentation Address of the description of how keys are handled, linked from problem details. The type of the
 *     problem by default.
 */
@ConfigurationProperties("idempotent.web")
public record WebSettings(
        String header,
        Scope scope,
        DataSize maximumBodySize,
        DataSize maximumResponseSize,
        List<String> fingerprintHeaders,
        List<String> recordedHeaders,
        List<String> releasedStatuses,
        List<String> unknownStatuses,
        @Nullable String traceHeader,
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
    public static final WebSettings DEFAULTS = SettingRecords.read(WebSettings.class, (name, type) -> null);

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if they cannot be
     */
    public WebSettings {
        header = Defaults.or(header, "Idempotency-Key");
        scope = Defaults.or(scope, Scope.CALLER);
        maximumBodySize = Defaults.or(maximumBodySize, DataSize.ofMegabytes(1));
        maximumResponseSize = Defaults.or(maximumResponseSize, DataSize.ofMegabytes(1));
        fingerprintHeaders = List.copyOf(Defaults.or(fingerprintHeaders, List.of()));
        recordedHeaders = List.copyOf(Defaults.or(recordedHeaders, List.of()));
        releasedStatuses = Defaults.or(releasedStatuses, List.of("401", "403", "408", "425", "429", "503"));
        unknownStatuses = Defaults.or(unknownStatuses, List.of());
        problemBase = Defaults.or(problemBase, URI.create("https://idempotent.io/problems/"));
        releasedStatuses = statuses("released-statuses", releasedStatuses);
        unknownStatuses = statuses("unknown-statuses", unknownStatuses);
        checkHeader("header", header);
        fingerprintHeaders.forEach(name -> checkHeader("fingerprint-headers", name));
        recordedHeaders.forEach(name -> checkHeader("recorded-headers", name));
        if (traceHeader != null) {
            checkHeader("trace-header", traceHeader);
        }
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
