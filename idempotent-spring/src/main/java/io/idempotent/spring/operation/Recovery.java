package io.idempotent.spring.operation;

import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How abandoned executions of one operation are finished without their callers. Safe for use by many threads. */
public interface Recovery {

    /** Returns how long ago a lease ended at least, by the store's clock, before its record is recovered. */
    Duration after();

    /** Returns how many take-overs a record may have; one that has so many is left for a person. */
    int maxTakeovers();

    /** What became of an attempt to recover a record. */
    enum Result {
        /** The record is completed, by this attempt or by somebody else meanwhile. */
        FINISHED,
        /** Somebody else has taken the record over, or given its key back. */
        TAKEN,
        /** The record was taken over, and is abandoned again or released. */
        NOT_FINISHED
    }

    /**
     * Calls the operation with what the record's first claim recorded, on this thread, and waits for its end. What the
     * operation throws is told to the listeners and the log as it is for any call. If this thread is interrupted while
     * it waits for a method that ends later, that goes on, and is not finished as far as this call knows.
     *
     * @param record the abandoned record, as it was seen
     * @param request what its first claim recorded
     * @return what became of it
     * @throws UnreadableRequestException if what was recorded cannot be read any more; nothing was called
     * @throws io.idempotent.IdempotencyStoreException if the store cannot tell what became of it
     */
    Result recover(IdempotencyRecord record, RecordedRequest request);

    /** What a call asked for was recorded, and cannot be read any more. Its message shows nothing of it. */
    final class UnreadableRequestException extends RuntimeException {

        private static final long serialVersionUID = 1;

        /**
         * Makes the exception.
         *
         * @param problem why, in words that show nothing of what was recorded
         * @param cause what failed, with a message that shows nothing of it either; null if nothing did
         */
        public UnreadableRequestException(String problem, @Nullable Throwable cause) {
            super(problem, cause);
        }
    }
}
