package io.idempotent.spring.recovery.kill;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.CrashPoint;
import io.idempotent.kill.order.Effect;
import io.idempotent.kill.order.Repetitions;
import io.idempotent.kill.order.Told;
import io.idempotent.spring.recovery.kill.OrderPlan.Declined;
import io.idempotent.spring.recovery.kill.RecoveryHistory.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Whether the promise of the recovery held in a run:
 *
 * <ol>
 *   <li>Each order has ended in the store, with a value or with the failure that it was declined; and so within a bound
 *       after the last kill of a process that had claimed it.
 *   <li>What was done is followed by a repetition only as {@link Repetitions} allow; undoing included.
 *   <li>An order with a value may not be one that is always declined, and none of its executions had the store's answer
 *       that it goes backward. Each of its steps was done, the value is made of the receipts of what was done last, and
 *       nothing is undone.
 *   <li>An order with a failure may be declined. All its steps but the confirmation were done, and each was undone,
 *       with the receipt of what was done last. Nothing was done after anything was undone, and steps were undone in
 *       reverse.
 * </ol>
 *
 * @param violations what broke the promise; empty if it held
 * @param explained repetitions that the promise allows, and why each was made
 * @param killedAt how many orders were killed at which point
 * @param killedAgain how many orders were killed while they were recovered
 * @param summary what happened, in figures
 */
record RecoveryVerdict(
        List<String> violations,
        List<String> explained,
        Map<CrashPoint, Integer> killedAt,
        int killedAgain,
        String summary) {

    /** Judges; the orders have to end so long after a kill at most. */
    static RecoveryVerdict of(RecoveryHistory history, Duration bound) {
        return new Judge(history, bound).verdict();
    }

    /** All of it, for the log of the build. */
    String report() {
        List<String> lines = new ArrayList<>();
        lines.add(summary);
        killedAt.forEach((point, count) -> lines.add("  killed at " + point + ": " + count));
        lines.add(explained.size() + " repetitions, each explained:");
        explained.forEach(line -> lines.add("  " + line));
        violations.forEach(line -> lines.add("  VIOLATION: " + line));
        return String.join(System.lineSeparator(), lines);
    }

    private static final class Judge {

        private final RecoveryHistory history;
        private final Duration bound;
        private final Map<Long, Kill> kills = new HashMap<>();
        private final Map<Integer, List<Told>> claims = new HashMap<>();
        private final Set<Integer> backward = new HashSet<>();
        private final Map<Integer, List<Effect>> effects = new HashMap<>();
        private final Map<CrashPoint, Integer> killedAt = new LinkedHashMap<>();
        private final List<Integer> stayed = new ArrayList<>();
        private final List<Long> delays = new ArrayList<>();
        private final List<String> violations = new ArrayList<>();
        private final Repetitions repetitions;

        Judge(RecoveryHistory history, Duration bound) {
            this.history = history;
            this.bound = bound;
            this.repetitions = new Repetitions(history.kills(), history.told());
            history.kills().forEach(kill -> kills.put(kill.process(), kill));
            OrderPlan.points().forEach(point -> killedAt.put(point, 0));
            history.told().forEach(this::take);
            killedAt.values().removeIf(count -> count == 0);
            for (Effect effect : history.effects()) {
                effects.computeIfAbsent(effect.order(), order -> new ArrayList<>())
                        .add(effect);
            }
        }

        private void take(Told told) {
            switch (told.event()) {
                case AT -> {
                    if (kills.containsKey(told.process())) {
                        killedAt.merge(CrashPoint.parse(told.text()), 1, Integer::sum);
                        stayed.add(told.order());
                    }
                }
                case CLAIMED ->
                    claims.computeIfAbsent(told.order(), order -> new ArrayList<>())
                            .add(told);
                case RECORDED -> {
                    if (told.text().equals(OrderPlan.COMPENSATE)) {
                        backward.add(told.order());
                    }
                }
                default -> {
                    // What callers are told, and what begins, is nothing to judge by.
                }
            }
        }

        RecoveryVerdict verdict() {
            for (int number : history.orders()) {
                OrderPlan plan = new OrderPlan(number);
                judgeRepetitions(plan);
                Ending ending = history.endings().get(number);
                if (ending == null) {
                    violations.add("order %d has not ended after %d claims"
                            .formatted(
                                    number,
                                    claims.getOrDefault(number, List.of()).size()));
                    continue;
                }
                judgeDelay(number, ending);
                if (ending.declined()) {
                    judgeDeclined(plan);
                } else {
                    judgePlaced(plan, ending.text());
                }
            }
            violations.addAll(repetitions.violations());
            return new RecoveryVerdict(
                    List.copyOf(violations),
                    List.copyOf(repetitions.explained()),
                    killedAt,
                    stayed.size() - Set.copyOf(stayed).size(),
                    summary());
        }

        private void judgeRepetitions(OrderPlan plan) {
            for (String step : OrderPlan.STEPS) {
                repetitions.judge(plan.number(), step, OrderPlan.isAtMostOnce(step), done(plan, step));
                repetitions.judge(plan.number(), OrderPlan.COMPENSATE + step, false, undone(plan, step));
            }
        }

        private void judgeDelay(int order, Ending ending) {
            long killed = claims.getOrDefault(order, List.of()).stream()
                    .map(claim -> kills.get(claim.process()))
                    .filter(kill -> kill != null && kill.after() <= ending.at())
                    .mapToLong(Kill::before)
                    .max()
                    .orElse(Long.MAX_VALUE);
            if (killed == Long.MAX_VALUE) {
                return;
            }
            long delay = ending.at() - killed;
            delays.add(delay);
            if (delay > TimeUnit.NANOSECONDS.toMicros(bound.toNanos())) {
                violations.add("order %d ended %.1f ms after the kill, later than %d ms"
                        .formatted(order, delay / 1e3, bound.toMillis()));
            }
        }

        private void judgePlaced(OrderPlan plan, String value) {
            int order = plan.number();
            if (plan.declined() == Declined.ALWAYS) {
                violations.add("order %d is declined, and has a value".formatted(order));
            }
            if (backward.contains(order)) {
                violations.add("order %d has a value, and was to be undone".formatted(order));
            }
            String receipts = OrderPlan.STEPS.stream()
                    .map(step -> lastReceipt(done(plan, step)))
                    .collect(Collectors.joining(","));
            if (!value.equals(receipts)) {
                violations.add(
                        "order %d has the value %s, and what was done last is %s".formatted(order, value, receipts));
            }
            for (Effect effect : effects(plan)) {
                if (Undone.parse(effect.step()) != null) {
                    violations.add("order %d has a value, and %s was done".formatted(order, effect.step()));
                }
            }
        }

        private void judgeDeclined(OrderPlan plan) {
            int order = plan.number();
            if (plan.declined() == Declined.NEVER) {
                violations.add("order %d has a failure, and is not declined".formatted(order));
            }
            for (String step : OrderPlan.STEPS) {
                List<Effect> done = done(plan, step);
                if (OrderPlan.isUndone(step) == done.isEmpty()) {
                    violations.add("order %d is declined, and %s was%s done"
                            .formatted(order, step, done.isEmpty() ? " not" : ""));
                } else if (OrderPlan.isUndone(step)) {
                    judgeUndone(plan, step, lastReceipt(done));
                }
            }
            judgeSequence(plan);
        }

        private void judgeUndone(OrderPlan plan, String step, String receipt) {
            List<Effect> undone = undone(plan, step);
            if (undone.isEmpty()) {
                violations.add("order %d is declined, and %s was not undone".formatted(plan.number(), step));
            }
            for (Effect effect : undone) {
                if (!effect.step().equals(Undone.effectOf(receipt))) {
                    violations.add("order %d: %s was done, and what was to be undone is %s"
                            .formatted(plan.number(), effect.step(), receipt));
                }
            }
        }

        private void judgeSequence(OrderPlan plan) {
            String last = null;
            for (Effect effect : effects(plan)) {
                Undone undone = Undone.parse(effect.step());
                if (last != null && undone == null) {
                    violations.add(
                            "order %d: %s was done after %s was undone".formatted(plan.number(), effect.step(), last));
                } else if (last != null && OrderPlan.STEPS.indexOf(last) < OrderPlan.STEPS.indexOf(undone.step())) {
                    violations.add("order %d: %s was undone after %s".formatted(plan.number(), undone.step(), last));
                }
                if (undone != null) {
                    last = undone.step();
                }
            }
        }

        private List<Effect> effects(OrderPlan plan) {
            return effects.getOrDefault(plan.number(), List.of());
        }

        private List<Effect> done(OrderPlan plan, String step) {
            return effects(plan).stream()
                    .filter(effect -> effect.step().equals(step))
                    .toList();
        }

        private List<Effect> undone(OrderPlan plan, String step) {
            return effects(plan).stream()
                    .filter(effect -> {
                        Undone undone = Undone.parse(effect.step());
                        return undone != null && undone.step().equals(step);
                    })
                    .toList();
        }

        private static String lastReceipt(List<Effect> done) {
            return done.isEmpty() ? "nothing" : done.get(done.size() - 1).receipt();
        }

        private String summary() {
            delays.sort(Comparator.naturalOrder());
            long declined =
                    history.endings().values().stream().filter(Ending::declined).count();
            long undone = history.effects().stream()
                    .filter(effect -> Undone.parse(effect.step()) != null)
                    .count();
            return ("%d orders, %d with a value, %d declined and undone; %d JVMs killed, with %d executions at their"
                            + " points; %d steps done and %d undone; %d recovered, %s after the kill")
                    .formatted(
                            history.orders().size(),
                            history.endings().size() - declined,
                            declined,
                            history.kills().size(),
                            stayed.size(),
                            history.effects().size() - undone,
                            undone,
                            delays.size(),
                            delays.isEmpty()
                                    ? "none"
                                    : "in the median %d ms and at most %d ms"
                                            .formatted(
                                                    delays.get(delays.size() / 2) / 1000,
                                                    delays.get(delays.size() - 1) / 1000));
        }
    }
}
