package io.idempotent.spring.recovery;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Verifier;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which executions this node completed, and asks the verifiers of their operations whether the outside agrees
 * with what was recorded. Changes nothing. Safe for use by many threads.
 */
final class Verification implements IdempotencyListener {

    /** How many keys are remembered from one interval to the next: {@value}. */
    static final int REMEMBERED = 10_000;

    private static final Log LOG = LogFactory.getLog(Verification.class);

    private final Supplier<OperationRegistry> operations;
    private final Supplier<List<Verifier>> beans;
    private final ConcurrentLinkedQueue<IdempotencyKey> completed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger remembered = new AtomicInteger();
    private final AtomicLong notRemembered = new AtomicLong();

    // None before the job starts, since those beans may be in the making.
    private volatile List<Verifier> verifiers = List.of();
    private volatile boolean told;

    /**
     * Makes a verification that remembers nothing yet.
     *
     * @param operations knows operations and stores; asked for when the first record is verified
     * @param beans the verifiers; asked for when the job starts
     */
    Verification(Supplier<OperationRegistry> operations, Supplier<List<Verifier>> beans) {
        this.operations = operations;
        this.beans = beans;
    }

    /** Begins to remember. */
    void start() {
        verifiers = beans.get();
    }

    /** Returns how many executions were not remembered, and so are not verified. */
    long notRemembered() {
        return notRemembered.get();
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        if (verifier(context.key()) == null) {
            return;
        }
        if (remembered.incrementAndGet() > REMEMBERED) {
            remembered.decrementAndGet();
            notRemembered.incrementAndGet();
        } else {
            completed.add(context.key());
        }
    }

    private @Nullable Verifier verifier(IdempotencyKey key) {
        for (Verifier verifier : verifiers) {
            if (verifier.supports(key.operation())) {
                return verifier;
            }
        }
        return null;
    }

    /** Verifies what was completed since it was last called. */
    void run(BooleanSupplier stopped) {
        if (notRemembered.get() > 0 && !told) {
            told = true;
            LOG.warn("More than " + REMEMBERED + " executions were completed since the last verification, of which "
                    + notRemembered + " are not verified; this is not said again. Shorten"
                    + " idempotent.recovery.interval, or support fewer operations");
        }
        // What is completed meanwhile is verified next time.
        List<IdempotencyKey> keys = new ArrayList<>();
        for (int left = remembered.get(); left > 0; left--) {
            IdempotencyKey key = completed.poll();
            if (key == null) {
                break;
            }
            remembered.decrementAndGet();
            keys.add(key);
        }
        for (IdempotencyKey key : keys) {
            if (stopped.getAsBoolean()) {
                return;
            }
            try {
                verify(key);
            } catch (Throwable failure) {
                LOG.warn("The outcome of idempotency key '" + key + "' could not be verified", failure);
            }
        }
    }

    private void verify(IdempotencyKey key) throws Exception {
        Verifier verifier = verifier(key);
        if (verifier == null) {
            return;
        }
        OperationRegistry registry = operations.get();
        for (ConfiguredOperation operation : registry.ofOperation(key.operation())) {
            Outcome outcome = outcome(registry, operation, key);
            if (outcome != null) {
                String difference = verifier.verify(key, outcome);
                if (difference != null) {
                    operation.engine().contradict(key, difference);
                }
                return;
            }
        }
    }

    /** What is recorded; null if nothing is any more, or it cannot be read. */
    private static @Nullable Outcome outcome(
            OperationRegistry registry, ConfiguredOperation operation, IdempotencyKey key)
            throws OutcomeCodecException {
        IdempotencyRecord record = operation.engine().store().find(key);
        RecordedOutcome recorded = record == null ? null : record.outcome();
        if (recorded == null || recorded instanceof RecordedOutcome.NotReplayable) {
            return null;
        }
        return registry.codec(operation.engine())
                .decode(recorded, operation.operation().type());
    }
}
