package io.idempotent.kill.order;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where in an execution its JVM is killed.
 *
 * @param moment which moment of the step
 * @param step the step's name; {@link #CLAIM} or {@link #COMPLETION} where the moment is none of a step
 */
public record CrashPoint(Moment moment, String step) {

    /** What stands for the step where the moment is one of the claim. */
    public static final String CLAIM = "claim";

    /** What stands for the step where the moment is one of the completion. */
    public static final String COMPLETION = "completion";

    /** The moments of a step, in their order, and those before the first and after the last step. */
    public enum Moment {
        /** The store has granted the claim, and nothing has run. */
        AFTER_CLAIM,
        /** That an at-most-once step begins is on its way to the store. */
        IN_BEGIN,
        /** The step runs, and has done nothing yet. */
        BEFORE_EFFECT,
        /** The step has done what it does, and has not returned. */
        AFTER_EFFECT,
        /** The step's outcome is on its way to the store. */
        IN_RECORD,
        /** The store has the step's outcome; the next step has not begun. */
        AFTER_RECORD,
        /** The operation's outcome is on its way to the store. */
        IN_COMPLETION,
        /** The store has the operation's outcome; its caller has not. */
        AFTER_COMPLETION;

        /** Whether a request is under way, so that the kill has to come at any time within it. */
        boolean isInRequest() {
            return this == IN_BEGIN || this == IN_RECORD || this == IN_COMPLETION;
        }
    }

    /** All points at which some order is killed. */
    public static Set<CrashPoint> all() {
        return IntStream.range(0, OrderRun.ORDERS)
                .mapToObj(number -> new Order(number).firstCrash())
                .collect(Collectors.toSet());
    }

    /** Reads a point's text. */
    public static CrashPoint parse(String text) {
        String[] parts = text.split(":", 2);
        return new CrashPoint(Moment.valueOf(parts[0]), parts[1]);
    }

    @Override
    public String toString() {
        return moment + ":" + step;
    }
}
