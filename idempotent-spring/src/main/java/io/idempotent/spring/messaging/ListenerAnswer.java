package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a failure of a listener asks its container to do with the message. */
public enum ListenerAnswer {

    /**
     * Deliver the message again after a pause, as often as it takes: its key is in progress, its claim was lost, or the
     * store failed. That is no failure of the listener.
     */
    REDELIVER,

    /**
     * Put the message aside at once: it has no key, or the key of another message, or what became of it is unknown or
     * cannot be replayed. No redelivery changes that.
     */
    DEAD_LETTER,

    /** Do what the container does with failures of the listener. */
    POLICY;

    /**
     * Tells what a failure asks for. The first exception of this library among the failure and its causes decides,
     * since containers wrap what listeners throw.
     */
    public static ListenerAnswer of(Throwable failure) {
        IdempotencyException ours = find(failure);
        return ours == null ? POLICY : of(ours);
    }

    /** Finds the exception of this library that decides; null if there is none. */
    public static @Nullable IdempotencyException find(Throwable failure) {
        Set<Throwable> seen = new HashSet<>();
        for (Throwable next = failure; next != null && seen.add(next); next = next.getCause()) {
            if (next instanceof IdempotencyException ours) {
                return ours;
            }
        }
        return null;
    }

    /** The name of the operation that refused a message; null if it is not known. */
    public static @Nullable String operation(IdempotencyException failure) {
        if (failure instanceof IdempotencyKeyException noKey) {
            return noKey.operation();
        }
        return failure.key() == null ? null : failure.key().operation();
    }

    private static ListenerAnswer of(IdempotencyException failure) {
        if (failure instanceof IdempotencyInProgressException
                || failure instanceof IdempotencyClaimLostException
                || failure instanceof IdempotencyStoreException) {
            return REDELIVER;
        }
        if (failure instanceof IdempotencyKeyException
                || failure instanceof IdempotencyKeyReusedException
                || failure instanceof IdempotencyOutcomeUnknownException
                || failure instanceof IdempotencyOutcomeException) {
            return DEAD_LETTER;
        }
        return POLICY;
    }
}
