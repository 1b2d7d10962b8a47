package io.idempotent.kill.order;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.Told.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Whether the promise of steps held in a run:
 *
 * <ol>
 *   <li>Each order has ended: all who asked for it have the same value, or all were told that its outcome is unknown.
 *   <li>Each step of an order with a value was done, and the value is made of the receipts of what was done last.
 *   <li>What was done is followed by a repetition only if the step may run more than once, the repetition was made
 *       under another claim, and the process that did it first was killed before it had the store's answer that the
 *       step is recorded.
 *   <li>An order without a value has an at-most-once step that nobody can be asked about, which a process began and was
 *       killed before it had the store's answer that it is recorded. The store lists the order as abandoned, and the
 *       step as begun; the steps before it were done and are recorded, those after it neither.
 *   <li>The store lists no other order as abandoned.
 * </ol>
 *
 * @param violations what broke the promise; empty if it held
 * @param explained repetitions that the promise allows, and why each was made
 * @param killedAt how many orders were killed at which point
 * @param summary what happened, in figures
 */
public record OrderVerdict(
        List<String> violations, List<String> explained, Map<CrashPoint, Integer> killedAt, String summary) {

    /** Judges. */
    public static OrderVerdict of(OrderHistory history) {
        return new Judge(history).verdict();
    }

    /** All of it, for the log of the build. */
    public String report() {
        List<String> lines = new ArrayList<>();
        lines.add(summary);
        killedAt.forEach((point, count) -> lines.add("  killed at " + point + ": " + count));
        lines.add(explained.size() + " repetitions, each explained:");
        explained.forEach(line -> lines.add("  " + line));
        violations.forEach(line -> lines.add("  VIOLATION: " + line));
        return String.join(System.lineSeparator(), lines);
    }

    private record StepOfOrder(int order, String step) {}

    private record StepByProcess(int order, String step, long process) {}

    private static final class Judge {

        private final OrderHistory history;
        private final Map<Long, Kill> kills = new HashMap<>();
        private final Map<Integer, Set<String>> values = new HashMap<>();
        private final Set<Integer> unknown = new TreeSet<>();
        private final Set<StepByProcess> begun = new HashSet<>();
        private final Repetitions repetitions;
        private final Map<StepOfOrder, List<Effect>> effects = new HashMap<>();
        private final Map<CrashPoint, Integer> killedAt = new TreeMap<>((one, other) -> one.equals(other)
                ? 0
                : position(one) != position(other)
                        ? Integer.compare(position(one), position(other))
                        : one.moment().compareTo(other.moment()));
        private final List<String> violations = new ArrayList<>();

        Judge(OrderHistory history) {
            this.history = history;
            this.repetitions = new Repetitions(history.kills(), history.told());
            history.kills().forEach(kill -> kills.put(kill.process(), kill));
            history.told().forEach(this::take);
            for (Effect effect : history.effects()) {
                effects.computeIfAbsent(new StepOfOrder(effect.order(), effect.step()), step -> new ArrayList<>())
                        .add(effect);
            }
        }

        private void take(Told told) {
            switch (told.event()) {
                case AT -> {
                    if (kills.containsKey(told.process())) {
                        killedAt.merge(CrashPoint.parse(told.text()), 1, Integer::sum);
                    }
                }
                case BEGINS -> begun.add(new StepByProcess(told.order(), told.text(), told.process()));
                case ANSWERED ->
                    values.computeIfAbsent(told.order(), order -> new TreeSet<>())
                            .add(told.text());
                case UNKNOWN -> unknown.add(told.order());
                case CLAIMED, RECORDED, COMPLETED, REFUSED -> {
                    // Repetitions look at what is recorded; what was refused was asked for again.
                }
            }
        }

        private static int position(CrashPoint point) {
            int index = Order.STEPS.indexOf(point.step());
            return index < 0 ? Order.STEPS.size() : index;
        }

        OrderVerdict verdict() {
            for (int number = 0; number < history.orders(); number++) {
                Order order = new Order(number);
                for (String step : Order.STEPS) {
                    repetitions.judge(number, step, order.isAtMostOnce(step), effects(order, step));
                }
                Set<String> ofOrder = values.getOrDefault(number, Set.of());
                if (ofOrder.size() + (unknown.contains(number) ? 1 : 0) != 1) {
                    violations.add("order %d has %d different values, and is%s unknown"
                            .formatted(number, ofOrder.size(), unknown.contains(number) ? "" : " not"));
                } else if (unknown.contains(number)) {
                    judgeUnknown(order);
                } else {
                    judgeKnown(order, ofOrder.iterator().next());
                }
            }
            violations.addAll(repetitions.violations());
            return new OrderVerdict(List.copyOf(violations), List.copyOf(repetitions.explained()), killedAt, summary());
        }

        private List<Effect> effects(Order order, String step) {
            return effects.getOrDefault(new StepOfOrder(order.number(), step), List.of());
        }

        private void judgeKnown(Order order, String value) {
            String receipts = Order.STEPS.stream()
                    .map(step -> effects(order, step))
                    .map(done -> done.isEmpty()
                            ? "nothing"
                            : done.get(done.size() - 1).receipt())
                    .collect(Collectors.joining(","));
            if (!value.equals(receipts)) {
                violations.add("order %d has the value %s, and what was done last is %s"
                        .formatted(order.number(), value, receipts));
            }
            if (history.abandoned().containsKey(order.number())) {
                violations.add("order %d has a value, and is abandoned".formatted(order.number()));
            }
        }

        private void judgeUnknown(Order order) {
            Map<String, Boolean> steps = history.abandoned().get(order.number());
            if (steps == null) {
                violations.add("order %d is unknown, and not abandoned".formatted(order.number()));
                return;
            }
            boolean isBefore = true;
            for (String step : Order.STEPS) {
                if (isBefore && Boolean.FALSE.equals(steps.get(step))) {
                    isBefore = false;
                    judgeUnknownStep(order, step);
                } else if (isBefore) {
                    if (!steps.containsKey(step) || effects(order, step).isEmpty()) {
                        violations.add("order %d is unknown after %s, which was not done or is not recorded"
                                .formatted(order.number(), step));
                    }
                } else if (steps.containsKey(step) || !effects(order, step).isEmpty()) {
                    violations.add("order %d is unknown before %s, which was done or is recorded"
                            .formatted(order.number(), step));
                }
            }
            if (isBefore) {
                violations.add("order %d is unknown, and none of its steps is".formatted(order.number()));
            }
        }

        private void judgeUnknownStep(Order order, String step) {
            if (!order.isAtMostOnce(step) || order.isReconciled(step)) {
                violations.add("order %d is unknown for its step %s, which could have run again, or been asked about"
                        .formatted(order.number(), step));
            }
            boolean explains = kills.keySet().stream()
                    .anyMatch(process -> begun.contains(new StepByProcess(order.number(), step, process))
                            && !repetitions.isRecordedBy(process, order.number(), step));
            if (!explains) {
                violations.add("order %d is unknown for its step %s, and nobody was killed in that"
                        .formatted(order.number(), step));
            }
        }

        private String summary() {
            Set<Long> aimedAt = history.told().stream()
                    .filter(told -> told.event() == Event.AT)
                    .map(Told::process)
                    .collect(Collectors.toSet());
            long refused = history.told().stream()
                    .filter(told -> told.event() == Event.REFUSED)
                    .count();
            Map<Boolean, Long> done = new HashMap<>();
            for (int order : unknown) {
                history.abandoned().getOrDefault(order, Map.of()).forEach((step, hasOutcome) -> {
                    if (!hasOutcome) {
                        done.merge(!effects(new Order(order), step).isEmpty(), 1L, Long::sum);
                    }
                });
            }
            return ("%d orders; %d JVMs killed, %d of them at any time, and %d orders at their points; %d effects,"
                                    + " %d calls refused;")
                            .formatted(
                                    history.orders(),
                                    history.kills().size(),
                                    kills.keySet().stream()
                                            .filter(process -> !aimedAt.contains(process))
                                            .count(),
                                    killedAt.values().stream()
                                            .mapToInt(Integer::intValue)
                                            .sum(),
                                    history.effects().size(),
                                    refused)
                    + " %d orders with a value, %d unknown, of whose steps the ledger has %d and has not %d"
                            .formatted(
                                    values.size(),
                                    unknown.size(),
                                    done.getOrDefault(true, 0L),
                                    done.getOrDefault(false, 0L));
        }
    }
}
