package io.idempotent.kill.order;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.Told.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which repetitions kills explain: what was done is followed by a repetition only if the step may run more than once,
 * the repetition was made under another claim, and the process that did it first was killed before it had the store's
 * answer that the step is recorded.
 */
public final class Repetitions {

    private record StepByProcess(int order, String step, long process) {}

    private record StepUnderClaim(int order, String step, long token) {}

    private final Map<Long, Kill> kills = new HashMap<>();
    private final Set<StepByProcess> recorded = new HashSet<>();
    private final Set<StepUnderClaim> recordedUnder = new HashSet<>();
    private final List<String> violations = new ArrayList<>();
    private final List<String> explained = new ArrayList<>();

    /**
     * Judges by what happened.
     *
     * @param kills of processes
     * @param told by all nodes
     */
    public Repetitions(List<Kill> kills, List<Told> told) {
        kills.forEach(kill -> this.kills.put(kill.process(), kill));
        for (Told line : told) {
            if (line.event() == Event.RECORDED) {
                recorded.add(new StepByProcess(line.order(), line.text(), line.process()));
                recordedUnder.add(new StepUnderClaim(line.order(), line.text(), line.token()));
            }
        }
    }

    /** Judges what was done for one step of an order, in order. */
    public void judge(int order, String step, boolean atMostOnce, List<Effect> done) {
        for (int index = 1; index < done.size(); index++) {
            judge(order, step, atMostOnce, done.get(index - 1), done.get(index));
        }
    }

    private void judge(int order, String step, boolean atMostOnce, Effect first, Effect second) {
        Kill kill = kills.get(first.process());
        String repeated = "order %d: %s was done by process %d, and again by process %d"
                .formatted(order, step, first.process(), second.process());
        if (atMostOnce) {
            violations.add(repeated + ", though it runs at most once");
        } else if (first.token() >= second.token()) {
            violations.add(repeated + ", though not under a later claim");
        } else if (recordedUnder.contains(new StepUnderClaim(order, step, first.token()))) {
            violations.add(repeated + ", though the first had recorded it");
        } else if (kill == null) {
            violations.add(repeated + ", though the first was not killed");
        } else {
            explained.add("%s: the first was killed %.1f ms after it, before it was recorded"
                    .formatted(repeated, (kill.after() - first.at()) / 1e3));
        }
    }

    /** Whether a process had the store's answer that it recorded a step. */
    boolean isRecordedBy(long process, int order, String step) {
        return recorded.contains(new StepByProcess(order, step, process));
    }

    /** Returns what no kill explains. */
    public List<String> violations() {
        return violations;
    }

    /** Returns the repetitions that the promise allows, and why each was made. */
    public List<String> explained() {
        return explained;
    }
}
