package io.idempotent.spring.weaving.woven;

import io.idempotent.IdempotencyContext;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the bodies that ran, and those among them that no one protected. */
public final class Counter {

    private final AtomicInteger bodies = new AtomicInteger();

    private final AtomicInteger bare = new AtomicInteger();

    /** A body runs; gives which one it is. */
    public int next() {
        if (IdempotencyContext.currentOrNull() == null) {
            bare.incrementAndGet();
        }
        return bodies.incrementAndGet();
    }

    /** How many bodies ran. */
    public int bodies() {
        return bodies.get();
    }

    /** How many of them ran bare. */
    public int bare() {
        return bare.get();
    }
}
