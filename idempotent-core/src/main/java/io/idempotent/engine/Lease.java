package io.idempotent.engine;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an owner knows of its claim by its own clock. A lease counts from before the request that granted it, so an
 * owner never relies on it for longer than the store does. Safe for use by many threads.
 */
final class Lease {

    private final LongSupplier ticker;
    private final long nanos;
    private final boolean interrupts;

    // The renewing thread writes them, the running thread reads them.
    private volatile long renewedAt;
    private volatile boolean refused;
    private volatile boolean unknownToStore;
    private volatile boolean settling;

    // Used by the renewing thread only.
    private long undecidedToldOf = Long.MIN_VALUE;

    // Guarded by this.
    private boolean lossTold;
    private @Nullable Thread runner;
    private boolean interrupted;

    /**
     * Makes a lease that was just granted.
     *
     * @param requestedAt the ticker's time before the claim was requested
     * @param interrupts whether the thread that runs the operation is interrupted when the lease is lost
     */
    Lease(Duration duration, LongSupplier ticker, long requestedAt, boolean interrupts) {
        this.nanos = Nanos.of(duration);
        this.ticker = ticker;
        this.renewedAt = requestedAt;
        this.interrupts = interrupts;
    }

    /** Tells whether the claim can no longer be relied on: the store refused it, or the lease is over. */
    boolean isLost() {
        return refused || sinceRenewal() >= nanos;
    }

    /** Returns how long ago the lease was last granted, in nanoseconds. */
    long sinceRenewal() {
        return ticker.getAsLong() - renewedAt;
    }

    /** Returns how long the lease lasts at least, in nanoseconds. */
    long remaining() {
        return Math.max(0, nanos - sinceRenewal());
    }

    /** Takes note that a request made at this time renewed the lease. */
    void renewed(long requestedAt) {
        renewedAt = requestedAt;
    }

    /** Takes note that the key has another claim by now. */
    void refuse() {
        refused = true;
    }

    /**
     * Takes note that the request that ends the claim is on its way: only its answer tells whether the claim was lost.
     */
    void settling() {
        settling = true;
    }

    /**
     * Takes note that the store did not renew the lease. It is lost, unless the request that ends the claim was faster.
     */
    void notRenewed() {
        if (!settling) {
            unknownToStore = sinceRenewal() < nanos;
            refused = true;
        }
    }

    /** Tells whether the store did not know the claim although its lease was not over. */
    boolean isUnknownToStore() {
        return unknownToStore;
    }

    /** Tells whether to report the loss of the lease now: true once, when it is lost. */
    boolean shouldTellLoss() {
        if (!isLost()) {
            return false;
        }
        synchronized (this) {
            if (lossTold) {
                return false;
            }
            lossTold = true;
            return true;
        }
    }

    /**
     * Tells whether to report now that the store cannot decide on the lease: true once for each grant that is so old.
     */
    boolean shouldTellUndecided(long age) {
        long grant = renewedAt;
        if (ticker.getAsLong() - grant < age || undecidedToldOf == grant) {
            return false;
        }
        undecidedToldOf = grant;
        return true;
    }

    /** Takes note that this thread runs the operation. */
    void enter() {
        if (interrupts) {
            synchronized (this) {
                runner = Thread.currentThread();
            }
        }
    }

    /** Takes note that this thread no longer runs the operation, and clears the interrupt that was meant for that. */
    void leave() {
        if (!interrupts) {
            return;
        }
        synchronized (this) {
            if (!Thread.currentThread().equals(runner)) {
                return;
            }
            runner = null;
            if (interrupted) {
                interrupted = false;
                Thread.interrupted();
            }
        }
    }

    /** Interrupts the thread that runs the operation, if the engine does that. */
    void interruptRunner() {
        synchronized (this) {
            Thread running = runner;
            // A thread that somebody else interrupted keeps that interrupt.
            if (running != null && running != Thread.currentThread() && !running.isInterrupted()) {
                interrupted = true;
                running.interrupt();
            }
        }
    }
}
