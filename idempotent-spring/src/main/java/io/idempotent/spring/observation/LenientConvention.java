package io.idempotent.spring.observation;

import io.micrometer.common.KeyValues;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A convention that throws nothing. Where the one behind it throws, the default says what it says: an observation that
 * could not be named would never end.
 */
final class LenientConvention implements IdempotencyObservationConvention {

    private final IdempotencyObservationConvention convention;
    private final IdempotencyObservationConvention otherwise = new DefaultIdempotencyObservationConvention(false);
    private final Consumer<Throwable> log;

    LenientConvention(IdempotencyObservationConvention convention, Consumer<Throwable> log) {
        this.convention = convention;
        this.log = log;
    }

    @Override
    public String getName() {
        return or(convention::getName, otherwise::getName);
    }

    @Override
    public @Nullable String getContextualName(IdempotencyObservationContext context) {
        return this.<@Nullable String>or(
                () -> convention.getContextualName(context), () -> otherwise.getContextualName(context));
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(IdempotencyObservationContext context) {
        return or(
                () -> convention.getLowCardinalityKeyValues(context),
                () -> otherwise.getLowCardinalityKeyValues(context));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(IdempotencyObservationContext context) {
        return or(() -> convention.getHighCardinalityKeyValues(context), KeyValues::empty);
    }

    private <T extends @Nullable Object> T or(Supplier<T> said, Supplier<T> instead) {
        try {
            return said.get();
        } catch (RuntimeException | Error failure) {
            log.accept(failure);
            return instead.get();
        }
    }
}
