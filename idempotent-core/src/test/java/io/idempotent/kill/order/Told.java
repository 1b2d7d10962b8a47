package io.idempotent.kill.order;

/**
 * What a node tells whoever may kill it, before it does anything else.
 *
 * @param process the node's process id
 * @param event what it tells
 * @param order of which order
 * @param token the fencing token of the claim; 0 where the event is none of a claim
 * @param text the step's name, the {@link CrashPoint}, the order's value, or why there is none
 */
public record Told(long process, Event event, int order, long token, String text) {

    /** What can be told. */
    public enum Event {
        /** The execution is at the point at which it is to be killed, and waits for that. */
        AT,
        /** The store has granted the claim. */
        CLAIMED,
        /** The store is asked next to record that this step begins. */
        BEGINS,
        /** The store has recorded this step's outcome. */
        RECORDED,
        /** The store has recorded the operation's outcome. */
        COMPLETED,
        /** The caller has the order's value. */
        ANSWERED,
        /** The caller was told that a step's outcome is unknown. */
        UNKNOWN,
        /** The caller was told why there is no answer now. */
        REFUSED;

        /** Whether this is the end of the call. */
        public boolean isEnd() {
            return this == ANSWERED || this == UNKNOWN || this == REFUSED;
        }
    }

    String line() {
        return process + " " + event + " " + order + " " + token + " " + text;
    }

    static Told parse(String line) {
        String[] parts = line.split(" ", 5);
        return new Told(
                Long.parseLong(parts[0]),
                Event.valueOf(parts[1]),
                Integer.parseInt(parts[2]),
                Long.parseLong(parts[3]),
                parts[4]);
    }
}
