package io.idempotent.spring.web;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A store in front of another one, which counts what it is asked, and is down when it is told so. */
final class ObservedStore {

    private final IdempotencyStore store;
    private final AtomicInteger calls = new AtomicInteger();
    private final Set<String> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean down;
    private volatile CountDownLatch claims = new CountDownLatch(0);

    ObservedStore(IdempotencyStore behind) {
        store = (IdempotencyStore) Proxy.newProxyInstance(
                IdempotencyStore.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("unwrap")) {
                        // Every request is seen, so there is nothing nearby.
                        return null;
                    }
                    if (method.getName().equals("keepsReferences") || method.getDeclaringClass() == Object.class) {
                        return method.invoke(behind, arguments);
                    }
                    calls.incrementAndGet();
                    threads.add(Thread.currentThread().getName());
                    if (method.getName().equals("claim") && !claims.await(10, TimeUnit.SECONDS)) {
                        throw new IllegalStateException("no claim was let through");
                    }
                    if (down) {
                        throw new IdempotencyStoreException(
                                method.getName() + " failed", null, new IOException("down"));
                    }
                    try {
                        return method.invoke(behind, arguments);
                    } catch (InvocationTargetException failure) {
                        throw failure.getCause();
                    }
                });
    }

    IdempotencyStore store() {
        return store;
    }

    int calls() {
        return calls.get();
    }

    /** The names of the threads that asked. */
    Set<String> threads() {
        return Set.copyOf(threads);
    }

    /** Answers claims when the latch is open. */
    void holdClaims(CountDownLatch until) {
        claims = until;
    }

    void down(boolean now) {
        down = now;
    }
}
