package io.idempotent.spring.matrix;

import io.idempotent.IdempotencyContext;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** What every payment service calls in its body: says how often bodies ran, and fails when told to. */
public final class Bank {

    private final AtomicInteger failures = new AtomicInteger();

    private final List<Integer> attempts = new CopyOnWriteArrayList<>();

    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    /** The body of a payment. */
    public Receipt charge(PaymentRequest request) {
        attempts.add(IdempotencyContext.current().attempt());
        threads.add(Thread.currentThread());
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new UnreachableException();
        }
        return new Receipt(UUID.randomUUID(), request.id());
    }

    void failNext(int times) {
        failures.set(times);
    }

    /** What the context said in each body that ran, in order. */
    List<Integer> attempts() {
        return attempts;
    }

    List<Thread> threads() {
        return threads;
    }

    /** The bank could not be reached. */
    static final class UnreachableException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        UnreachableException() {
            super("the bank cannot be reached");
        }
    }
}
