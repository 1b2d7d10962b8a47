package io.idempotent.spring.observation;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;

/**
 * Names observed calls and what is told of them. Declare a bean of this type to replace {@link
 * DefaultIdempotencyObservationConvention}. What it throws is logged, and changes no call.
 */
public interface IdempotencyObservationConvention extends ObservationConvention<IdempotencyObservationContext> {

    @Override
    default boolean supportsContext(Observation.Context context) {
        return context instanceof IdempotencyObservationContext;
    }
}
