package io.idempotent.spring;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A node's way to a store: remembers what the store was asked for, and can fail once, at the final write. Safe for use
 * by many threads.
 */
final class StoreLine {

    /**
     * A request to renew leases that was answered.
     *
     * @param claims how many were to be renewed
     * @param lease for how long
     * @param took how long the store took
     * @param thread the one that asked
     */
    record Renewal(int claims, Duration lease, Duration took, Thread thread) {}

    private final IdempotencyStore store;
    private final Queue<ClaimRequest> claims = new ConcurrentLinkedQueue<>();
    private final Queue<Renewal> renewals = new ConcurrentLinkedQueue<>();
    private final AtomicInteger completions = new AtomicInteger();
    private final AtomicBoolean losesCompletion = new AtomicBoolean();
    private final AtomicBoolean losesAnswer = new AtomicBoolean();

    StoreLine(IdempotencyStore store) {
        this.store = store;
    }

    /** The store as the node sees it. */
    IdempotencyStore end() {
        return (IdempotencyStore) Proxy.newProxyInstance(
                StoreLine.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (proxy, method, arguments) -> ask(method, arguments));
    }

    /** The next request to complete does not reach the store. */
    void loseNextCompletion() {
        losesCompletion.set(true);
    }

    /** The next request to complete takes effect, and its answer is lost. */
    void loseNextAnswerToCompletion() {
        losesAnswer.set(true);
    }

    /** Remembers no more what was asked for up to now. */
    void forget() {
        claims.clear();
        renewals.clear();
        completions.set(0);
    }

    /** What was asked to be claimed. */
    List<ClaimRequest> claims() {
        return List.copyOf(claims);
    }

    /** What was renewed. */
    List<Renewal> renewals() {
        return List.copyOf(renewals);
    }

    /** How many requests to complete there were, whatever became of them. */
    int completions() {
        return completions.get();
    }

    private Object ask(Method method, Object[] arguments) throws Throwable {
        long begin = System.nanoTime();
        boolean completes = method.getName().equals("complete");
        if (completes) {
            completions.incrementAndGet();
            failIf(losesCompletion);
        }
        Object answer;
        try {
            answer = method.invoke(store, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
        if (completes) {
            failIf(losesAnswer);
        }
        if (method.getName().equals("claim")) {
            claims.add((ClaimRequest) arguments[0]);
        }
        if (method.getName().equals("renew")) {
            renewals.add(new Renewal(
                    ((Collection<?>) arguments[0]).size(),
                    (Duration) arguments[1],
                    Duration.ofNanos(System.nanoTime() - begin),
                    Thread.currentThread()));
        }
        return answer;
    }

    private static void failIf(AtomicBoolean lost) {
        if (lost.compareAndSet(true, false)) {
            throw new IdempotencyStoreException("The line is down", null, new IOException("connection reset"));
        }
    }
}
