package io.idempotent.engine;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A call that no thread waits for.
 *
 * <ol>
 *   <li>The work begins once the key is held, on a thread that runs no request of the store.
 *   <li>When the work has ended, in whichever thread, a thread asks the store to record that.
 *   <li>Then the {@link #future} completes, on a thread that runs no request of the store either. It was not the
 *       caller's if it was completed or cancelled before: the work goes on, and its outcome is recorded.
 *   <li>A call that is {@linkplain #cancel cancelled} before its work began never begins it, and gives the key back.
 *       Afterwards its operation decides, see {@link WhenCancelled}.
 * </ol>
 *
 * <p>Safe for use by many threads.
 *
 * @param <T> what the operation produces
 */
public final class StageCall<T extends @Nullable Object> {

    private final Operation<T> operation;
    private final StageWork<T> work;
    private final RequestThreads threads;
    private final CompletableFuture<T> future = new CompletableFuture<>();

    // Both written while this is locked, so that exactly one of them is first.
    private boolean cancelled;
    private @Nullable CompletionStage<T> begun;

    StageCall(Operation<T> operation, StageWork<T> work, RequestThreads threads) {
        this.operation = operation;
        this.work = work;
        this.threads = threads;
    }

    /** Returns what the call is answered by. */
    public CompletableFuture<T> future() {
        return future;
    }

    /** Cancels the call, and its work if its operation says so. Has no effect once the work has ended. */
    public void cancel() {
        CompletionStage<T> running;
        synchronized (this) {
            running = begun;
            if (running == null || operation.whenCancelled() == WhenCancelled.ABANDON) {
                cancelled = true;
            }
        }
        future.cancel(false);
        if (running != null && operation.whenCancelled() == WhenCancelled.ABANDON) {
            running.toCompletableFuture().cancel(true);
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled;
    }

    /** Begins the work of a call that got the key, on a thread that runs no request of the store. */
    OpenResult<T> beginIfOpen(OpenResult<T> opened) {
        if (opened instanceof OpenExecution<T> open) {
            begin(open);
        }
        return opened;
    }

    /** Answers a call that did not get the key. */
    void follow(CompletableFuture<OpenResult<T>> opened) {
        var unused = opened.whenComplete((result, failure) -> {
            if (failure != null) {
                future.completeExceptionally(RequestThreads.unwrap(failure));
            } else if (result instanceof OpenResult.Recorded<T> recorded) {
                future.complete(recorded.value());
            }
        });
    }

    private void begin(OpenExecution<T> open) {
        if (isCancelled()) {
            var unused = open.releaseAsync(new CancellationException("The call was cancelled before its work began"));
            return;
        }
        CompletionStage<T> stage = null;
        Throwable thrown = null;
        OpenExecution.Binding bound = open.bind();
        try {
            stage = work.begin(open.execution());
        } catch (Throwable failure) {
            thrown = failure;
        } finally {
            bound.close();
        }
        if (stage == null) {
            Throwable failure = thrown != null
                    ? thrown
                    : new IllegalStateException("The work of '"
                            + open.execution().key() + "' returned null in place of what it is to end by");
            fail(open, failure);
            return;
        }
        boolean cancelledMeanwhile;
        synchronized (this) {
            begun = stage;
            cancelledMeanwhile = cancelled;
        }
        if (cancelledMeanwhile) {
            stage.toCompletableFuture().cancel(true);
        }
        stage.whenComplete(
                (value, failure) -> end(open, value, failure == null ? null : RequestThreads.unwrap(failure)));
    }

    private void end(OpenExecution<T> open, T value, @Nullable Throwable failure) {
        if (failure == null) {
            var unused = open.endAsync(value, () -> open.isRecorded(work, StageWork::releases, value))
                    .whenComplete(this::answer);
        } else if (isCancelled()) {
            // How far it came until then is not known, whatever it threw.
            var unused = open.abandonAsync();
        } else {
            fail(open, failure);
        }
    }

    private void fail(OpenExecution<T> open, Throwable failure) {
        var unused = open.failAsync(failure, work::mayStand).whenComplete((ended, none) -> answer(null, failure));
    }

    private void answer(@Nullable T value, @Nullable Throwable failure) {
        threads.work(() -> {
            if (failure == null) {
                future.complete(value);
            } else {
                future.completeExceptionally(RequestThreads.unwrap(failure));
            }
        });
    }
}
