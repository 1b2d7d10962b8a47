package io.idempotent.spring.operation;

import org.jspecify.annotations.Nullable;

/** A method that a container of message listeners calls. Safe for use by many threads. */
public interface ListenerMethod {

    /**
     * Answers one call of the container.
     *
     * @param arguments the arguments; not to be changed
     * @param delivery makes the call
     * @return what the container gets
     * @throws Throwable what the container gets
     */
    @Nullable
    Object answer(@Nullable Object[] arguments, Delivery delivery) throws Throwable;

    /** The call itself, with all that protects it. */
    interface Delivery {

        /**
         * Makes the call. May be made again as long as the method did not run.
         *
         * @return what the method returned, now or when it ran
         * @throws Throwable what the method throws, now or when it ran, or an {@link
         *     io.idempotent.IdempotencyException}
         */
        @Nullable
        Object make() throws Throwable;

        /** Whether the method ran. */
        boolean hasRun();

        /**
         * Whether the method returned in one of its attempts, whatever became of the call afterwards. If it did not and
         * the call returned, its outcome is from an earlier run.
         */
        boolean hasReturned();

        /** Whether a failure that {@link #make} threw is the recorded outcome of an earlier run. */
        boolean isReplay(Throwable failure);
    }
}
