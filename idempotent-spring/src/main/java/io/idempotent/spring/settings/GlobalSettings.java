package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What is set for the application as a whole. A null stands for the default.
 *
 * @param order Where the advice stands among others; smaller is further outside. Outside of cache, transaction and
 *     validation advice by default.
 * @param maxWaiters How many callers may wait at the same time, on all stores; those beyond are refused at once. In a
 *     servlet container half of its threads by default, as server.tomcat.threads.max or server.jetty.threads.max has
 *     them, else 200; elsewhere, and with virtual threads, 1000.
 * @param maxWaitersPerKey How many of them may wait for one key. In a servlet container a quarter of max-waiters by
 *     default, elsewhere all.
 * @param interruptOnLeaseLoss Whether the thread that runs an operation is interrupted when its lease is lost, so that
 *     one that hangs may end.
 * @param unknownOperations What to do about properties of an operation that nothing declares: stop the start, or warn.
 */
@ConfigurationProperties("idempotent")
public record GlobalSettings(
        @Nullable Integer order,
        @Nullable Integer maxWaiters,
        @Nullable Integer maxWaitersPerKey,
        Boolean interruptOnLeaseLoss,
        UnknownOperations unknownOperations) {

    /** What to do about settings for an operation that nothing declares. */
    public enum UnknownOperations {
        /** Stop the application's start. */
        FAIL,
        /** Log a warning, for a configuration that several applications share. */
        WARN
    }

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if a number of waiters is negative
     */
    public GlobalSettings {
        interruptOnLeaseLoss = Defaults.or(interruptOnLeaseLoss, false);
        unknownOperations = Defaults.or(unknownOperations, UnknownOperations.FAIL);
        checkNotNegative("max-waiters", maxWaiters);
        checkNotNegative("max-waiters-per-key", maxWaitersPerKey);
    }

    private static void checkNotNegative(String name, @Nullable Integer number) {
        if (number != null && number < 0) {
            throw new IdempotencyConfigurationException(
                    "idempotent." + name + " is " + number, "It has to be zero or more");
        }
    }
}
