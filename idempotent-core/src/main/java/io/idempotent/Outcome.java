package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * What running an operation produced: a value, or a failure that the operation declares final.
 *
 * <p>Holds what it is given by reference. Its text never shows what is inside.
 */
public sealed interface Outcome {

    /** What the caller of the operation gets: the value, or the failure thrown. */
    @Nullable
    Object get() throws Throwable;

    /**
     * The operation returned.
     *
     * @param value what it returned; null too where it returned nothing
     */
    record Value(@Nullable Object value) implements Outcome {

        @Override
        public @Nullable Object get() {
            return value;
        }

        @Override
        public String toString() {
            return "Outcome[value]";
        }
    }

    /**
     * The operation threw.
     *
     * @param cause what it threw
     */
    record Failure(Throwable cause) implements Outcome {

        @Override
        public Object get() throws Throwable {
            throw cause;
        }

        @Override
        public String toString() {
            return "Outcome[failure " + cause.getClass().getName() + "]";
        }
    }
}
