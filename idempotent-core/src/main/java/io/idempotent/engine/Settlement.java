package io.idempotent.engine;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Backoff;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells the store how executions end, wakes those that wait for them, and tells the listeners.
 *
 * <ol>
 *   <li>No renewal is under way during a request that ends the claim.
 *   <li>A request that fails is repeated after growing pauses, for a bounded time, and the lease is renewed meanwhile.
 *   <li>An interrupt ends no pause before such a request; the flag is set again afterwards.
 * </ol>
 *
 * <p>Each request is made in the calling thread, which pauses, or by {@link RequestThreads}, where a timer does.
 *
 * @param timeout for how many nanoseconds a request is repeated
 */
record Settlement(
        IdempotencyStore store,
        LeaseRenewal renewal,
        Owners owners,
        Outcomes outcomes,
        Listeners listeners,
        Pacing pacing,
        RequestThreads threads,
        long timeout) {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    /** How often the store is asked whether a key is held if somebody locks its record. */
    private static final int DECIDED_WITHIN = 5;

    /** Returns what is to be recorded of an ending; null if the key is not completed by it. */
    @Nullable
    RecordedOutcome encode(Execution execution, Ending ending) {
        if (ending instanceof Ending.NotReplayable notReplayable) {
            return new RecordedOutcome.NotReplayable(notReplayable.reason());
        }
        Outcome outcome = ending.outcome();
        return outcome == null ? null : outcomes.encode(execution, outcome);
    }

    /**
     * Tells the store how an execution ends, and then the listeners.
     *
     * @param took how long the operation ran
     * @return false if the claim was lost
     * @throws IdempotencyStoreException if the store failed to the end; the listeners have been told
     */
    boolean settle(Execution execution, Ending ending, Duration took) {
        return settle(execution, ending, encode(execution, ending), took);
    }

    /**
     * Like {@link #settle(Execution, Ending, Duration)}, with the outcome encoded already.
     *
     * @param recordable what is to be recorded; null if the key is not completed
     */
    boolean settle(Execution execution, Ending ending, @Nullable RecordedOutcome recordable, Duration took) {
        Supplier<Boolean> request = request(execution, ending, recordable);
        return settled(execution, ending, request, took, repeat(execution, what(request, ending), request));
    }

    /** Hears how the store answered to the request that ends an execution. */
    @FunctionalInterface
    interface Settled {

        /**
         * Called once, by a thread that asks the store.
         *
         * @param ending how the execution ends; null if that could not be decided
         * @param held false if the claim was lost
         * @param failure an {@link IdempotencyStoreException} if the store failed to the end, of which the listeners
         *     have been told; what failed otherwise; null if the store answered
         */
        void settled(@Nullable Ending ending, boolean held, @Nullable Throwable failure);
    }

    /**
     * Like {@link #settle(Execution, Ending, Duration)}, by the threads that ask the store.
     *
     * @param decision how the execution ends, asked by such a thread
     */
    void settleAsync(Execution execution, Supplier<? extends Ending> decision, Duration took, Settled settled) {
        threads.request(() -> {
            Ending ending;
            Supplier<Boolean> request;
            try {
                ending = decision.get();
                request = request(execution, ending, encode(execution, ending));
            } catch (RuntimeException | Error failure) {
                settled.settled(null, false, failure);
                return;
            }
            repeatAsync(execution, what(request, ending), request, (held, failure) -> {
                boolean isHeld = held != null && settled(execution, ending, request, took, held);
                settled.settled(ending, isHeld, failure);
            });
        });
    }

    /** Returns the request that tells the store of an ending. */
    private Supplier<Boolean> request(Execution execution, Ending ending, @Nullable RecordedOutcome recordable) {
        if (recordable != null) {
            return new Recording(recordable) {
                @Override
                boolean record(RecordedOutcome outcomeOrNot) {
                    return store.complete(
                            execution.claim(),
                            outcomeOrNot,
                            execution.operation().retention());
                }
            };
        }
        return ending instanceof Ending.Released ? () -> release(execution) : () -> store.abandon(execution.claim());
    }

    private static String what(Supplier<Boolean> request, Ending ending) {
        if (request instanceof Recording) {
            return "complete";
        }
        return ending instanceof Ending.Released ? "release" : "abandon";
    }

    /** Tells the listeners what the store answered to {@link #request}. */
    private boolean settled(
            Execution execution, Ending ending, Supplier<Boolean> request, Duration took, boolean held) {
        if (heldAfter(execution, held)) {
            tell(execution, ending, request instanceof Recording recording ? recording.outcome : null, took);
        }
        return held;
    }

    /**
     * Tells the listeners how an execution has ended.
     *
     * @param recorded what was recorded; null if the key is not completed
     * @param took how long the operation ran
     */
    void tell(Execution execution, Ending ending, @Nullable RecordedOutcome recorded, Duration took) {
        if (recorded instanceof RecordedOutcome.NotReplayable notReplayable) {
            listeners.tell(listener -> listener.notReplayable(execution, notReplayable.reason()));
        }
        Outcome outcome = ending.outcome();
        if (outcome != null) {
            listeners.tell(listener -> listener.completed(execution, outcome, took));
        } else if (ending instanceof Ending.Released released) {
            listeners.tell(listener -> listener.released(execution, released.failure(), took));
        } else {
            listeners.tell(listener -> listener.abandoned(execution));
        }
    }

    /** Asks the store to record an outcome, or that there was one. One object, since each execution needs it. */
    private abstract static class Recording implements Supplier<Boolean> {

        /** What the store took, once it has. */
        RecordedOutcome outcome;

        Recording(RecordedOutcome outcome) {
            this.outcome = outcome;
        }

        abstract boolean record(RecordedOutcome outcomeOrNot);

        @Override
        public Boolean get() {
            try {
                return record(outcome);
            } catch (IdempotencyStoreException refusal) {
                if (!refusal.isRefusal() || outcome instanceof RecordedOutcome.NotReplayable) {
                    throw refusal;
                }
                RecordedOutcome instead = new RecordedOutcome.NotReplayable(
                        "The store refused it, and would refuse it again: " + refusal.getMessage());
                try {
                    boolean held = record(instead);
                    outcome = instead;
                    return held;
                } catch (RuntimeException | Error another) {
                    refusal.addSuppressed(another);
                    throw refusal;
                }
            }
        }
    }

    /**
     * Gives the key back, without telling the listeners.
     *
     * @return false if the claim was lost
     * @throws IdempotencyStoreException if the store failed to the end; the listeners have been told
     */
    boolean giveBack(Execution execution) {
        return heldAfter(execution, repeat(execution, "release", () -> release(execution)));
    }

    /**
     * Like {@link #giveBack}, in a thread that asks the store, without pauses.
     *
     * @param finished called when the key is given back, or cannot be
     */
    void giveBackAsync(Execution execution, Runnable finished) {
        repeatAsync(execution, "release", () -> release(execution), (held, failure) -> {
            if (held != null) {
                heldAfter(execution, held);
            }
            finished.run();
        });
    }

    private boolean release(Execution execution) {
        return execution.hasRecordedSteps()
                ? store.release(execution.claim(), execution.operation().retention())
                : store.release(execution.claim());
    }

    /**
     * Records a step, as not replayable if the store refuses its outcome for good. The execution goes on, and its lease
     * is renewed meanwhile.
     *
     * @return false if the claim was lost
     * @throws IdempotencyStoreException if the store failed to the end
     */
    boolean recordStep(Execution execution, RecordedStep step) {
        return recordStep(execution, step, timeout);
    }

    /**
     * Like {@link #recordStep(Execution, RecordedStep)}.
     *
     * @param patience for how many nanoseconds the request is repeated, with pauses; with zero it is made once
     */
    boolean recordStep(Execution execution, RecordedStep step, long patience) {
        String what = "record step '" + step.name() + "' of";
        RecordedOutcome outcome = step.outcome();
        if (outcome == null) {
            return heldAfter(
                    execution,
                    repeat(execution, what, false, patience, () -> store.recordStep(execution.claim(), step)));
        }
        Recording recording = new Recording(outcome) {
            @Override
            boolean record(RecordedOutcome outcomeOrNot) {
                return store.recordStep(execution.claim(), new RecordedStep(step.name(), outcomeOrNot));
            }
        };
        boolean held = repeat(execution, what, false, patience, recording);
        if (held
                && recording.outcome != outcome
                && recording.outcome instanceof RecordedOutcome.NotReplayable refusal) {
            listeners.tell(listener ->
                    listener.notReplayable(execution, "that of step '" + step.name() + "': " + refusal.reason()));
        }
        return heldAfter(execution, held);
    }

    private boolean heldAfter(Execution execution, boolean held) {
        if (!held) {
            lost(execution);
        }
        return held;
    }

    /**
     * Tells whether the outcome of this very execution is recorded.
     *
     * @throws IdempotencyStoreException if the store failed to the end; the listeners have been told
     */
    boolean isCompleted(Execution execution) {
        IdempotencyRecord record = repeat(execution, "find", () -> store.find(execution.key()));
        return record != null && record.fencingToken() == execution.fencingToken() && record.outcome() != null;
    }

    /**
     * Records the outcome by a request that cannot be repeated, and does not yet end the execution.
     *
     * @return false if the claim was lost
     * @throws IdempotencyStoreException if the request failed
     */
    boolean record(Execution execution, BooleanSupplier request) {
        return Interrupts.setAside(() -> {
            execution.lease().settling();
            renewal.stop(execution);
            try {
                return request.getAsBoolean();
            } catch (RuntimeException | Error failure) {
                throw StoreFailures.of(failure, "complete", execution.key());
            }
        });
    }

    /** Tells whether the key is held without doubt. Asks the store if the lease may be lost. */
    boolean holds(Execution execution) {
        if (!execution.leaseLost()) {
            return true;
        }
        try {
            Set<Claim> held = Set.of(execution.claim());
            Backoff backoff = Backoff.of(FIRST_PAUSE, FIRST_PAUSE);
            for (int tries = 1; ; tries++) {
                long requestedAt = execution.now();
                RenewalResult result = Interrupts.outlast(
                        () -> store.renew(held, execution.operation().lease()));
                if (!result.renewed().isEmpty()) {
                    execution.lease().renewed(requestedAt);
                    return !execution.leaseLost();
                }
                if (result.undecided().isEmpty() || tries == DECIDED_WITHIN) {
                    return false;
                }
                // Somebody has locked the record, perhaps our own renewal.
                pacing.park(backoff.nextNanos());
            }
        } catch (RuntimeException | Error failure) {
            // Whoever has to decide now, before the transaction commits, cannot tell this from a loss.
            return false;
        }
    }

    /** Takes note that the claim is lost, and tells the listeners. */
    void lost(Execution execution) {
        execution.lease().refuse();
        renewal.tellLoss(execution);
    }

    /** Ends the renewal of an execution that has ended, whatever its end, and wakes those that wait for it. */
    void finish(Execution execution) {
        renewal.stop(execution);
        owners.leave(execution);
    }

    /** Makes a request that ends the execution, and repeats it for a bounded time while the store fails. */
    <T extends @Nullable Object> T repeat(Execution execution, String what, Supplier<T> request) {
        beginEnd(execution);
        try {
            return repeat(execution, what, true, timeout, request);
        } catch (IdempotencyStoreException failure) {
            throw told(execution, failure);
        }
    }

    private static void beginEnd(Execution execution) {
        if (execution.isLeased()) {
            execution.lease().settling();
        }
    }

    private IdempotencyStoreException told(Execution execution, IdempotencyStoreException failure) {
        listeners.tell(listener -> listener.completionFailed(execution, failure));
        return failure;
    }

    private <T extends @Nullable Object> T repeat(
            Execution execution, String what, boolean last, long patience, Supplier<T> request) {
        long until = execution.age() + patience;
        boolean interrupted = Thread.interrupted();
        try {
            Backoff backoff = null;
            while (true) {
                if (last) {
                    renewal.stop(execution);
                }
                try {
                    return Interrupts.outlast(request);
                } catch (RuntimeException | Error thrown) {
                    interrupted |= Thread.interrupted();
                    if (backoff == null) {
                        backoff = Backoff.of(FIRST_PAUSE, LONGEST_PAUSE);
                    }
                    pacing.park(pauseAfter(thrown, execution, what, last, until, backoff));
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Returns for how many nanoseconds to pause after a request failed, and lets the lease be renewed meanwhile.
     *
     * @throws IdempotencyStoreException if it is not to be repeated any more
     */
    private long pauseAfter(
            Throwable thrown, Execution execution, String what, boolean last, long until, Backoff backoff) {
        long remaining = until - execution.age();
        if (remaining <= 0) {
            throw StoreFailures.of(thrown, what, execution.key());
        }
        if (last) {
            renewal.start(execution);
        }
        return Math.min(backoff.nextNanos(), remaining);
    }

    /**
     * Like {@link #repeat(Execution, String, Supplier)}, in a thread that asks the store; others do so after a pause.
     *
     * @param answered gets the answer, or the failure
     */
    private void repeatAsync(
            Execution execution,
            String what,
            Supplier<Boolean> request,
            BiConsumer<@Nullable Boolean, @Nullable Throwable> answered) {
        beginEnd(execution);
        tryAsync(execution, what, request, execution.age() + timeout, Backoff.of(FIRST_PAUSE, LONGEST_PAUSE), answered);
    }

    private void tryAsync(
            Execution execution,
            String what,
            Supplier<Boolean> request,
            long until,
            Backoff backoff,
            BiConsumer<@Nullable Boolean, @Nullable Throwable> answered) {
        renewal.stop(execution);
        boolean held;
        try {
            held = Interrupts.outlast(request);
        } catch (RuntimeException | Error thrown) {
            long pause;
            try {
                pause = pauseAfter(thrown, execution, what, true, until, backoff);
            } catch (IdempotencyStoreException failure) {
                answered.accept(null, told(execution, failure));
                return;
            }
            var unused = threads.timer(pause)
                    .thenRun(() -> threads.request(() -> tryAsync(execution, what, request, until, backoff, answered)));
            return;
        }
        answered.accept(held, null);
    }
}
