package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * What running an operation produced: a value, or a failure that the operation declares final.
 *
 * <p>Holds what it is given by reference. Its text never shows what is inside.
 */
public sealed interface Outcome {

    /** Returns the value, or throws the failure, that the caller of the operation gets. */
    @Nullable
    Object get() throws Throwable;

    /**
     * The operation returned.
     *
     * @param value what it returned; null too if it returned nothing
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
