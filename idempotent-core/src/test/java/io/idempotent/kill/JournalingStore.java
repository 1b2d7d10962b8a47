package io.idempotent.kill;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.kill.Journal.Event;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Writes down what a store answers, before its caller hears of it. */
public final class JournalingStore implements IdempotencyStore {

    private final IdempotencyStore store;
    private final Journal journal;

    /** Asks that store, and writes into that journal. */
    public JournalingStore(IdempotencyStore store, Journal journal) {
        this.store = store;
        this.journal = journal;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        ClaimResult result = store.claim(request);
        if (result instanceof ClaimResult.Claimed claimed) {
            write(Event.CLAIMED, claimed.claim(), Journal.now());
        }
        return result;
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        long requestedAt = Journal.now();
        RenewalResult result = store.renew(claims, lease);
        for (Claim claim : claims) {
            if (!result.undecided().contains(claim)) {
                write(result.renewed().contains(claim) ? Event.RENEWED : Event.LOST, claim, requestedAt);
            }
        }
        return result;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        boolean completed = store.complete(claim, outcome, retention);
        write(completed ? Event.COMPLETED : Event.LOST, claim, Journal.now());
        return completed;
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return store.recordStep(claim, step);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        long requestedAt = Journal.now();
        boolean released = store.release(claim, stepRetention);
        write(released ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return released;
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return store.findSteps(key);
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return store.list(query);
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return store.takeOver(key, expectedToken, claimId, lease);
    }

    @Override
    public boolean release(Claim claim) {
        long requestedAt = Journal.now();
        boolean released = store.release(claim);
        write(released ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return released;
    }

    @Override
    public boolean abandon(Claim claim) {
        long requestedAt = Journal.now();
        boolean abandoned = store.abandon(claim);
        write(abandoned ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return abandoned;
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return store.find(key);
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return store.forget(key, expectedToken);
    }

    private void write(Event event, Claim claim, long at) {
        journal.write(event, claim.key().value(), claim.fencingToken(), at);
    }
}
