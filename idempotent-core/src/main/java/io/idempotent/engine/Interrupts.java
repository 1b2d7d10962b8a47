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
 * Keeps a caller's interrupt away from what must not end halfway: clears the flag before, and sets it again afterwards.
 *
 * <p>An interrupt that comes meanwhile can still end the work: some drivers stop waiting for an answer then, and some
 * close the connection or the file. A request that can be made again is then made by a thread that nobody interrupts. A
 * store answers it as it would have answered the first, except for {@code forget}, which may find nothing left to
 * forget.
 */
final class Interrupts {

    private Interrupts() {}

    /** Does work that cannot be done again. */
    static void setAside(Runnable work) {
        Interrupts.<@Nullable Void>setAside(() -> {
            work.run();
            return null;
        });
    }

    /** Does work that cannot be done again. */
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
     * Makes a request that gets the same answer when it is made again. If it fails and an interrupt came meanwhile,
     * another thread makes it again, and takes as long as that takes.
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
                // It is remembered already; the request ends by its own timeout.
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

    /** Tells whether a failure comes from an interrupt. Not every driver sets the flag again. */
    private static boolean tells(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof InterruptedException || each instanceof ClosedByInterruptException) {
                return true;
            }
        }
        return false;
    }
}
