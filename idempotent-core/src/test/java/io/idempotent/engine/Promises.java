package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the library promises, held against one schedule: a history of the one key's owners, written from outside, and
 * what has to be true of it.
 *
 * <ol>
 *   <li>ONE_OWNER (G1): nobody runs while another does whose lease lasts; a claim that was taken over writes nothing;
 *       the record is that of the last claim, and shows that claim's outcome; only who lost its claim is told so.
 *   <li>REPLAY (G2): what is completed stays as it is; nobody runs after that; whoever gets a result gets the recorded
 *       one, but for an owner whom the store failed to the end.
 *   <li>CRASH (G4): what may have been done is run again only if its operation says so, or if it was found out that it
 *       was not done; and then it is.
 *   <li>IN_DOUBT (G5): who got no claim does not run; nor does who says something else than the record, or get its
 *       outcome.
 *   <li>TRANSACTION (G6): completed only if the transaction committed, never free if it did, free or abandoned if not.
 *   <li>EXCEPTION (G7): the caller gets what its work threw.
 *   <li>NOT_STUCK: a new call, when all have ended and all leases are over, is decided.
 *   <li>STEP: a step that is recorded does not run again, nor does one that was done under a claim that freed the key;
 *       its record is kept until the key is completed; and one that is to run at most once is done once at most,
 *       whatever goes wrong.
 *   <li>COUNT: what is done is done once, and once more at most for each take-over; with nothing going wrong exactly
 *       once. An operation that is not simply run again does it once at most, whatever goes wrong.
 *   <li>COMPENSATION: once the failure is recorded for which steps are undone, no step begins, the key is not freed,
 *       and it is completed by that failure only, when all that was recorded or charged is undone; nothing is undone
 *       before, nor what was not done; what was done last is undone first, and once more at most for each take-over.
 * </ol>
 *
 * <p>G3, atomic calls, is about a database's transactions, and is shown with real ones elsewhere.
 */
final class Promises {

    /** One promise. */
    enum Promise {
        ONE_OWNER,
        REPLAY,
        CRASH,
        IN_DOUBT,
        TRANSACTION,
        EXCEPTION,
        NOT_STUCK,
        STEP,
        COUNT,
        COMPENSATION
    }

    /** A promise was broken. */
    static final class Broken extends AssertionError {

        private static final long serialVersionUID = 1L;

        private final Promise promise;

        private Broken(Promise promise, String how) {
            super(promise + ": " + how);
            this.promise = promise;
        }

        Promise promise() {
            return promise;
        }
    }

    /** How an owner holds its key, or does not any more. */
    enum Hold {
        HELD,
        ABANDONED,
        RELEASED,
        COMPLETED
    }

    /** What became of the user's code. */
    enum Run {
        NONE,
        RUNNING,
        RETURNED,
        THREW,
        THREW_FINALLY,
        THREW_UNKNOWN
    }

    /** One claim, and what was done under it. */
    static final class Owner {

        private final int number;
        private final long token;
        private final UUID claimId;
        private final ModelCall call;
        private final Fingerprint fingerprint;
        private int leaseEndsAt;
        private Hold hold = Hold.HELD;
        private Run run = Run.NONE;
        private boolean foundNotDone;
        private boolean settled;
        private @Nullable RecordedOutcome outcome;

        private Owner(int number, long token, ModelCall call, UUID claimId, int leaseEndsAt) {
            this.number = number;
            this.token = token;
            this.claimId = claimId;
            this.call = call;
            this.fingerprint = call.fingerprint();
            this.leaseEndsAt = leaseEndsAt;
        }

        int number() {
            return number;
        }

        private ModelTransaction.@Nullable State transactionState() {
            return call.transaction() == null ? null : call.transaction().state();
        }

        private long state(int now) {
            String transaction = "," + transactionState();
            return Hash.of(
                    hold == Hold.RELEASED
                            ? "released" + transaction
                            : call.number() + "," + hold + "," + Math.max(0, leaseEndsAt - now) + "," + run + ","
                                    + foundNotDone + settled + transaction);
        }
    }

    private static final int LEASE = 2;

    private final Scenario scenario;
    private final Schedule schedule;
    private final List<Owner> owners = new ArrayList<>();
    private final List<Owner> doneReserve = new ArrayList<>();
    private final Set<String> recordedSteps = new TreeSet<>();
    private boolean chargeUnknown;
    private @Nullable Throwable compensatedFailure;
    private int undoneReserve;
    private int undoneCharge;
    private int effects;
    private int takeovers;
    private @Nullable Owner completed;
    private boolean callersFailed;

    Promises(Scenario scenario, Schedule schedule) {
        this.scenario = scenario;
        this.schedule = schedule;
    }

    private void require(boolean holds, Promise promise, String how) {
        if (!holds) {
            schedule.fail(new Broken(promise, how));
        }
    }

    private @Nullable Owner last() {
        return owners.isEmpty() ? null : owners.get(owners.size() - 1);
    }

    private Owner owner(long token) {
        return owners.stream()
                .filter(owner -> owner.token == token)
                .findFirst()
                .orElseThrow(() -> new AssertionError("The store knows a claim that nobody made"));
    }

    private boolean isLive(Owner owner) {
        return owner.hold == Hold.HELD && schedule.time() < owner.leaseEndsAt;
    }

    /** The call that the acting one makes; null if it makes none. */
    private @Nullable ModelCall acting() {
        return ModelCall.acting();
    }

    // What takes effect in the store.

    void claimed(UUID claimId, ClaimResult result) {
        ModelCall call = acting();
        if (call == null || !(result instanceof ClaimResult.Claimed claimed)) {
            return;
        }
        long token = claimed.claim().fencingToken();
        Owner last = last();
        if (last != null && last.token == token && last.claimId.equals(claimId)) {
            return;
        }
        require(
                last == null || token > last.token,
                Promise.ONE_OWNER,
                "a claim got no higher token than the one before");
        if (last != null && last.hold != Hold.RELEASED) {
            takeovers++;
        }
        Owner owner = new Owner(owners.size() + 1, token, call, claimId, schedule.time() + LEASE);
        owners.add(owner);
        call.owns(owner);
    }

    void renewed(Claim claim) {
        Owner owner = stillLast(claim, "renewed");
        owner.leaseEndsAt = schedule.time() + LEASE;
        owner.hold = owner.hold == Hold.ABANDONED ? Hold.HELD : owner.hold;
    }

    void completed(Claim claim, RecordedOutcome outcome) {
        Owner owner = stillLast(claim, "completed");
        if (owner.hold != Hold.COMPLETED) {
            Throwable failure = failureOf(outcome);
            require(
                    !scenario.compensated || failure == compensatedFailure,
                    Promise.COMPENSATION,
                    "completed by " + valueOf(outcome) + ", and steps are undone for " + compensatedFailure);
            require(
                    compensatedFailure == null
                            || ((undoneReserve > 0 || !recordedSteps.contains("reserve"))
                                    && (undoneCharge > 0 || effects == 0)),
                    Promise.COMPENSATION,
                    "completed by the failure, and not all steps are undone");
            owner.hold = Hold.COMPLETED;
            owner.outcome = outcome;
            completed = completed == null ? owner : completed;
        }
    }

    void stepRecorded(Claim claim, RecordedStep step) {
        var unused = stillLast(claim, "given a step");
        if (step.outcome() != null) {
            chargeUnknown &= !step.name().equals("charge");
            if (step.name().equals(ExecutionSteps.COMPENSATE)) {
                compensatedFailure = failureOf(step.outcome());
            }
            recordedSteps.add(step.name());
        }
    }

    void released(Claim claim, boolean keepsSteps) {
        require(
                keepsSteps || recordedSteps.isEmpty(),
                Promise.STEP,
                "claim " + claim.fencingToken() + " freed the key, and dropped steps");
        Owner owner = stillLast(claim, "released");
        require(!isBackward(), Promise.COMPENSATION, "claim " + owner.number + " freed the key, and steps are undone");
        require(
                !chargeUnknown || owner.run == Run.NONE,
                Promise.STEP,
                "claim " + owner.number + " freed the key, and nobody knows whether charge was done");
        owner.hold = Hold.RELEASED;
        for (Owner earlier : owners) {
            require(
                    owner == earlier || mayRunAfter(earlier, owner),
                    Promise.CRASH,
                    "claim " + owner.number + " freed the key, and claim " + earlier.number + " may have been done");
            earlier.settled = true;
        }
    }

    /** Whether it is known that nothing was done under a claim, or does not matter. */
    private boolean mayRunAfter(Owner earlier, Owner owner) {
        return earlier.settled
                || isBackward()
                || scenario.whenAbandoned == WhenAbandoned.RUN_AGAIN
                || (scenario.whenAbandoned == WhenAbandoned.RECONCILE && owner.foundNotDone);
    }

    void abandoned(Claim claim) {
        Owner owner = stillLast(claim, "abandoned");
        owner.hold = Hold.ABANDONED;
        owner.leaseEndsAt = Math.min(owner.leaseEndsAt, schedule.time());
    }

    private Owner stillLast(Claim claim, String what) {
        Owner owner = owner(claim.fencingToken());
        require(
                owner == last(),
                Promise.ONE_OWNER,
                "claim " + owner.number + " was " + what + " after it was taken over");
        return owner;
    }

    void storeFailed() {
        ModelCall call = acting();
        if (call != null) {
            call.storeFailed();
        }
    }

    // What user code does.

    void runBegins(ModelCall call, Execution execution) {
        Owner owner = call.owner();
        if (owner == null || owner.token != execution.fencingToken()) {
            require(false, Promise.IN_DOUBT, call.name() + " runs, and has no claim");
            return;
        }
        require(owner.run == Run.NONE, Promise.COUNT, call.name() + " runs twice under one claim");
        owner.run = Run.RUNNING;
        for (Owner other : owners) {
            if (other == owner) {
                continue;
            }
            String both = call.name() + " runs under claim " + owner.number + ", and claim " + other.number;
            require(!isLive(other), Promise.ONE_OWNER, both + " is live");
            require(
                    other.hold != Hold.COMPLETED || other.number > owner.number,
                    Promise.REPLAY,
                    both + " is completed");
            require(
                    other.settled || owner.fingerprint.matches(other.fingerprint),
                    Promise.IN_DOUBT,
                    both + " said something else");
            require(mayRunAfter(other, owner), Promise.CRASH, both + " may have been done");
        }
    }

    void runEnds(Owner owner, Run end) {
        owner.run = end;
    }

    /** A transaction is about to commit, and the engine has not objected. */
    void mayCommit(ModelTransaction transaction) {
        for (Owner owner : owners) {
            require(
                    owner.call.transaction() != transaction || owner.run != Run.RETURNED || owner == last(),
                    Promise.TRANSACTION,
                    "claim " + owner.number + " was taken over, and its transaction may commit");
        }
    }

    /** A step begins. */
    void stepBegins(Owner owner, String step) {
        chargeUnknown |= step.equals("charge");
        require(
                !isBackward() || owner != last(),
                Promise.COMPENSATION,
                "claim " + owner.number + " begins " + step + ", and steps are undone");
        // That one runs at most once is recorded between this and the engine's own look at the lease.
        require(
                owner == last() || step.equals("charge"),
                Promise.STEP,
                "claim " + owner.number + " was taken over, and begins " + step);
    }

    /** A step takes effect. */
    void stepDone(Owner owner, String step) {
        String both = owner.call.name() + " does " + step + " under claim " + owner.number;
        // A late owner may have begun it before it was taken over.
        require(
                !recordedSteps.contains(step) || owner != last() || !isLive(owner),
                Promise.STEP,
                both + ", and it is recorded");
        if (step.equals("charge")) {
            require(effects == 0, Promise.STEP, both + ", and it was done before");
            effect();
            return;
        }
        for (Owner earlier : doneReserve) {
            require(
                    earlier.hold != Hold.RELEASED,
                    Promise.STEP,
                    both + ", and claim " + earlier.number + " freed the key after it");
        }
        doneReserve.add(owner);
    }

    /** Whether steps are being undone, as the store knows. */
    boolean isBackward() {
        return compensatedFailure != null;
    }

    /** A step is undone. */
    void undone(Owner owner, String step) {
        String both = owner.call.name() + " undoes " + step + " under claim " + owner.number;
        boolean charge = step.equals("charge");
        require(isBackward(), Promise.COMPENSATION, both + ", and no failure is recorded");
        require(charge ? effects > 0 : !doneReserve.isEmpty(), Promise.COMPENSATION, both + ", and it was not done");
        require(
                charge || effects == 0 || undoneCharge > 0,
                Promise.COMPENSATION,
                both + ", and charge, which was done later, is not undone yet");
        int times = charge ? ++undoneCharge : ++undoneReserve;
        require(
                times <= 1 + takeovers,
                Promise.COMPENSATION,
                both + " for the " + times + "th time, with " + takeovers + " take-overs");
    }

    /** What the user's code is for takes effect. */
    void effect() {
        effects++;
        boolean simplyAgain = scenario.whenAbandoned == WhenAbandoned.RUN_AGAIN && !scenario.steps;
        require(
                effects <= (simplyAgain ? 1 + takeovers : 1),
                Promise.COUNT,
                "done " + effects + " times, with " + takeovers + " take-overs");
    }

    boolean isDone() {
        return effects > 0;
    }

    /** Whether somebody may still do it. */
    boolean mayBeDoneYet(Owner asking) {
        for (Owner owner : owners) {
            boolean open = owner.run == Run.RUNNING || owner.transactionState() == ModelTransaction.State.ACTIVE;
            if (owner != asking && open && !schedule.isCrashed(owner.call.node())) {
                return true;
            }
        }
        return false;
    }

    void foundNotDone(Owner owner) {
        owner.foundNotDone = true;
    }

    // What callers get.

    void returned(ModelCall call, String value) {
        require(call.failure() == null, Promise.EXCEPTION, call.name() + " got a result, and its work threw");
        IdempotencyRecord record = call.record();
        boolean recorded = record != null && value.equals(valueOf(record.outcome()));
        Owner owner = call.owner();
        if (owner != null && value.equals(call.produced())) {
            // Recorded when its transaction commits, or not at all because the store failed to the end.
            boolean later = call.transaction() != null || call.hasSeenFailure();
            require(
                    owner.hold == Hold.COMPLETED || later,
                    Promise.REPLAY,
                    call.name() + " got a result of its own that is not recorded");
            return;
        }
        require(recorded, Promise.REPLAY, call.name() + " got a result that is not the recorded one");
        require(
                record == null || call.fingerprint().matches(record.fingerprint()),
                Promise.IN_DOUBT,
                call.name() + " got the result of another request");
    }

    void threw(ModelCall call, Throwable thrown) {
        callersFailed = true;
        String got = call.name() + " got " + thrown;
        if (thrown == compensatedFailure && isBackward()) {
            return;
        }
        if (call.failure() != null) {
            require(thrown == call.failure(), Promise.EXCEPTION, got + " instead of what its work threw");
            return;
        }
        boolean ran = call.owner() != null && call.owner().run != Run.NONE;
        if (thrown instanceof Scenario.FinalException) {
            IdempotencyRecord record = call.record();
            boolean recorded = record != null && thrown == failureOf(record.outcome());
            require(recorded, Promise.REPLAY, got + ", which is not recorded");
        } else if (thrown instanceof IdempotencyStoreException) {
            require(!ran, Promise.IN_DOUBT, got + " and ran");
            require(call.hasSeenFailure(), Promise.IN_DOUBT, got + ", and the store did not fail");
        } else if (thrown instanceof IdempotencyInProgressException) {
            require(!ran, Promise.IN_DOUBT, got + " and ran");
            require(
                    call.owner() == null || call.owner() != last() || !isLive(call.owner()),
                    Promise.ONE_OWNER,
                    got + " because of its own claim");
        } else if (thrown instanceof IdempotencyKeyReusedException) {
            require(!ran, Promise.IN_DOUBT, got + " and ran");
            require(
                    owners.stream().anyMatch(owner -> !owner.fingerprint.matches(call.fingerprint())),
                    Promise.IN_DOUBT,
                    got + ", and nobody said something else");
        } else if (thrown instanceof IdempotencyOutcomeUnknownException) {
            require(!ran, Promise.CRASH, got + " and ran");
            require(scenario.whenAbandoned != WhenAbandoned.RUN_AGAIN, Promise.CRASH, got);
        } else if (thrown instanceof IdempotencyClaimLostException) {
            Owner owner = call.owner();
            require(
                    call.recovers() != null
                            || (owner != null && (owner != last() || schedule.time() >= call.begunAt() + LEASE)),
                    Promise.ONE_OWNER,
                    got + " and lost nothing");
        } else {
            schedule.fail(new AssertionError(got, thrown));
        }
    }

    /** A waiter has waited for an owner on its node until its time was over. */
    void waitedInVain(long token) {
        Owner owner = owner(token);
        require(!owner.call.hasEnded(), Promise.NOT_STUCK, "nobody woke those who waited for claim " + owner.number);
    }

    /** A listener is told that the lease is lost. */
    void toldLost(long token) {
        Owner owner = owner(token);
        require(
                owner != last() || owner.hold == Hold.RELEASED || schedule.time() >= owner.call.begunAt() + LEASE,
                Promise.ONE_OWNER,
                "claim " + owner.number + " is said to be lost, and is not");
    }

    /** The call has ended, and the transaction that it was made in. */
    void callEnded(ModelCall call) {
        ModelTransaction transaction = call.transaction();
        Owner owner = call.owner();
        if (owner != null && owner == last() && owner.run == Run.RETURNED && transaction == null) {
            require(
                    owner.hold == Hold.COMPLETED || call.mayGiveUp(),
                    Promise.REPLAY,
                    call.name() + " gave up too early to record its result");
        }
        if (transaction == null || owner == null || owner != last() || call.hasSeenFailure()) {
            return;
        }
        if (transaction.state() == ModelTransaction.State.ROLLED_BACK) {
            require(
                    owner.hold != Hold.HELD || schedule.time() >= owner.leaseEndsAt,
                    Promise.TRANSACTION,
                    call.name() + " rolled back, and its key is neither free nor abandoned");
        } else if (owner.run == Run.RETURNED) {
            require(
                    owner.hold == Hold.COMPLETED || (transaction.isUnheard() && owner.hold == Hold.ABANDONED),
                    Promise.TRANSACTION,
                    call.name() + " committed, and its key is " + owner.hold);
        }
    }

    // What is true at every moment, and at the end.

    void check(@Nullable IdempotencyRecord record) {
        Owner last = last();
        boolean none = last == null || last.hold == Hold.RELEASED;
        if (completed != null) {
            boolean stays = record != null
                    && record.fencingToken() == completed.token
                    && completed.outcome != null
                    && completed.outcome.equals(record.outcome());
            // A late owner that writes is the loss of the one owner, whatever else it is.
            require(
                    stays,
                    Promise.REPLAY,
                    "what claim " + completed.number + " completed did not stay: " + text(record));
            ModelTransaction.State state = completed.transactionState();
            require(
                    state == null
                            || state == ModelTransaction.State.COMMITTED
                            || completed.run == Run.NONE
                            || completed.run == Run.THREW_FINALLY,
                    Promise.TRANSACTION,
                    "claim " + completed.number + " is completed, and its transaction has not committed");
        } else if (none) {
            require(
                    record == null ? recordedSteps.isEmpty() : record.state() instanceof IdempotencyRecord.Released,
                    record == null ? Promise.STEP : Promise.ONE_OWNER,
                    "nobody holds the key, and it is " + text(record) + ", and steps " + recordedSteps
                            + " were recorded");
        } else {
            require(
                    record != null && record.fencingToken() == last.token && record.outcome() == null,
                    last.hold == Hold.ABANDONED ? Promise.CRASH : Promise.ONE_OWNER,
                    "claim " + last.number + " holds the key, and it is " + text(record));
        }
        if (last != null && last.hold == Hold.RELEASED && last.run == Run.RETURNED) {
            require(
                    last.transactionState() == ModelTransaction.State.ROLLED_BACK && !scenario.hasEffectsOutside(),
                    Promise.TRANSACTION,
                    "claim " + last.number + " did its work, and its key is free");
        }
    }

    /** Checks what is left when everybody has ended, before the leases end. */
    void checkEnd() {
        require(
                schedule.troubles() > 0 || !scenario.steps || doneReserve.size() == 1,
                Promise.STEP,
                "nothing went wrong, and the first step was done " + doneReserve.size() + " times");
        if (schedule.troubles() == 0) {
            require(effects == 1, Promise.COUNT, "nothing went wrong, and it was done " + effects + " times");
            require(
                    !callersFailed || scenario.operation.waitAtMost().isZero() || scenario.callers.size() > 1,
                    Promise.COUNT,
                    "nothing went wrong, and the caller failed");
        }
    }

    /** Whether the last one who held the key may have done something. */
    boolean isAbandoned() {
        Owner last = last();
        return last != null && (last.hold == Hold.HELD || last.hold == Hold.ABANDONED);
    }

    Fingerprint lastFingerprint(Fingerprint otherwise) {
        Owner last = last();
        return last == null ? otherwise : last.fingerprint;
    }

    int effects() {
        return effects;
    }

    /** How often the steps were done. */
    String stepsDone() {
        return doneReserve.size() + " and " + effects
                + (scenario.compensated ? ", undone " + undoneReserve + " and " + undoneCharge : "");
    }

    void requireDecided(boolean decided, String how) {
        require(decided, Promise.NOT_STUCK, how);
    }

    long state() {
        long hash = Hash.mix(
                effects * 64L + takeovers + (chargeUnknown ? 1024 : 0), completed == null ? 0 : completed.number);
        hash = Hash.mix(hash, undoneReserve * 16L + undoneCharge + (isBackward() ? 4096 : 0));
        hash = Hash.mix(hash, (callersFailed ? 1 : 0) + (schedule.troubles() == 0 ? 2 : 0));
        for (Owner owner : owners) {
            hash = Hash.mix(hash, owner.state(schedule.time()));
            hash = Hash.mix(hash, doneReserve.contains(owner) ? 1 : 0);
        }
        return hash;
    }

    // Texts without what is made at random.

    String text(ClaimResult result) {
        if (result instanceof ClaimResult.Claimed claimed) {
            return "Claimed, claim " + number(claimed.claim().fencingToken()) + ", take-overs " + claimed.takeovers();
        }
        if (result instanceof ClaimResult.InProgress inProgress) {
            return "InProgress, " + text(inProgress.record());
        }
        if (result instanceof ClaimResult.Abandoned abandoned) {
            return "Abandoned, " + text(abandoned.record());
        }
        return "Completed, " + text(((ClaimResult.Completed) result).record());
    }

    String text(@Nullable IdempotencyRecord record) {
        if (record == null) {
            return "free";
        }
        if (record.state() instanceof IdempotencyRecord.Released) {
            return "released with steps by claim " + number(record.fencingToken());
        }
        String status = record.outcome() == null
                ? record.isAbandoned()
                        ? "abandoned"
                        : "in progress for " + record.leaseRemaining().toSeconds() + " s"
                : "completed by " + valueOf(record.outcome());
        return status + " with claim " + number(record.fencingToken());
    }

    String text(List<RecordedStep> steps) {
        return steps.stream()
                .map(step -> step.name() + (step.outcome() == null ? " begun" : " done"))
                .sorted()
                .toList()
                .toString();
    }

    /** The library's messages hold times, and tokens that depend on them. */
    String text(Throwable thrown) {
        return thrown instanceof IdempotencyException ? thrown.getClass().getSimpleName() : thrown.toString();
    }

    private String number(long token) {
        return owners.stream()
                .filter(owner -> owner.token == token)
                .map(owner -> String.valueOf(owner.number))
                .findFirst()
                .orElse("of nobody");
    }

    private static @Nullable Object valueOf(@Nullable RecordedOutcome recorded) {
        if (recorded instanceof RecordedOutcome.ByReference reference) {
            return reference.outcome() instanceof Outcome.Value value
                    ? value.value()
                    : failureOf(recorded).getMessage();
        }
        return null;
    }

    private static @Nullable Throwable failureOf(@Nullable RecordedOutcome recorded) {
        return recorded instanceof RecordedOutcome.ByReference reference
                        && reference.outcome() instanceof Outcome.Failure failure
                ? failure.cause()
                : null;
    }
}
