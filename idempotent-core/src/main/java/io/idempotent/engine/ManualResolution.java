package io.idempotent.engine;

/**
 * What somebody decided about a record, since no call could.
 *
 * @param act what was done to the record
 * @param fencingToken the token of the record that was seen
 * @param who who decided; not blank
 * @param why for what reason; not blank
 */
public record ManualResolution(Act act, long fencingToken, String who, String why) {

    /** What can be done to a record by hand. */
    public enum Act {
        /** Its operation was done: a value was recorded as its outcome. */
        COMPLETED,
        /** Its operation was not done: the key was given back, its recorded steps kept. */
        RELEASED,
        /** Nothing of it matters any more: it was removed, its recorded steps with it. */
        FORGOTTEN
    }

    /**
     * Makes a resolution.
     *
     * @throws IllegalArgumentException if it does not say who decided, or why
     */
    public ManualResolution {
        if (who.isBlank() || why.isBlank()) {
            throw new IllegalArgumentException("Say who resolves the record, and why");
        }
    }
}
