package io.idempotent.spring;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A place that work enters and does not leave before it is opened. */
final class Gate {

    /** Nothing in these tests waits longer. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final CountDownLatch entered;
    private final CountDownLatch opened = new CountDownLatch(1);

    Gate() {
        this(1);
    }

    /** For that many who are to enter. */
    Gate(int number) {
        entered = new CountDownLatch(number);
    }

    /** Enters, and gives the value when the gate is open. */
    <T> T pass(T value) throws InterruptedException {
        entered.countDown();
        await(opened);
        return value;
    }

    void awaitEntered() throws InterruptedException {
        await(entered);
    }

    void open() {
        opened.countDown();
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("Waited in vain");
        }
    }
}
