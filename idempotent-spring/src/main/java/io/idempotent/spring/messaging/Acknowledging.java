package io.idempotent.spring.messaging;

import org.jspecify.annotations.Nullable;

/**
 * Acknowledges a delivery in place of a listener method that acknowledges its deliveries itself, and does not see this
 * one, since its outcome is replayed.
 */
@FunctionalInterface
public interface Acknowledging {

    /**
     * Acknowledges the delivery that a call was made for.
     *
     * @param arguments the call's arguments
     * @throws Exception if the broker's client fails
     */
    void acknowledge(@Nullable Object[] arguments) throws Exception;
}
