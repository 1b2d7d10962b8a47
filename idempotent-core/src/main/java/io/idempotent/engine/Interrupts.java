package io.idempotent.engine;

import java.nio.channels.ClosedByInterruptException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a caller's interrupt away from what must not end halfway. The flag is cleared before and set again after it.
 *
 * <p>An interrupt that comes meanwhile can still end it: some drivers stop to wait for an answer then, and some close
 * the connection or the file. A request that can be made again is then made by a thread that nobody interrupts: a store
 * answers it as it would have the first, as its contract says, but for {@code forget}, which may find nothing left to
 * forget.
 */
final class Interrupts {

    private Interrupts() {}

    /** Does what cannot be done again. */
    static void setAside(Runnable work) {
        Interrupts.<@Nullable Void>setAside(() -> {
            work.run();
            return null;
        });
    }

    /** Does what cannot be done again. */
    static <T extends @Nullable Object> T setAside(Supplier<T> work) {
        boolean interrupted = Thread.interrupted();
        try {
            return work.get();
        } catch (RuntimeException | Error failure) {
            interrupted |= tells(failure);
            throw failure;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Makes a request that gets the same answer when it is made again. If it fails and an interrupt came meanwhile, it
     * is made again by another thread, and takes as long as it may by itself.
     */
    static <T extends @Nullable Object> T outlast(Supplier<T> request) {
        return outlast(Supplier::get, request);
    }

    /** Like {@link #outlast(Supplier)}, without an object for each request. */
    static <A, T extends @Nullable Object> T outlast(Function<A, T> request, A argument) {
        boolean interrupted = Thread.interrupted();
        try {
            return request.apply(argument);
        } catch (RuntimeException | Error failure) {
            if (!Thread.interrupted() && !tells(failure)) {
                throw failure;
            }
            interrupted = true;
            return elsewhere(() -> request.apply(argument), failure);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static <T extends @Nullable Object> T elsewhere(Callable<T> request, Throwable first) {
        FutureTask<T> task = new FutureTask<>(request);
        Thread thread = new Thread(task, "idempotent-uninterrupted");
        thread.setDaemon(true);
        thread.start();
        while (true) {
            try {
                return task.get();
            } catch (InterruptedException another) {
                // Known already; the request ends by its own timeout.
            } catch (ExecutionException failed) {
                Throwable failure = Objects.requireNonNull(failed.getCause());
                if (failure != first) {
                    failure.addSuppressed(first);
                }
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) failure;
            }
        }
    }

    /** Whether an interrupt is what it failed at. Not every driver sets the flag again. */
    private static boolean tells(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof InterruptedException || each instanceof ClosedByInterruptException) {
                return true;
            }
        }
        return false;
    }
}
