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
 * <p>Each act presents the fencing token of the record that was seen, and says who decided and why, which the listeners
 * are told. An act takes effect only if the record is still the same and nobody holds it. An owner that hangs and comes
 * back later can no longer change the record. No act runs an operation.
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
     * Lists records that have no outcome. This may read all records of the store.
     *
     * @param query which records, and how many
     * @return one page; the last page if it has fewer records than the query's limit
     * @throws IllegalArgumentException if several stores keep records, and the query names no operation
     * @throws IdempotencyStoreException if they could not be read
     */
    List<IdempotencyRecord> list(RecordQuery query);

    /**
     * Says that the operation of an abandoned record was done: a value is recorded as its outcome, and replayed.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @param value what the operation returned, or would have; null if it returns nothing
     * @param who who says so; not blank
     * @param why the reason; not blank
     * @return whether the value is recorded; false if the record is not abandoned, or another by now
     * @throws IllegalArgumentException if the operation is not known here, or cannot return that value
     * @throws IdempotencyStoreException if it is not known whether the value is recorded: look again
     */
    boolean complete(IdempotencyKey key, long fencingToken, @Nullable Object value, String who, String why);

    /**
     * Says that the operation of an abandoned record was done, and failed finally: a failure is recorded as its
     * outcome, and replayed.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @param failure what the operation threw, or would have; of a type that the operation declares final
     * @param who who says so; not blank
     * @param why the reason; not blank
     * @return whether the failure is recorded; false if the record is not abandoned, or another by now
     * @throws IllegalArgumentException if the operation is not known here, or does not record that failure
     * @throws IdempotencyStoreException if it is not known whether the failure is recorded: look again
     */
    boolean fail(IdempotencyKey key, long fencingToken, Throwable failure, String who, String why);

    /**
     * Says that the operation of an abandoned record was not done: the next call runs it. Recorded steps stay recorded.
     * A step that runs at most once and was begun stays unknown, and is refused again if it has no reconciler: complete
     * or forget the record then.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @param who who says so; not blank
     * @param why the reason; not blank
     * @return whether the key was given back; false if the record is not abandoned, or another by now
     * @throws IdempotencyStoreException if it is not known whether the key was given back: look again
     */
    boolean release(IdempotencyKey key, long fencingToken, String who, String why);

    /**
     * Removes a record that nobody holds, abandoned, completed or released with steps: the key is free, and the next
     * call runs the operation.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @param who who says so; not blank
     * @param why the reason; not blank
     * @return whether the record was removed; false if there is none, it is in progress, or another by now
     * @throws IdempotencyStoreException if it is not known whether the record was removed: look again
     */
    boolean forget(IdempotencyKey key, long fencingToken, String who, String why);
}
