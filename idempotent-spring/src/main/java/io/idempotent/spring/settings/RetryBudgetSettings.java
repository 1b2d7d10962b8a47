package io.idempotent.spring.settings;

import org.jspecify.annotations.Nullable;

/**
 * How many retries there may be for how many successful calls; null stands for what is not said.
 *
 * @param tokens How many retries may follow each other while no call succeeds, in this JVM. Zero is without limit.
 * @param perSuccess How many retries each successful call allows again, up to the number of tokens.
 * @param name Name of the budget, which operations that say the same one share. The operation's name by default. A
 *     blank one is not set.
 */
public record RetryBudgetSettings(
        @Nullable Integer tokens,
        @Nullable Double perSuccess,
        @Nullable String name) {

    /** Settings that say nothing. */
    public static final RetryBudgetSettings UNSAID = new RetryBudgetSettings(null, null, null);

    /** How many retries each successful call allows again where nothing is set: {@value}. */
    public static final double DEFAULT_PER_SUCCESS = 0.2;

    /** Makes settings. */
    public RetryBudgetSettings {
        name = Defaults.notBlank(name);
    }
}
