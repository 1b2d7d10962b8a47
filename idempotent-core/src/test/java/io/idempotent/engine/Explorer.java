package io.idempotent.engine;

import io.idempotent.engine.Promises.Broken;
import io.idempotent.engine.Promises.Promise;
import io.idempotent.engine.Schedule.Choice;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Plays a scenario in every way that its depth allows, on the real engine. Left out are the end of the retention,
 * interrupts, retries within a claim, records near at hand, the closing of an engine, atomic calls, and that several
 * threads work on one call that has none.
 *
 * <ol>
 *   <li>Every schedule is played from its beginning: first along the choices of an earlier one, up to the last choice
 *       that has an alternative, then along that, and from there by the first choice each time.
 *   <li>A state that was explored before, with as much depth left or more, ends the schedule: what can follow is known.
 *   <li>Two states count as the same if they have the same hash of 64 bits, of the key's claims and what was done under
 *       each, of the steps that are recorded, and of the position of each caller and renewal that is left, all that it
 *       was told, how long ago it asked, and what its execution knows of its lease. The rest of what an engine has in
 *       memory is not looked at: it is taken to follow from this. Merged on purpose are states that differ only in how
 *       often somebody was told the same in a row, so that asking again and again has an end; in how long a pause has
 *       grown; in what those who are done were told; and in claims that freed the key.
 *   <li>If a promise is broken, shorter schedules that break one are looked for, after each for so many schedules more,
 *       and the shortest is played once more to be told.
 * </ol>
 */
final class Explorer {

    /**
     * What was seen.
     *
     * @param schedules how many were played
     * @param states how many different ones were seen
     * @param longest the number of choices in the longest schedule
     * @param broken the promise that the shortest schedule broke of those that broke one; null if none did
     * @param story that schedule, as it was played
     */
    record Report(
            int schedules,
            int states,
            int longest,
            long millis,
            @Nullable Broken broken,
            List<String> story) {

        @Nullable
        Promise brokenPromise() {
            return broken == null ? null : broken.promise();
        }

        String told() {
            return (broken == null ? "" : broken.getMessage() + "\n" + String.join("\n", story) + "\n") + figures();
        }

        String figures() {
            return schedules + " schedules, " + states + " states, up to " + longest + " choices, " + millis + " ms";
        }
    }

    /** One choice on the way to where the exploration is. */
    private static final class Branch {

        private final int alternatives;
        private int taken;

        private Branch(int alternatives) {
            this.alternatives = alternatives;
        }
    }

    // Far beyond what budgets and deadlines allow.
    private static final int LONGEST = 300;

    private static final int LOOKING_FOR_A_SHORTER_ONE = 500;

    private final Scenario scenario;
    private final Map<Long, Integer> explored = new HashMap<>();
    private final List<Branch> path = new ArrayList<>();
    private int schedules;
    private int longest;
    private int limit = Integer.MAX_VALUE;
    private int enough = Integer.MAX_VALUE;
    private @Nullable Broken broken;
    private int[] shortest = {};

    private Explorer(Scenario scenario) {
        this.scenario = scenario;
    }

    /** Explores a scenario whole, or until a shortest schedule that breaks a promise is found. */
    static Report explore(Scenario scenario) {
        return new Explorer(scenario).explore();
    }

    private Report explore() {
        long begin = System.nanoTime();
        try (Crew crew = new Crew()) {
            do {
                play(crew);
            } while (schedules < enough && advance());
            List<String> story = broken == null ? List.of() : tell(crew);
            long millis = (System.nanoTime() - begin) / 1_000_000;
            return new Report(schedules, explored.size(), longest, millis, broken, story);
        }
    }

    private void play(Crew crew) {
        Steps steps = new Steps();
        Schedule schedule = new Schedule(crew, steps, scenario.nodes(), scenario.depth, false);
        Throwable failure = played(schedule, steps);
        schedules++;
        longest = Math.max(longest, steps.number);
        if (failure instanceof Broken thrown) {
            broken = thrown;
            shortest = path.stream()
                    .mapToInt(branch -> branch.taken)
                    .limit(steps.number)
                    .toArray();
            // What was explored with longer ways on ahead of it may hide a shorter way to break something.
            limit = steps.number - 1;
            enough = schedules + LOOKING_FOR_A_SHORTER_ONE;
            explored.clear();
        } else if (failure != null) {
            shortest = path.stream().mapToInt(branch -> branch.taken).toArray();
            throw new AssertionError("A schedule failed that begins so: \n" + String.join("\n", tell(crew)), failure);
        }
    }

    private @Nullable Throwable played(Schedule schedule, Steps steps) {
        ModelWorld world = new ModelWorld(scenario, schedule);
        steps.world = world;
        schedule.play(world);
        if (schedule.isFinished()) {
            world.checkEnd();
        }
        return schedule.failure();
    }

    private List<Integer> taken() {
        return path.stream().map(branch -> branch.taken).toList();
    }

    /** Goes back to the last choice that has an alternative, and takes that; false if there is none. */
    private boolean advance() {
        while (!path.isEmpty()) {
            Branch last = path.get(path.size() - 1);
            last.taken++;
            if (last.taken < last.alternatives && path.size() <= limit) {
                return true;
            }
            path.remove(path.size() - 1);
        }
        return false;
    }

    private List<String> tell(Crew crew) {
        int[] next = {0};
        Schedule schedule = new Schedule(
                crew,
                (played, choices) -> next[0] < shortest.length ? shortest[next[0]++] : -1,
                scenario.nodes(),
                scenario.depth,
                true);
        ModelWorld world = new ModelWorld(scenario, schedule);
        schedule.play(world);
        if (schedule.isFinished()) {
            world.checkEnd();
        }
        return schedule.story();
    }

    /** Follows the path, and then leads it on. */
    private final class Steps implements Schedule.Chooser {

        private int number;
        private ModelWorld world;

        @Override
        public int choose(Schedule schedule, List<Choice> choices) {
            if (number == LONGEST) {
                throw new IllegalStateException("The schedule has no end");
            }
            if (number == path.size()) {
                if (number >= limit || isExplored(world.state(), schedule.depth())) {
                    return -1;
                }
                path.add(new Branch(choices.size()));
            }
            Branch branch = path.get(number);
            if (branch.alternatives != choices.size()) {
                throw new IllegalStateException("The schedule " + taken() + " is not the same when it is played again: "
                        + choices.size() + " choices instead of " + branch.alternatives + " at " + number);
            }
            number++;
            return branch.taken;
        }
    }

    private boolean isExplored(long state, int depth) {
        Integer before = explored.get(state);
        if (before != null && before >= depth) {
            return true;
        }
        explored.put(state, depth);
        return false;
    }
}
