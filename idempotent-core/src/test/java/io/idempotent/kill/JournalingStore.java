package io.idempotent.kill;

import io.idempotent.RecordedOutcome;
import io.idempotent.kill.Journal.Event;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Collection;

/** Writes down what a store answers, before its caller hears of it. */
public final class JournalingStore extends ForwardingIdempotencyStore {

    private final Journal journal;

    /** Asks that store, and writes into that journal. */
    public JournalingStore(IdempotencyStore store, Journal journal) {
        super(store);
        this.journal = journal;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        ClaimResult result = super.claim(request);
        if (result instanceof ClaimResult.Claimed claimed) {
            write(Event.CLAIMED, claimed.claim(), Journal.now());
        }
        return result;
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        long requestedAt = Journal.now();
        RenewalResult result = super.renew(claims, lease);
        for (Claim claim : claims) {
            if (!result.undecided().contains(claim)) {
                write(result.renewed().contains(claim) ? Event.RENEWED : Event.LOST, claim, requestedAt);
            }
        }
        return result;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        boolean completed = super.complete(claim, outcome, retention);
        write(completed ? Event.COMPLETED : Event.LOST, claim, Journal.now());
        return completed;
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        long requestedAt = Journal.now();
        boolean released = super.release(claim, stepRetention);
        write(released ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return released;
    }

    @Override
    public boolean release(Claim claim) {
        long requestedAt = Journal.now();
        boolean released = super.release(claim);
        write(released ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return released;
    }

    @Override
    public boolean abandon(Claim claim) {
        long requestedAt = Journal.now();
        boolean abandoned = super.abandon(claim);
        write(abandoned ? Event.RELEASED : Event.LOST, claim, requestedAt);
        return abandoned;
    }

    private void write(Event event, Claim claim, long at) {
        journal.write(event, claim.key().value(), claim.fencingToken(), at);
    }
}
