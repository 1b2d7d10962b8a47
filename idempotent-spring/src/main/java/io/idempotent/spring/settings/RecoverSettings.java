package io.idempotent.spring.settings;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whether and when abandoned executions of one operation are finished without their callers; null stands for what is
 * not said. It is on once 'after' is said.
 *
 * @param after How long after the end of its lease an execution is finished without its caller. Not at all by default.
 * @param maxTakeovers How many take-overs a record may have until it is left for a person. 5 by default.
 */
public record RecoverSettings(
        @Nullable Duration after, @Nullable Integer maxTakeovers) {

    /** Settings that say nothing. */
    public static final RecoverSettings UNSAID = SettingRecords.read(RecoverSettings.class, (name, type) -> null);

    /** How many take-overs a record may have where nothing is said: {@value}. */
    public static final int DEFAULT_MAX_TAKEOVERS = 5;

    /** Whether these settings say nothing. */
    public boolean isUnsaid() {
        return after == null && maxTakeovers == null;
    }
}
