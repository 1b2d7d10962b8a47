package io.idempotent.spring.interceptor;

import io.idempotent.store.IdempotencyRecord;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A call that finishes an abandoned execution without its caller. The thread that makes it carries its record through
 * the bean's advice, up to the first call of the operation, which takes it; further ones are calls like any other. Used
 * by one thread after the other.
 */
final class RecoveredCall {

    private static final ThreadLocal<@Nullable RecoveredCall> CARRIED = new ThreadLocal<>();

    private final IdempotencyRecord record;
    private @Nullable IdempotentCall taker;

    RecoveredCall(IdempotencyRecord record) {
        this.record = record;
    }

    /** Makes a call that this thread carries the record to. */
    @Nullable
    CompletionStage<?> carry(Making call) throws Throwable {
        RecoveredCall before = CARRIED.get();
        CARRIED.set(this);
        try {
            return call.make();
        } finally {
            if (before == null) {
                CARRIED.remove();
            } else {
                CARRIED.set(before);
            }
        }
    }

    /** Takes what this thread carries to the operation; null if it carries nothing to it. */
    static @Nullable RecoveredCall take(String operation, IdempotentCall call) {
        RecoveredCall carried = CARRIED.get();
        if (carried == null
                || carried.isTaken()
                || !carried.record.key().operation().equals(operation)) {
            return null;
        }
        carried.taker = call;
        return carried;
    }

    /** The record as it was seen. */
    IdempotencyRecord record() {
        return record;
    }

    /** Whether a call of the operation was intercepted. */
    boolean isTaken() {
        return taker != null;
    }

    /** Whether the method ran. */
    boolean hasRun() {
        return taker != null && taker.hasRun();
    }

    /** Makes the call. */
    @FunctionalInterface
    interface Making {

        /** Makes it; returns its end, null if it has ended. */
        @Nullable
        CompletionStage<?> make() throws Throwable;
    }
}
