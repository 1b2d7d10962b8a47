package io.idempotent.spring.settings;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What metrics, traces and logs tell of calls. A null stands for the default.
 *
 * @param includeKey Whether spans have the key's value, the attempt, the take-overs and the fencing token. Never a tag
 *     of a metric.
 * @param mdc Whether the operation and the key's value are in SLF4J's MDC, as idempotency.operation and
 *     idempotency.key, while an operation runs.
 */
@ConfigurationProperties("idempotent.observation")
public record ObservationSettings(Boolean includeKey, Boolean mdc) {

    /** Makes settings. */
    public ObservationSettings {
        includeKey = Defaults.or(includeKey, false);
        mdc = Defaults.or(mdc, false);
    }
}
