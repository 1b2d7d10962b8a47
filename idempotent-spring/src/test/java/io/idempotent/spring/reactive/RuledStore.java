package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** Takes note of requests that are made in threads that must not block, holds claims back, and forgets to renew. */
final class RuledStore extends ForwardingIdempotencyStore {

    private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();
    private final Set<String> unrenewed = ConcurrentHashMap.newKeySet();
    private final Set<String> waiting = ConcurrentHashMap.newKeySet();
    private final Set<String> released = ConcurrentHashMap.newKeySet();
    private final List<String> violations = new CopyOnWriteArrayList<>();

    RuledStore(IdempotencyStore delegate) {
        super(delegate);
    }

    /** Takes the requests that were made in threads that must not block. */
    List<String> takeViolations() {
        List<String> taken = List.copyOf(violations);
        violations.clear();
        return taken;
    }

    /** Lets claims of a value wait. */
    CountDownLatch hold(String value) {
        CountDownLatch latch = new CountDownLatch(1);
        held.put(value, latch);
        return latch;
    }

    /** Tells whether a claim of a value waits. */
    boolean hasHeld(String value) {
        return waiting.contains(value);
    }

    /** Tells whether a claim of a value was given back. */
    boolean hasReleased(String value) {
        return released.contains(value);
    }

    /** Lets the lease of a value end. */
    void doNotRenew(String value) {
        unrenewed.add(value);
    }

    private void check(String request) {
        Thread thread = Thread.currentThread();
        if (Schedulers.isInNonBlockingThread() || thread.getName().startsWith("caller")) {
            violations.add(request + " in " + thread.getName());
        }
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        check("claim");
        CountDownLatch latch = held.get(request.key().value());
        if (latch != null) {
            waiting.add(request.key().value());
            try {
                latch.await();
            } catch (InterruptedException interrupt) {
                throw new IllegalStateException(interrupt);
            }
        }
        return super.claim(request);
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        check("renew");
        Set<Claim> asked = claims.stream()
                .filter(claim -> !unrenewed.contains(claim.key().value()))
                .collect(Collectors.toSet());
        RenewalResult result = super.renew(asked, lease);
        Set<Claim> undecided = claims.stream()
                .filter(claim -> !asked.contains(claim) || result.undecided().contains(claim))
                .collect(Collectors.toSet());
        return new RenewalResult(result.renewed(), undecided);
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        check("complete");
        return super.complete(claim, outcome, retention);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        check("record step");
        return super.recordStep(claim, step);
    }

    @Override
    public boolean release(Claim claim) {
        check("release");
        boolean held = super.release(claim);
        released.add(claim.key().value());
        return held;
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        check("release");
        return super.release(claim, stepRetention);
    }

    @Override
    public boolean abandon(Claim claim) {
        check("abandon");
        return super.abandon(claim);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        check("find");
        return super.find(key);
    }
}
