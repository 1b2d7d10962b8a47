package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.Reconciliation;
import io.idempotent.engine.Promises.Owner;
import io.idempotent.engine.Promises.Run;
import io.idempotent.engine.Schedule.Move;
import io.idempotent.store.IdempotencyRecord;
import org.jspecify.annotations.Nullable;

/** One call, the work that it is made with, and what the caller gets. */
final class ModelCall implements IdempotentWork<String>, Runnable {

    private static final ThreadLocal<@Nullable ModelCall> ACTING = new ThreadLocal<>();

    // In halves of a lease: what took longer is all the same, for a lease and for a waiting caller.
    private static final int LONGEST = 5;

    private final Scenario scenario;
    private final Schedule schedule;
    private final Promises promises;
    private final ModelStore store;
    private final IdempotencyEngine engine;
    private final int number;
    private final int node;
    private final Fingerprint fingerprint;
    private final @Nullable ModelTransaction transaction;
    private final boolean recovering;
    private @Nullable IdempotencyRecord recovered;
    private @Nullable Execution execution;
    private @Nullable Owner owner;
    private @Nullable String produced;
    private @Nullable Throwable failure;
    private @Nullable String answer;
    private @Nullable Throwable thrown;
    private boolean seenFailure;
    private boolean ended;
    private int begunAt;
    private int requestedAt;
    private int failedAt;
    private int workedUntil;

    ModelCall(
            Scenario scenario,
            Schedule schedule,
            Promises promises,
            ModelStore store,
            IdempotencyEngine engine,
            int number,
            int node,
            Fingerprint fingerprint,
            @Nullable ModelTransaction transaction,
            boolean recovering) {
        this.scenario = scenario;
        this.schedule = schedule;
        this.promises = promises;
        this.store = store;
        this.engine = engine;
        this.number = number;
        this.node = node;
        this.fingerprint = fingerprint;
        this.transaction = transaction;
        this.recovering = recovering;
    }

    /** The call that this thread makes, or null. */
    static @Nullable ModelCall acting() {
        return ACTING.get();
    }

    String name() {
        return name(number);
    }

    static String name(int number) {
        return String.valueOf((char) ('A' + number));
    }

    int number() {
        return number;
    }

    int node() {
        return node;
    }

    Fingerprint fingerprint() {
        return fingerprint;
    }

    @Nullable
    ModelTransaction transaction() {
        return transaction;
    }

    /** The claim that it was given, the last one. */
    @Nullable
    Owner owner() {
        return owner;
    }

    void owns(Owner claimed) {
        owner = claimed;
    }

    /** What its own work, or its own reconciler, gave. */
    @Nullable
    String produced() {
        return produced;
    }

    /** What its own work threw. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** What it returned. */
    @Nullable
    String answer() {
        return answer;
    }

    /** What it threw. */
    @Nullable
    Throwable thrown() {
        return thrown;
    }

    void storeFailed() {
        failedAt = seenFailure ? failedAt : schedule.time();
        seenFailure = true;
    }

    /** Whether the store failed it. */
    boolean hasSeenFailure() {
        return seenFailure;
    }

    boolean hasEnded() {
        return ended;
    }

    /** When it was made. */
    int begunAt() {
        return begunAt;
    }

    /** Whether the store has failed, and been asked to record for so long that it need not be asked again. */
    boolean mayGiveUp() {
        return seenFailure && (scenario.completionTimeout.isZero() || workedUntil < schedule.time());
    }

    @Nullable
    IdempotencyRecord record() {
        return store.findNow(scenario.operation.key("4711"));
    }

    /** It asks anew: what it is given lasts from now. */
    void asks() {
        requestedAt = schedule.time();
    }

    /** What its position and what it was told leave open: the times that decide how it goes on, as they are now. */
    long state() {
        if (ended) {
            return 0;
        }
        int now = schedule.time();
        Execution begun = execution;
        long hash = begun == null
                ? Hash.mix(Math.min(now - begunAt, LONGEST), Math.min(now - requestedAt, LONGEST))
                : Hash.mix(begun.leaseLost() ? 1 : 2, begun.lease().remaining());
        hash = Hash.mix(hash, seenFailure ? 1 + Math.min(1, now - failedAt) : 0);
        return Hash.mix(hash, Math.min(1, now - workedUntil));
    }

    @Override
    public void run() {
        ACTING.set(this);
        try {
            call();
            if (!schedule.isStopped()) {
                promises.callEnded(this);
            }
        } finally {
            ended = true;
            ACTING.remove();
        }
    }

    private void call() {
        begunAt = schedule.time();
        requestedAt = begunAt;
        if (recovering && !findsAbandoned()) {
            return;
        }
        try {
            answer = scenario.calling.call(engine, scenario.operation, fingerprint, this);
        } catch (Throwable failed) {
            thrown = failed;
        }
        if (schedule.isStopped()) {
            return;
        }
        Throwable failed = thrown;
        if (failed != null) {
            schedule.note("gets " + promises.text(failed));
            promises.threw(this, failed);
        } else {
            schedule.note("gets '" + answer + "'");
            promises.returned(this, answer);
        }
        if (transaction != null && failed == null) {
            transaction.commit();
        } else if (transaction != null) {
            transaction.rollBack();
        }
    }

    private boolean findsAbandoned() {
        schedule.pause("before it looks for what is abandoned", Move.GOES_ON);
        recovered = record();
        boolean found = recovered != null && recovered.isAbandoned();
        schedule.note(found ? "finds it abandoned" : "finds nothing to recover");
        begunAt = schedule.time();
        requestedAt = begunAt;
        return found;
    }

    @Override
    public @Nullable IdempotencyRecord recovers() {
        return recovered;
    }

    @Override
    public @Nullable EnclosingTransaction enclosingTransaction() {
        return transaction;
    }

    @Override
    public String run(Execution begun) throws Throwable {
        if (schedule.isStopped()) {
            throw new Schedule.Stopped();
        }
        execution = begun;
        promises.runBegins(this, begun);
        Owner current = owner;
        if (current == null) {
            // Broken already, and said.
            return "nothing";
        }
        if (scenario.compensated) {
            return runCompensatedSteps(begun, current);
        }
        if (scenario.steps) {
            return runSteps(begun, current);
        }
        Move[] ways = scenario.whenAbandoned == WhenAbandoned.RUN_AGAIN
                ? new Move[] {Move.GOES_ON, Move.THROWS, Move.THROWS_FINALLY}
                : new Move[] {
                    Move.GOES_ON,
                    Move.THROWS,
                    Move.THROWS_FINALLY,
                    Move.THROWS_UNKNOWN_DONE,
                    Move.THROWS_UNKNOWN_NOT_DONE
                };
        Move way = schedule.pause("in its work", ways);
        if (way == Move.GOES_ON || way == Move.THROWS_UNKNOWN_DONE) {
            schedule.note("does it");
            if (scenario.hasEffectsOutside() || transaction == null) {
                promises.effect();
            } else {
                transaction.write(promises::effect);
            }
            schedule.pause("after it has done it", Move.GOES_ON);
        }
        switch (way) {
            case THROWS -> throw ends(current, Run.THREW, new Scenario.PlainException("nothing was done by " + name()));
            case THROWS_FINALLY ->
                throw ends(current, Run.THREW_FINALLY, new Scenario.FinalException("refused to " + name()));
            case THROWS_UNKNOWN_DONE, THROWS_UNKNOWN_NOT_DONE ->
                throw ends(current, Run.THREW_UNKNOWN, new Scenario.UnknownException("no answer to " + name()));
            default -> {
                return returns(current);
            }
        }
    }

    private String runSteps(Execution begun, Owner current) throws Throwable {
        try {
            begun.steps().run("reserve", () -> step(current, "reserve"));
            begun.steps().atMostOnce().run("charge", () -> step(current, "charge"), () -> findCharge(current));
        } catch (Schedule.Stopped stopped) {
            throw stopped;
        } catch (Throwable thrownByStep) {
            throw ends(current, Run.THREW, thrownByStep);
        }
        return returns(current);
    }

    private String runCompensatedSteps(Execution begun, Owner current) throws Throwable {
        boolean backward = promises.isBackward();
        try {
            begun.steps().run("reserve", () -> step(current, "reserve"), it -> undo(current, "reserve"));
            begun.steps()
                    .atMostOnce()
                    .run(
                            "charge",
                            () -> step(current, "charge"),
                            () -> findCharge(current),
                            it -> undo(current, "charge"));
        } catch (Schedule.Stopped stopped) {
            throw stopped;
        } catch (Backward swallowed) {
            promises.runEnds(current, Run.THREW_FINALLY);
            return "nothing of this counts";
        } catch (Throwable thrownByStep) {
            throw ends(current, Run.THREW, thrownByStep);
        }
        if (backward) {
            promises.runEnds(current, Run.THREW_FINALLY);
            return "nothing of this counts either";
        }
        if (schedule.pause("in its work", Move.GOES_ON, Move.THROWS_FINALLY) == Move.THROWS_FINALLY) {
            throw ends(current, Run.THREW_FINALLY, new Scenario.FinalException("refused to " + name()));
        }
        return returns(current);
    }

    private void undo(Owner current, String step) throws Scenario.PlainException {
        if (schedule.pause("in the undo of " + step, Move.GOES_ON, Move.THROWS) == Move.THROWS) {
            throw new Scenario.PlainException("the undo of " + step + " failed in the hands of " + name());
        }
        schedule.note("undoes " + step);
        promises.undone(current, step);
        schedule.pause("after it has undone " + step, Move.GOES_ON);
    }

    private String returns(Owner current) {
        promises.runEnds(current, Run.RETURNED);
        workedUntil = schedule.time();
        produced = "paid by " + name() + " under claim " + current.number();
        return produced;
    }

    private String step(Owner current, String step) throws Scenario.PlainException {
        promises.stepBegins(current, step);
        if (schedule.pause("in step " + step, Move.GOES_ON, Move.THROWS) == Move.THROWS) {
            throw new Scenario.PlainException(step + " failed in the hands of " + name());
        }
        schedule.note("does " + step);
        promises.stepDone(current, step);
        schedule.pause("after it has done " + step, Move.GOES_ON);
        return step + " by " + name();
    }

    private Reconciliation<String> findCharge(Owner current) throws Scenario.PlainException {
        Move way = schedule.pause("in the reconciler of charge", Move.GOES_ON, Move.CANNOT_TELL, Move.FAILS_TO_TELL);
        if (way == Move.FAILS_TO_TELL) {
            throw new Scenario.PlainException("the reconciler of charge is down");
        }
        if (way == Move.CANNOT_TELL) {
            return Reconciliation.unknown();
        }
        if (promises.isDone()) {
            schedule.note("finds charge done");
            return Reconciliation.completed("charge found by " + name());
        }
        return promises.mayBeDoneYet(current) ? Reconciliation.unknown() : Reconciliation.notDone();
    }

    private Throwable ends(Owner current, Run end, Throwable thrownByWork) {
        promises.runEnds(current, end);
        failure = thrownByWork;
        schedule.note("its work throws: " + promises.text(thrownByWork));
        return thrownByWork;
    }

    @Override
    public Reconciliation<String> reconcile(Execution begun) throws Throwable {
        if (schedule.isStopped()) {
            throw new Schedule.Stopped();
        }
        execution = begun;
        Move way = schedule.pause("in its reconciler", Move.GOES_ON, Move.CANNOT_TELL, Move.FAILS_TO_TELL);
        Owner current = owner;
        if (way == Move.FAILS_TO_TELL) {
            schedule.note("its reconciler throws");
            throw new Scenario.PlainException("the reconciler is down");
        }
        if (way == Move.CANNOT_TELL || current == null) {
            schedule.note("its reconciler cannot tell");
            return Reconciliation.unknown();
        }
        if (promises.isDone()) {
            schedule.note("its reconciler finds it done");
            produced = "found by " + name() + " under claim " + current.number();
            return Reconciliation.completed(produced);
        }
        if (promises.mayBeDoneYet(current)) {
            schedule.note("its reconciler finds it not done yet");
            return Reconciliation.unknown();
        }
        schedule.note("its reconciler finds it not done");
        promises.foundNotDone(current);
        return Reconciliation.notDone();
    }
}
