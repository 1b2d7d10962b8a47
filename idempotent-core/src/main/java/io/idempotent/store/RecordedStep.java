package io.idempotent.store;

import io.idempotent.RecordedOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What a store keeps of one step of an execution.
 *
 * @param name the step's name, which no other step of its record has; 1 to {@value #MAXIMUM_NAME_LENGTH} characters,
 *     not blank, none of them a control character or an unpaired surrogate
 * @param outcome what the step produced; null where it was begun, and it is not known whether it was done
 */
public record RecordedStep(String name, @Nullable RecordedOutcome outcome) {

    /** How many characters a name may have: {@value}. */
    public static final int MAXIMUM_NAME_LENGTH = 255;

    /**
     * Makes a step.
     *
     * @throws IllegalArgumentException if the name is not acceptable
     */
    public RecordedStep {
        requireName(name);
    }

    /**
     * Refuses what cannot name a step.
     *
     * @throws IllegalArgumentException if the name is not acceptable
     */
    public static void requireName(String name) {
        boolean acceptable = !name.isBlank()
                && name.length() <= MAXIMUM_NAME_LENGTH
                && name.codePoints()
                        .noneMatch(letter -> Character.isISOControl(letter)
                                || (letter >= Character.MIN_SURROGATE && letter <= Character.MAX_SURROGATE));
        if (!acceptable) {
            throw new IllegalArgumentException("'" + name + "' cannot name a step: use 1 to " + MAXIMUM_NAME_LENGTH
                    + " characters, not blank, without control characters and unpaired surrogates");
        }
    }
}
