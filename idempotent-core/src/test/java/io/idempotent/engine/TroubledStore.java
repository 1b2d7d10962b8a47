package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A real store behind a line that can fail: before a request arrives, or after it took effect. Counts requests. */
final class TroubledStore extends ForwardingIdempotencyStore {

    /** The requests that can be met by trouble. */
    enum Request {
        CLAIM,
        RENEW,
        COMPLETE,
        RELEASE,
        RECORD_STEP,
        ABANDON,
        FIND
    }

    /** What a request meets on its way. */
    interface Trouble {

        /** Makes the request, or does not, and answers it. */
        Object meet(Supplier<Object> request);
    }

    private final Map<Request, Trouble> troubles = new ConcurrentHashMap<>();
    private final Map<Request, AtomicInteger> counts = new ConcurrentHashMap<>();
    private final List<Integer> renewed = new CopyOnWriteArrayList<>();

    TroubledStore(IdempotencyStore store) {
        super(store);
        for (Request request : Request.values()) {
            counts.put(request, new AtomicInteger());
        }
    }

    static TroubledStore on(FakeTicker ticker) {
        return new TroubledStore(
                CaffeineIdempotencyStore.builder().ticker(ticker).build());
    }

    static IdempotencyStoreException failure() {
        return new IdempotencyStoreException("The line is down", null, new IOException("connection reset"));
    }

    /** A failure that does not pass by itself. */
    static IdempotencyStoreException lastingFailure() {
        return new IdempotencyStoreException("There is no table", null, new IOException("no such table"), false);
    }

    /** From now on such requests meet this. */
    void meet(Request request, Trouble trouble) {
        troubles.put(request, trouble);
    }

    /** The next such requests do not arrive. */
    void fail(Request request, int times) {
        AtomicInteger left = new AtomicInteger(times);
        meet(request, made -> {
            if (left.getAndDecrement() > 0) {
                throw failure();
            }
            return made.get();
        });
    }

    void fail(Request request) {
        fail(request, Integer.MAX_VALUE);
    }

    /** The next such requests take effect, and their answers are lost. */
    void loseAnswers(Request request, int times) {
        AtomicInteger left = new AtomicInteger(times);
        meet(request, made -> {
            Object answer = made.get();
            if (left.getAndDecrement() > 0) {
                throw failure();
            }
            return answer;
        });
    }

    void heal(Request request) {
        troubles.remove(request);
    }

    /** How many such requests were made, whatever became of them. */
    int count(Request request) {
        return counts.get(request).get();
    }

    /** How many claims each request for renewal was made for. */
    List<Integer> renewed() {
        return renewed;
    }

    @SuppressWarnings("unchecked")
    private <T> T ask(Request request, Supplier<T> made) {
        counts.get(request).incrementAndGet();
        Trouble trouble = troubles.get(request);
        return trouble == null ? made.get() : (T) trouble.meet(made::get);
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return ask(Request.CLAIM, () -> super.claim(request));
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        renewed.add(claims.size());
        return ask(Request.RENEW, () -> super.renew(claims, lease));
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return ask(Request.COMPLETE, () -> super.complete(claim, outcome, retention));
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return ask(Request.RECORD_STEP, () -> super.recordStep(claim, step));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return ask(Request.RELEASE, () -> super.release(claim, stepRetention));
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return ask(Request.CLAIM, () -> super.takeOver(key, expectedToken, claimId, lease));
    }

    @Override
    public boolean release(Claim claim) {
        return ask(Request.RELEASE, () -> super.release(claim));
    }

    @Override
    public boolean abandon(Claim claim) {
        return ask(Request.ABANDON, () -> super.abandon(claim));
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return ask(Request.FIND, () -> super.find(key));
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> ability) {
        // Every request is seen, so there is nothing nearby.
        return null;
    }
}
