package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A call that no thread waits for.
 *
 * <ol>
 *   <li>The work begins once the key is held, on a thread that runs no request of the store.
 *   <li>When the work has ended, in whichever thread, a thread asks the store to record that.
 *   <li>If its steps are to be undone first, a thread that may block does that.
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

    // Written before the call is admitted.
    private volatile CallScope scope = Runnable::run;

    private enum State {
        OPENING,
        BEGUN,
        ENDED
    }

    // Guarded by this.
    private State state = State.OPENING;
    private boolean cancelled;
    private @Nullable CompletionStage<T> stage;
    private @Nullable Runnable giveUp;

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
        CompletionStage<T> running = null;
        Runnable opening = null;
        synchronized (this) {
            if (state == State.ENDED) {
                return;
            }
            if (state == State.OPENING) {
                cancelled = true;
                opening = giveUp;
            } else if (operation.whenCancelled() == WhenCancelled.ABANDON) {
                cancelled = true;
                running = stage;
            }
        }
        future.cancel(false);
        if (opening != null) {
            opening.run();
        }
        if (running != null) {
            cancel(running);
        }
    }

    private static void cancel(CompletionStage<?> stage) {
        try {
            stage.toCompletableFuture().cancel(true);
        } catch (UnsupportedOperationException cannotBeCancelled) {
            // It goes on, and what it returns is recorded.
        }
    }

    /** Takes note of what its parts run in. */
    CallScope runsIn(CallScope callers) {
        scope = callers;
        return callers;
    }

    /** Takes note of what ends the wait for another owner. */
    void admittedBy(Runnable toGiveUp) {
        boolean late;
        synchronized (this) {
            giveUp = toGiveUp;
            late = cancelled;
        }
        if (late) {
            toGiveUp.run();
        }
    }

    /** Goes on when the call is admitted, on a thread that runs no request of the store, or refused. */
    void opened(@Nullable OpenResult<T> opened, @Nullable Throwable failure) {
        if (opened instanceof OpenExecution<T> open) {
            begin(open);
        } else if (opened instanceof OpenResult.Recorded<T> recorded) {
            future.complete(recorded.value());
        } else {
            future.completeExceptionally(Objects.requireNonNull(failure));
        }
    }

    private void begin(OpenExecution<T> open) {
        boolean unwanted;
        synchronized (this) {
            giveUp = null;
            unwanted = cancelled;
            state = unwanted ? State.ENDED : State.BEGUN;
        }
        IdempotencyKey key = open.context().key();
        if (unwanted) {
            var unused = open.releaseAsync(Waiting.unwanted(key));
            return;
        }
        CompletionStage<T> begun;
        OpenExecution.Binding bound = open.bind();
        try {
            begun = work.begin(open.execution());
            if (begun == null) {
                throw new IllegalStateException(
                        "The work of '" + key + "' returned null in place of what it is to end by");
            }
            begun.whenComplete(
                    (value, failure) -> end(open, value, failure == null ? null : RequestThreads.unwrap(failure)));
        } catch (Throwable failure) {
            end(open, null, failure);
            return;
        } finally {
            bound.close();
        }
        boolean cancelledMeanwhile;
        synchronized (this) {
            stage = begun;
            cancelledMeanwhile = cancelled;
        }
        if (cancelledMeanwhile) {
            cancel(begun);
        }
    }

    // The value is what the work produced, null included.
    @SuppressWarnings("NullAway")
    private void end(OpenExecution<T> open, @Nullable T value, @Nullable Throwable failure) {
        boolean wasCancelled;
        synchronized (this) {
            state = State.ENDED;
            wasCancelled = cancelled;
        }
        Throwable thrown = failure != null || !open.execution().isBackward()
                ? failure
                : new Backward(open.context().key());
        if (thrown == null) {
            var unused = open.endAsync(value, () -> open.isRecorded(work, StageWork::releases, value))
                    .whenComplete(this::answer);
        } else if (wasCancelled) {
            // How far it came until then is not known, whatever it threw.
            var unused = open.abandonAsync();
        } else if (open.isCompensated(thrown, false)) {
            threads.work(() -> scope.run(() -> compensate(open, thrown)));
        } else {
            fail(open, thrown);
        }
    }

    private void compensate(OpenExecution<T> open, Throwable thrown) {
        Throwable failure;
        OpenExecution.Binding bound = open.bind();
        try {
            failure = open.compensate(thrown, work::undo);
        } finally {
            bound.close();
        }
        fail(open, failure);
    }

    private void fail(OpenExecution<T> open, Throwable failure) {
        var unused = open.failAsync(failure, work::mayStand).whenComplete((ended, none) -> answer(null, failure));
    }

    private void answer(@Nullable T value, @Nullable Throwable failure) {
        if (future.isDone()) {
            return;
        }
        threads.work(() -> {
            if (failure == null) {
                future.complete(value);
            } else {
                future.completeExceptionally(failure);
            }
        });
    }
}
