package io.idempotent.codec;

import java.lang.reflect.Type;
import java.util.List;

/**
 * What an operation can produce, as it was declared.
 *
 * @param valueType the generic type that it returns; {@code void.class} where it returns nothing
 * @param failures the types of failures that are final and so recorded, subtypes included; no other type of failure is
 *     ever instantiated
 */
public record OutcomeType(Type valueType, List<Class<? extends Throwable>> failures) {

    /** Makes a type. */
    public OutcomeType {
        failures = List.copyOf(failures);
    }

    /** The type of an operation that records no failures. */
    public static OutcomeType of(Type valueType) {
        return new OutcomeType(valueType, List.of());
    }

    /** Whether all failures of a type are recorded. */
    public boolean recordsAll(Class<? extends Throwable> type) {
        return failures.stream().anyMatch(recorded -> recorded.isAssignableFrom(type));
    }

    /** Whether a failure is one that is recorded. */
    public boolean records(Throwable failure) {
        for (Class<? extends Throwable> type : failures) {
            if (type.isInstance(failure)) {
                return true;
            }
        }
        return false;
    }
}
