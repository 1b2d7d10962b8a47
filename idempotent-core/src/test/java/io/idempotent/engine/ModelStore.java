package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.Schedule.Move;
import io.idempotent.engine.Schedule.Wait;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one store of a schedule, as engines see it: others may go on before each request and before its answer arrives,
 * and either may be lost. What takes effect is told to {@link Promises}.
 */
final class ModelStore extends ForwardingIdempotencyStore {

    private final Schedule schedule;
    private final Promises promises;
    private @Nullable Object lockedBy;

    ModelStore(IdempotencyStore store, Schedule schedule, Promises promises) {
        super(store);
        this.schedule = schedule;
        this.promises = promises;
    }

    /** A transaction has written to the record, and has not ended: others' requests wait for that. */
    void lock(Object transaction) {
        lockedBy = transaction;
    }

    void unlock(Object transaction) {
        if (lockedBy == transaction) {
            lockedBy = null;
        }
    }

    boolean isLocked() {
        return lockedBy != null;
    }

    /** Whether the claim is the key's at this very moment. */
    boolean isMine(Claim claim) {
        IdempotencyRecord record = super.find(claim.key());
        return record != null && record.outcome() == null && record.fencingToken() == claim.fencingToken();
    }

    private <T extends @Nullable Object> T ask(
            String what, boolean mayFail, Supplier<T> request, Function<T, String> answered) {
        Move[] ways = mayFail ? new Move[] {Move.GOES_ON, Move.DOES_NOT_ARRIVE} : new Move[] {Move.GOES_ON};
        if (schedule.pause("before its " + what, Wait.NONE, () -> lockedBy == null, ways) == Move.DOES_NOT_ARRIVE) {
            throw lost(what + " did not arrive");
        }
        T answer = request.get();
        schedule.note(what + " → " + answered.apply(answer));
        Move[] waysBack = mayFail ? new Move[] {Move.GOES_ON, Move.ANSWER_IS_LOST} : new Move[] {Move.GOES_ON};
        if (schedule.pause("after its " + what, waysBack) == Move.ANSWER_IS_LOST) {
            throw lost("no answer to " + what);
        }
        return answer;
    }

    private IdempotencyStoreException lost(String what) {
        schedule.note(what);
        promises.storeFailed();
        return new IdempotencyStoreException(what, null, new IOException("connection reset"));
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return ask(
                "claim",
                true,
                () -> {
                    ClaimResult result = super.claim(request);
                    promises.claimed(request.claimId(), result);
                    return result;
                },
                promises::text);
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return this.<ClaimResult.@Nullable Claimed>ask(
                "take-over",
                true,
                () -> {
                    ClaimResult.Claimed taken = super.takeOver(key, expectedToken, claimId, lease);
                    if (taken != null) {
                        promises.claimed(claimId, taken);
                    }
                    return taken;
                },
                taken -> taken == null ? "refused" : promises.text(taken));
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        // A request for several that fails is asked for one by one, in no order that could be repeated: with one only.
        return ask(
                "renewal",
                claims.size() == 1,
                () -> {
                    RenewalResult result = super.renew(claims, lease);
                    result.renewed().forEach(promises::renewed);
                    return result;
                },
                result -> result.renewed().size() + " of " + claims.size() + " renewed");
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return ask("completion", true, () -> completeNow(claim, outcome, retention), String::valueOf);
    }

    /** Completes at this very moment. */
    boolean completeNow(Claim claim, RecordedOutcome outcome, Duration retention) {
        boolean completed = super.complete(claim, outcome, retention);
        if (completed) {
            promises.completed(claim, outcome);
        }
        return completed;
    }

    @Override
    public boolean release(Claim claim) {
        return release(claim, "release", () -> super.release(claim), false);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return release(claim, "release with steps", () -> super.release(claim, stepRetention), true);
    }

    private boolean release(Claim claim, String what, Supplier<Boolean> request, boolean keepsSteps) {
        return ask(
                what,
                true,
                () -> {
                    boolean released = request.get();
                    if (released) {
                        promises.released(claim, keepsSteps);
                    }
                    return released;
                },
                String::valueOf);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return ask(
                (step.outcome() == null ? "record that it begins " : "record of ") + step.name(),
                true,
                () -> {
                    boolean recorded = super.recordStep(claim, step);
                    if (recorded) {
                        promises.stepRecorded(claim, step);
                    }
                    return recorded;
                },
                String::valueOf);
    }

    @Override
    public boolean abandon(Claim claim) {
        return ask(
                "abandonment",
                true,
                () -> {
                    boolean abandoned = super.abandon(claim);
                    if (abandoned) {
                        promises.abandoned(claim);
                    }
                    return abandoned;
                },
                String::valueOf);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return ask("look", true, () -> super.find(key), promises::text);
    }

    /** The record at this very moment. */
    @Nullable
    IdempotencyRecord findNow(IdempotencyKey key) {
        return super.find(key);
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> ability) {
        // Every request is seen, so there is nothing nearby.
        return null;
    }

    @Override
    public boolean keepsReferences() {
        return true;
    }
}
