package io.idempotent.kill.order;

import io.idempotent.kill.order.CrashPoint.Moment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An order, and all that follows from its number: of which kind its steps are, and where the JVMs that place it are
 * killed.
 *
 * <ol>
 *   <li>It is reserved, charged, shipped and confirmed. It is charged at most once, and every other pair of orders is
 *       confirmed at most once too.
 *   <li>Of every other order the ledger is asked whether it was charged, when that is unknown. Nobody is asked about
 *       the rest.
 *   <li>Four orders in a row, one of each kind, are killed at the same point; the next four at the next one.
 *   <li>Once each point has had its four, the next orders are killed at a later point after the first kill instead of
 *       at the same one; and the last ones once only.
 * </ol>
 *
 * @param number the order's number, from 0 on; also its idempotency key's value
 */
record Order(int number) {

    static final String CHARGE = "charge";

    static final String CONFIRM = "confirm";

    /** The steps, in their order. */
    static final List<String> STEPS = List.of("reserve", CHARGE, "ship", CONFIRM);

    private static final int KINDS = 4;

    private static final int LATER = 3;

    boolean isAtMostOnce(String step) {
        return step.equals(CHARGE) || (step.equals(CONFIRM) && number / 2 % 2 == 1);
    }

    /** Whether somebody can be asked what became of a step that was begun. */
    boolean isReconciled(String step) {
        return step.equals(CHARGE) && number % 2 == 0;
    }

    /** All points at which the JVM that places this order can be killed. */
    List<CrashPoint> crashPoints() {
        List<CrashPoint> points = new ArrayList<>();
        for (String step : STEPS) {
            if (isAtMostOnce(step)) {
                points.add(new CrashPoint(Moment.IN_BEGIN, step));
            }
            points.add(new CrashPoint(Moment.BEFORE_EFFECT, step));
            points.add(new CrashPoint(Moment.AFTER_EFFECT, step));
            points.add(new CrashPoint(Moment.IN_RECORD, step));
            points.add(new CrashPoint(Moment.AFTER_RECORD, step));
        }
        points.add(new CrashPoint(Moment.IN_COMPLETION, CrashPoint.COMPLETION));
        points.add(new CrashPoint(Moment.AFTER_COMPLETION, CrashPoint.COMPLETION));
        return points;
    }

    CrashPoint firstCrash() {
        List<CrashPoint> points = crashPoints();
        return points.get(number / KINDS % points.size());
    }

    /** Where it is killed when it is placed again, or null if it is not. */
    @Nullable
    CrashPoint secondCrash() {
        List<CrashPoint> points = crashPoints();
        int first = number / KINDS % points.size();
        int second = switch (number / KINDS / points.size()) {
            case 0 -> first;
            case 1 -> first + LATER;
            default -> points.size();
        };
        return second < points.size() ? points.get(second) : null;
    }
}
