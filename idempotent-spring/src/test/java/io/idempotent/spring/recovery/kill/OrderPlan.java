package io.idempotent.spring.recovery.kill;

import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.CrashPoint.Moment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An order, and all that follows from its number: whether it is declined, and where the JVMs that work on it are
 * killed.
 *
 * <ol>
 *   <li>It is reserved, charged, packed, shipped and confirmed. It is charged and shipped at most once, and the ledger
 *       is asked what became of that. All but the confirmation can be undone; the confirmation is what may be declined.
 *   <li>Its caller's JVM is killed at one of all {@link #points}, in turn. An order that is killed while it is undone
 *       is declined, and so is a third of the others where that makes no point unreachable.
 *   <li>Two thirds are to be killed again, at the same point or a few later, in the JVM that recovers them.
 * </ol>
 *
 * @param number the order's number, from 0 on; below that, one that only warms a JVM. Also its idempotency key's value
 */
record OrderPlan(int number) {

    static final String CONFIRM = "confirm";

    /** The steps, in their order. */
    static final List<String> STEPS = List.of("reserve", "charge", "pack", "ship", CONFIRM);

    /** What a step's name follows in the name of the step that undoes it; by itself, the step that says why. */
    static final String COMPENSATE = "compensate:";

    private static final Set<String> AT_MOST_ONCE = Set.of("charge", "ship");

    private static final List<CrashPoint> FORWARD = forward();

    private static final List<CrashPoint> BACKWARD = backward();

    private static final int FIRST_BACKWARD = FORWARD.size();

    /** The number of orders until each point had its own. */
    static final int PERIOD = FORWARD.size() + BACKWARD.size();

    private static final int FARTHEST = 7;

    /** Who declines an order. */
    enum Declined {
        NEVER,
        ALWAYS,
        /** Its caller's execution is declined; one that is recovered would not be. */
        AT_FIRST
    }

    /** All points at which some order is killed. */
    static Set<CrashPoint> points() {
        Set<CrashPoint> points = new LinkedHashSet<>(FORWARD);
        points.addAll(BACKWARD);
        return points;
    }

    /** The number of the first order that is killed once something of it is undone. */
    static int firstUndoing() {
        return FIRST_BACKWARD + BACKWARD.indexOf(new CrashPoint(Moment.AFTER_EFFECT, COMPENSATE + "ship"));
    }

    static boolean isAtMostOnce(String step) {
        return AT_MOST_ONCE.contains(step);
    }

    static boolean isUndone(String step) {
        return !step.equals(CONFIRM);
    }

    List<String> items() {
        return List.of("item " + number, "Übergröße", "");
    }

    Declined declined() {
        if (number < 0) {
            return number % 2 == 0 ? Declined.NEVER : Declined.ALWAYS;
        }
        int index = number % PERIOD;
        if (index >= FIRST_BACKWARD) {
            return number % 2 == 0 ? Declined.ALWAYS : Declined.AT_FIRST;
        }
        return number % 3 == 1 && index <= FORWARD.indexOf(new CrashPoint(Moment.BEFORE_EFFECT, CONFIRM))
                ? Declined.ALWAYS
                : Declined.NEVER;
    }

    /** Where the JVM of its caller is killed. */
    CrashPoint firstCrash() {
        int index = number % PERIOD;
        return index < FIRST_BACKWARD ? FORWARD.get(index) : BACKWARD.get(index - FIRST_BACKWARD);
    }

    /** Where the JVM that recovers it is killed, if it gets there; null if it is not. */
    @Nullable
    CrashPoint secondCrash() {
        if (number % 3 == 0) {
            return null;
        }
        List<CrashPoint> points = new ArrayList<>(FORWARD);
        if (declined() != Declined.NEVER) {
            points = points.subList(0, points.indexOf(new CrashPoint(Moment.BEFORE_EFFECT, CONFIRM)) + 1);
            points.addAll(BACKWARD);
        }
        int second = points.indexOf(firstCrash()) + number % FARTHEST;
        return second < points.size() ? points.get(second) : null;
    }

    private static List<CrashPoint> forward() {
        List<CrashPoint> points = new ArrayList<>();
        points.add(new CrashPoint(Moment.AFTER_CLAIM, CrashPoint.CLAIM));
        for (String step : STEPS) {
            if (isAtMostOnce(step)) {
                points.add(new CrashPoint(Moment.IN_BEGIN, step));
            }
            addStep(points, step);
        }
        addCompletion(points);
        return List.copyOf(points);
    }

    private static List<CrashPoint> backward() {
        List<CrashPoint> points = new ArrayList<>();
        List<String> undone = STEPS.stream().filter(OrderPlan::isUndone).toList();
        for (String step : undone) {
            points.add(new CrashPoint(Moment.IN_BEGIN, COMPENSATE + step));
        }
        points.add(new CrashPoint(Moment.IN_RECORD, COMPENSATE));
        points.add(new CrashPoint(Moment.AFTER_RECORD, COMPENSATE));
        for (int index = undone.size() - 1; index >= 0; index--) {
            addStep(points, COMPENSATE + undone.get(index));
        }
        addCompletion(points);
        return List.copyOf(points);
    }

    private static void addStep(List<CrashPoint> points, String step) {
        points.add(new CrashPoint(Moment.BEFORE_EFFECT, step));
        points.add(new CrashPoint(Moment.AFTER_EFFECT, step));
        points.add(new CrashPoint(Moment.IN_RECORD, step));
        points.add(new CrashPoint(Moment.AFTER_RECORD, step));
    }

    private static void addCompletion(List<CrashPoint> points) {
        points.add(new CrashPoint(Moment.IN_COMPLETION, CrashPoint.COMPLETION));
        points.add(new CrashPoint(Moment.AFTER_COMPLETION, CrashPoint.COMPLETION));
    }
}
