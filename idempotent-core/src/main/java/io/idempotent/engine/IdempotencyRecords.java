package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What people do with records that no call can decide about: look at them, and say what became of their operations.
 *
 * <p>Each act presents the fencing token that the record was seen with, and says who decided and why, which listeners are told.
 * It takes effect only if the record is still the one that was seen and nobody holds it; an owner that hangs, and comes back later, can
 * do nothing to it any more. Nothing is run by it.
 *
 * <p>Safe for use by many threads.
 */
public interface IdempotencyRecords {

    /**
     * Looks at a record.
     *
     * @return the record, or null if the key is free
     * @throws IdempotencyStoreException if it could not be read
     */
    @Nullable
    IdempotencyRecord find(IdempotencyKey key);

    /**
     * Looks at the steps that a record has of an execution that was not completed.
     *
     * @return the steps, in no particular order; one without an outcome was begun, and nobody knows whether it was done
     * @throws IdempotencyStoreException if they could not be read
     */
    List<RecordedStep> findSteps(IdempotencyKey key);

    /**
     * Lists records that have no outcome. It may read all records of the store.
     *
     * @param query which, and how many
     * @return one page; the last if it has fewer records than the query's limit
     * @throws IllegalArgumentException if records are kept in several stores, and the query names no operation
     * @throws IdempotencyStoreException if they could not be read
     */
    List<IdempotencyRecord> list(RecordQuery query);

    /**
     * Says that the operation of an abandoned record was done: a value is recorded as its outcome, and replayed.
     *
     * @param key the key
     * @param fencingToken the token that the record was seen with
     * @param value what the operation returned, or would have; null if it returns nothing
     * @param who who says so; not blank
     * @param why for what reason; not blank
     * @return whether it is recorded; false if the record is not abandoned, or is another by now
     * @throws IllegalArgumentException if the operation is not known here, or cannot return that value
     * @throws IdempotencyStoreException if it is not known whether it is recorded: look again
     */
    boolean complete(IdempotencyKey key, long fencingToken, @Nullable Object value, String who, String why);

    /**
     * Says that the operation of an abandoned record was not done: the next call runs it. Steps that are recorded stay so, and one
     * that runs at most once and was begun stays unknown, so that without a reconciler it is refused again: complete or forget the
     * record then.
     *
     * @param key the key
     * @param fencingToken the token that the record was seen with
     * @param who who says so; not blank
     * @param why for what reason; not blank
     * @return whether the key was given back; false if the record is not abandoned, or is another by now
     * @throws IdempotencyStoreException if it is not known whether it was given back: look again
     */
    boolean release(IdempotencyKey key, long fencingToken, String who, String why);

    /**
     * Removes a record that nobody holds, be it abandoned, completed or released, with its steps: the key is free, and the next
     * call runs the operation.
     *
     * @param key the key
     * @param fencingToken the token that the record was seen with
     * @param who who says so; not blank
     * @param why for what reason; not blank
     * @return whether it was removed; false if there is none, it is in progress, or another by now
     * @throws IdempotencyStoreException if it is not known whether it was removed: look again
     */
    boolean forget(IdempotencyKey key, long fencingToken, String who, String why);
}
