package io.idempotent.spring.web;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** A store in front of another one, which counts what it is asked, and is down when it is told so. */
final class ObservedStore {

    private final IdempotencyStore store;
    private final AtomicInteger calls = new AtomicInteger();
    private volatile boolean down;

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

    void down(boolean now) {
        down = now;
    }
}
