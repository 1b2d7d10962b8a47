package io.idempotent.server;

import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Starts a server when it is first asked for, once per JVM, and remembers it, or why it did not start: the tests after
 * the first need not wait for the same failure.
 */
final class Starting<S> {

    private final Server server;
    private final Callable<S> start;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable S started;
    private @Nullable ServerException failure;

    Starting(Server server, Callable<S> start) {
        this.server = server;
        this.start = start;
    }

    S get() {
        server.requireWanted();
        lock.lock();
        try {
            if (started == null && failure == null) {
                start();
            }
            if (failure != null) {
                throw failure;
            }
            return started;
        } finally {
            lock.unlock();
        }
    }

    private void start() {
        try {
            started = start.call();
        } catch (Exception | LinkageError reason) {
            // Linkage errors, too: the library for PostgreSQL throws them for files that it cannot write.
            failure = server.doesNotStart(reason.toString(), reason);
        }
    }
}
