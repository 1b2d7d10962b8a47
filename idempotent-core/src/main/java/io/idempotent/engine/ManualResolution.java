package io.idempotent.engine;

/**
 * What a person decided about a record, since no call could.
 *
 * @param act what was done to the record
 * @param fencingToken the token of the record that was seen
 * @param who who decided; not blank
 * @param why the reason; not blank
 */
public record ManualResolution(Act act, long fencingToken, String who, String why) {

    /** What a person can do to a record. */
    public enum Act {
        /** The operation was done: a value was recorded as its outcome. */
        COMPLETED,
        /** The operation was done, and failed: a failure was recorded as its outcome. */
        FAILED,
        /** The operation was not done: the key was given back, and its recorded steps were kept. */
        RELEASED,
        /** The record does not matter any more: it was removed with its recorded steps. */
        FORGOTTEN
    }

    /**
     * Makes a resolution.
     *
     * @throws IllegalArgumentException if it does not say who decided, or why, each in one line: both stand in the log
     */
    public ManualResolution {
        requireSaid(who, why);
    }

    /**
     * Checks what a person said.
     *
     * @throws IllegalArgumentException if it does not say who decided, or why, each in one line: both stand in the log
     */
    public static void requireSaid(String who, String why) {
        if (who.isBlank() || why.isBlank()) {
            throw new IllegalArgumentException("Say who resolves the record, and why");
        }
        if (!isOneLine(who) || !isOneLine(why)) {
            throw new IllegalArgumentException("Say in one line who resolves the record, and why");
        }
    }

    private static boolean isOneLine(String text) {
        return text.codePoints().noneMatch(character -> switch (Character.getType(character)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        });
    }
}
