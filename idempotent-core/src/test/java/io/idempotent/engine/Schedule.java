package io.idempotent.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One schedule: who goes on when, and what goes wrong.
 *
 * <ol>
 *   <li>Every actor, a caller or an engine's renewal of leases, has a thread. One actor has the turn; the others stand
 *       at the point where they came to a {@link #pause}.
 *   <li>The actor that comes to a pause asks the chooser for the next choice, and for more until one of them gives
 *       somebody the turn: an actor goes on in one of the ways that its pause offers, an engine's renewal visits its
 *       executions, time passes, or a node crashes.
 *   <li>The depth of a schedule bounds how much of all this there is beside everybody going on to the end, one after
 *       the other: faults, turns taken from somebody who could go on, and time that passes while somebody could go on
 *       have their costs. Time passes free of charge when all who are left only wait.
 *   <li>The actors of a crashed node stand where they are for good. When the schedule is over, all who still stand are
 *       told to go by a {@link Stopped} at their pause, and at each further one, so that nothing of theirs takes
 *       effect.
 * </ol>
 *
 * <p>All of its state belongs to the thread that has the turn.
 */
final class Schedule {

    /** What a crash, a lost request or answer, and a failure of user code cost. */
    static final int FAULT = 2;

    /** What it costs to take the turn from somebody who could go on. */
    static final int PREEMPTION = 2;

    /** What half a lease costs that passes while somebody could go on. */
    static final int TICK = 1;

    /** Ends an actor that is not to go on. */
    static final class Stopped extends Error {

        private static final long serialVersionUID = 1L;

        Stopped() {
            super("The schedule is over", null, false, false);
        }
    }

    /** How an actor goes on. */
    enum Move {
        GOES_ON("goes on", false),
        DOES_NOT_ARRIVE("its request does not arrive", true),
        ANSWER_IS_LOST("the answer is lost", true),
        THROWS("throws, nothing done", true),
        THROWS_FINALLY("throws a failure that is final", true),
        THROWS_UNKNOWN_DONE("throws, and nobody knows that it is done", true),
        THROWS_UNKNOWN_NOT_DONE("throws, and nobody knows that it is not done", true),
        CANNOT_TELL("cannot tell", true),
        FAILS_TO_TELL("fails to tell", true),
        ROLLS_BACK("rolls back", true),
        COMMITS_UNHEARD("commits, and nobody hears of it", true),
        ROLLS_BACK_UNHEARD("rolls back, and nobody hears of it", true);

        private final String text;
        private final boolean fault;

        Move(String text, boolean fault) {
            this.text = text;
            this.fault = fault;
        }
    }

    /** What an actor that pauses waits for. */
    enum Wait {
        /** Nothing: whoever goes on instead takes its turn. */
        NONE,
        /** A moment, or that its condition is met. */
        CONDITION,
        /** That it may ask others once more, who may have nothing new to say. */
        TURN
    }

    /** What can happen next. */
    enum Kind {
        GO,
        VISIT,
        TICK,
        CRASH
    }

    /**
     * One thing that can happen next.
     *
     * @param index of the actor that goes on, or of the node
     * @param move how the actor goes on
     * @param cost what it takes of the depth: {@link #FAULT}, {@link #PREEMPTION} and {@link #TICK} added up, or
     *     nothing
     */
    record Choice(Kind kind, int index, Move move, int cost) {}

    /** Decides. */
    @FunctionalInterface
    interface Chooser {

        /** The choice to be taken, by its index; less than zero to end the schedule here. */
        int choose(Schedule schedule, List<Choice> choices);
    }

    /** What is scheduled. */
    interface World {

        /** Begins the renewal of a node's leases, as an actor of its own. */
        void visit(int node);

        /** Whether that could make a difference. */
        boolean isVisitDue(int node);

        /** Time passes. */
        void tick();

        /** A node is gone. */
        void crashed(int node);

        /** Checks what has to be true at every moment. */
        void check();
    }

    /** One who acts. */
    static final class Actor {

        final String name;
        final int node;
        final boolean caller;
        private final Runnable body;
        private final Object twin;
        private final Schedule schedule;
        private Thread thread;
        private String at = "calls";
        private BooleanSupplier ready = () -> true;
        private Wait waits = Wait.NONE;
        private Move[] moves = {Move.GOES_ON};
        private Move move = Move.GOES_ON;
        private long history;
        private long lastEvent;
        private boolean begun;
        private boolean ended;
        private volatile boolean turn;
        private volatile boolean gone;

        private Actor(Schedule schedule, String name, int node, boolean caller, Object twin, Runnable body) {
            this.schedule = schedule;
            this.name = name;
            this.node = node;
            this.caller = caller;
            this.twin = twin;
            this.body = body;
        }

        private void awaitTurn() {
            while (!turn && !schedule.stopped) {
                LockSupport.park(this);
            }
            turn = false;
        }

        /** What its thread does. */
        void play() {
            awaitTurn();
            try {
                if (!schedule.stopped) {
                    body.run();
                }
            } catch (Stopped expected) {
                // It was told to go.
            } catch (Throwable failure) {
                schedule.fail(failure);
            } finally {
                if (!schedule.stopped) {
                    ended = true;
                    schedule.pass(schedule.decide(this));
                }
            }
        }

        /** Its thread is free for another. */
        void leave() {
            gone = true;
            LockSupport.unpark(schedule.main);
        }

        boolean isBegun() {
            return begun;
        }
    }

    private final Crew crew;
    private final Chooser chooser;
    private final int nodes;
    private final boolean tells;
    private final List<Actor> actors = new ArrayList<>();
    private final boolean[] crashed;
    private final List<String> story = new ArrayList<>();
    private final Thread main = Thread.currentThread();
    private World world;
    private int depth;
    private @Nullable Actor current;
    private int steps;
    private int time;
    private int troubles;
    private @Nullable Throwable failure;
    private boolean finished;
    private volatile boolean over;
    private volatile boolean stopped;

    /**
     * Makes a schedule.
     *
     * @param crew the threads to play it
     * @param tells whether to write down what happens
     */
    Schedule(Crew crew, Chooser chooser, int nodes, int depth, boolean tells) {
        this.crew = crew;
        this.chooser = chooser;
        this.nodes = nodes;
        this.depth = depth;
        this.tells = tells;
        this.crashed = new boolean[nodes];
    }

    /**
     * Adds an actor.
     *
     * @param twin actors with equal twins are alike, and begin in order
     */
    Actor actor(String name, int node, boolean caller, Object twin, Runnable body) {
        Actor actor = new Actor(this, name, node, caller, twin, body);
        actors.add(actor);
        return actor;
    }

    /** Plays from the beginning until nobody is left to go on, a promise is broken, or the chooser ends it. */
    void play(World world) {
        this.world = world;
        pass(decide(null));
        while (!over) {
            LockSupport.park(this);
        }
        stopped = true;
        for (Actor actor : actors) {
            if (actor.begun) {
                LockSupport.unpark(actor.thread);
            }
        }
        for (Actor actor : actors) {
            while (actor.begun && !actor.gone) {
                LockSupport.park(this);
            }
        }
        // Nobody is left but this thread, which may go on without a pause.
        stopped = false;
    }

    /** Whether everybody came to an end, or was on a node that crashed. */
    boolean isFinished() {
        return finished && failure == null;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Something is not as promised; the first such thing counts. */
    void fail(Throwable thrown) {
        if (failure == null && !stopped) {
            failure = thrown;
        }
    }

    boolean isStopped() {
        return stopped;
    }

    /** How much may still happen that costs. */
    int depth() {
        return depth;
    }

    int time() {
        return time;
    }

    /** How many faults there were, crashes and time that passed while somebody could go on included. */
    int troubles() {
        return troubles;
    }

    List<String> story() {
        return story;
    }

    boolean isCrashed(int node) {
        return crashed[node];
    }

    /** Where an actor stands. */
    String at(int index) {
        return actors.get(index).at;
    }

    boolean hasEnded(int index) {
        return actors.get(index).ended;
    }

    /** The actor whose thread this is; null outside of the schedule. */
    @Nullable
    Actor actor() {
        return Thread.currentThread() instanceof Crew.Member member ? member.actor() : null;
    }

    /** Comes to a point where others may go on first. */
    Move pause(String at, Move... moves) {
        return pause(at, Wait.NONE, () -> true, moves);
    }

    /** Comes to a point from which it can go on only under a condition. */
    Move pause(String at, Wait waits, BooleanSupplier ready, Move... moves) {
        Actor actor = actor();
        if (actor == null) {
            return Move.GOES_ON;
        }
        if (stopped) {
            throw new Stopped();
        }
        actor.at = at;
        actor.waits = waits;
        actor.ready = ready;
        actor.moves = moves;
        Actor next = decide(actor);
        if (next != actor) {
            pass(next);
            actor.awaitTurn();
        }
        if (stopped) {
            throw new Stopped();
        }
        return actor.move;
    }

    /**
     * Notes what the acting one came to know; told twice in a row, it is noted once, so that asking again is no new
     * state.
     */
    void note(String event) {
        Actor actor = actor();
        if (stopped || actor == null) {
            return;
        }
        if (tells) {
            story.add("       " + actor.name + ": " + event);
        }
        long noted = Hash.of(event);
        if (noted != actor.lastEvent) {
            actor.lastEvent = noted;
            actor.history = Hash.mix(actor.history, noted);
        }
    }

    /** Where everybody is who is left, and what they were told on their way. */
    long positions() {
        long hash = 0;
        for (int index = 0; index < actors.size(); index++) {
            Actor actor = actors.get(index);
            if (!actor.ended && !crashed[actor.node]) {
                hash = Hash.mix(hash, actor.caller ? index : -actor.node);
                hash = Hash.mix(hash, actor.history);
                hash = Hash.mix(hash, actor.begun ? Hash.of(actor.at) : 0);
            }
        }
        Actor going = going();
        // From whom a turn would be taken.
        return going == null ? hash : Hash.mix(hash, Hash.of(going.name));
    }

    private void pass(@Nullable Actor next) {
        if (next == null) {
            over = true;
            LockSupport.unpark(main);
        } else {
            next.turn = true;
            LockSupport.unpark(next.thread);
        }
    }

    /** Takes choices until one gives somebody the turn; null if the schedule is over. */
    private @Nullable Actor decide(@Nullable Actor actor) {
        current = actor;
        try {
            while (failure == null) {
                world.check();
                List<Choice> choices = choices();
                if (choices.isEmpty()) {
                    finished = true;
                    return null;
                }
                int chosen = failure == null ? chooser.choose(this, choices) : -1;
                if (chosen < 0) {
                    return null;
                }
                Choice choice = choices.get(chosen);
                depth -= choice.cost;
                boolean trouble =
                        choice.kind == Kind.TICK ? choice.cost > 0 : choice.kind == Kind.CRASH || choice.move.fault;
                troubles += trouble ? 1 : 0;
                steps++;
                Actor next = take(choice);
                if (next != null) {
                    return next;
                }
            }
        } catch (Throwable thrown) {
            fail(thrown);
        }
        return null;
    }

    private @Nullable Actor take(Choice choice) {
        tell(choice);
        switch (choice.kind) {
            case GO -> {
                return begin(choice.index, choice.move);
            }
            case VISIT -> {
                world.visit(choice.index);
                return begin(actors.size() - 1, Move.GOES_ON);
            }
            case TICK -> elapse();
            case CRASH -> {
                crashed[choice.index] = true;
                world.crashed(choice.index);
            }
        }
        return null;
    }

    /** Half a lease passes. */
    void elapse() {
        time++;
        world.tick();
    }

    private Actor begin(int index, Move move) {
        Actor actor = actors.get(index);
        actor.move = move;
        if (!actor.begun) {
            actor.begun = true;
            actor.thread = crew.give(index, actor);
        }
        return actor;
    }

    private void tell(Choice choice) {
        if (!tells) {
            return;
        }
        String text = switch (choice.kind) {
            case GO -> {
                Actor actor = actors.get(choice.index);
                yield actor.name + ", " + actor.at
                        + (choice.move == Move.GOES_ON ? "" : ": " + choice.move.text.toUpperCase(Locale.ROOT));
            }
            case VISIT -> "node " + choice.index + " renews its leases";
            case TICK -> "HALF A LEASE PASSES";
            case CRASH -> "NODE " + choice.index + " CRASHES";
        };
        story.add(String.format("%4d. %s", steps, text));
    }

    /** Who would have to give up a turn. */
    private @Nullable Actor going() {
        Actor last = current;
        return last != null && last.waits == Wait.NONE && canGoOn(last) ? last : null;
    }

    private boolean canGoOn(Actor actor) {
        return !actor.ended && !crashed[actor.node] && actor.ready.getAsBoolean();
    }

    /** What can happen now, the simplest first; nothing if nobody is left. */
    private List<Choice> choices() {
        List<Choice> choices = new ArrayList<>();
        Actor last = current;
        boolean going = going() != null;
        if (last != null && canGoOn(last)) {
            addMoves(choices, actors.indexOf(last), 0);
        }
        boolean left = false;
        boolean allWait = true;
        for (int index = 0; index < actors.size(); index++) {
            Actor actor = actors.get(index);
            if (actor.ended || crashed[actor.node]) {
                continue;
            }
            left = true;
            allWait &= actor.begun && (actor.waits == Wait.TURN || !actor.ready.getAsBoolean());
            if (actor != last && canGoOn(actor) && !hasTwinThatComesFirst(index)) {
                addMoves(choices, index, going ? PREEMPTION : 0);
            }
        }
        if (!left) {
            return List.of();
        }
        for (int node = 0; node < nodes; node++) {
            if (!crashed[node] && world.isVisitDue(node)) {
                add(choices, new Choice(Kind.VISIT, node, Move.GOES_ON, going ? PREEMPTION : 0));
            }
        }
        add(choices, new Choice(Kind.TICK, 0, Move.GOES_ON, allWait ? 0 : TICK));
        for (int node = 0; node < nodes; node++) {
            if (!crashed[node] && isAtWork(node)) {
                add(choices, new Choice(Kind.CRASH, node, Move.GOES_ON, FAULT));
            }
        }
        return choices;
    }

    private void addMoves(List<Choice> choices, int index, int cost) {
        for (Move move : actors.get(index).moves) {
            add(choices, new Choice(Kind.GO, index, move, cost + (move.fault ? FAULT : 0)));
        }
    }

    private void add(List<Choice> choices, Choice choice) {
        if (choice.cost <= depth) {
            choices.add(choice);
        }
    }

    private boolean hasTwinThatComesFirst(int index) {
        Actor actor = actors.get(index);
        if (actor.begun) {
            return false;
        }
        for (int before = 0; before < index; before++) {
            Actor other = actors.get(before);
            if (!other.begun && other.node == actor.node && other.twin.equals(actor.twin)) {
                return true;
            }
        }
        return false;
    }

    private boolean isAtWork(int node) {
        return actors.stream().anyMatch(actor -> actor.node == node && actor.caller && actor.begun && !actor.ended);
    }
}
