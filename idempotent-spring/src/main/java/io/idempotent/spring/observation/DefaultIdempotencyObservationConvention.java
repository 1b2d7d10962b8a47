package io.idempotent.spring.observation;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;

/**
 * Names observations {@value #NAME}, and tells of each call its operation, its store and its outcome. Metrics have
 * these as tags, beside the type of the failure that the caller got, as {@code error}.
 *
 * <p>Spans also have the trace in which a replayed outcome was made. Key, attempt, take-overs and fencing token are
 * told if that is switched on. A scope, arguments and outcomes are never told. Extend it to tell more.
 */
public class DefaultIdempotencyObservationConvention implements IdempotencyObservationConvention {

    /** The name of observations: {@value}. */
    public static final String NAME = "idempotent.execute";

    private final boolean includesKey;

    /**
     * Makes a convention.
     *
     * @param includesKey whether spans have the key's value, the attempt, the take-overs and the fencing token
     */
    public DefaultIdempotencyObservationConvention(boolean includesKey) {
        this.includesKey = includesKey;
    }

    @Override
    public String getName() {
        return NAME;
    }

    @Override
    public String getContextualName(IdempotencyObservationContext context) {
        return "idempotent " + context.operation();
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(IdempotencyObservationContext context) {
        CallOutcome outcome = context.outcome();
        return KeyValues.of(
                KeyValue.of("operation", context.operation()),
                KeyValue.of("store", context.store()),
                KeyValue.of("outcome", outcome == null ? KeyValue.NONE_VALUE : outcome.value()));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(IdempotencyObservationContext context) {
        KeyValues told = KeyValues.empty();
        String traceId = context.firstTraceId();
        if (traceId != null) {
            told = told.and("idempotency.first.trace.id", traceId);
        }
        if (!includesKey) {
            return told;
        }
        IdempotencyKey key = context.key();
        if (key != null) {
            told = told.and("idempotency.key", key.value());
        }
        IdempotencyContext execution = context.execution();
        return execution == null
                ? told
                : told.and(
                        KeyValue.of("idempotency.attempt", String.valueOf(execution.attempt())),
                        KeyValue.of("idempotency.takeovers", String.valueOf(execution.takeovers())),
                        KeyValue.of("idempotency.fencing.token", String.valueOf(execution.fencingToken())));
    }
}
