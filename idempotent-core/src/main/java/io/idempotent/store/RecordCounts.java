package io.idempotent.store;

import io.idempotent.IdempotencyStoreException;
import java.time.Duration;

/**
 * An ability of stores that can count the records that have no outcome without reading all others: see {@link
 * IdempotencyStore#unwrap}. A store that would have to read them all does not have it.
 */
public interface RecordCounts {

    /**
     * Counts the records that are in progress. Takes as long as there are such records, however many are completed.
     *
     * @return how many there are now
     * @throws IdempotencyStoreException if they could not be counted
     */
    InProgress countInProgress();

    /**
     * The records that are in progress, at one moment.
     *
     * @param live how many have an owner
     * @param abandoned how many have a lease that is over
     * @param oldest how long ago the first of them was last claimed; zero if there are none
     */
    record InProgress(long live, long abandoned, Duration oldest) {}
}
