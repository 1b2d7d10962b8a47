package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An ability of stores that keep what calls asked for, so that executions that were cut off can be finished without
 * their callers: see {@link IdempotencyStore#unwrap}. A store without it ignores the request of a {@link ClaimRequest}.
 *
 * <ul>
 *   <li>The claim of a free key keeps its {@linkplain ClaimRequest#request() request}. A claim that takes over, or goes
 *       on after a release with steps, keeps the record's; if the record has none, it keeps its own.
 *   <li>The request is dropped when the key is completed, released or forgotten, with one exception: a release that
 *       keeps steps may keep it, too, and nobody sees it until the next claim.
 *   <li>Records with a request are found by an index: the time that takes does not grow with the number of other
 *       records.
 * </ul>
 */
public interface RecoverableRecords {

    /**
     * Lists records of an operation that are abandoned and have a request.
     *
     * @param operation the operation's name
     * @param abandonedFor how long ago their lease ended at least, by the store's clock; zero or more
     * @param after the last record of the page before; null for the first page
     * @param limit how many at most; positive
     * @return one page, in an order that is the same for each page; the last page if it has fewer records than the
     *     limit. A record that is claimed, or ends, meanwhile may be missing
     * @throws IllegalArgumentException if the time is negative, the limit not positive, or the operation no operation's
     *     name
     * @throws IdempotencyStoreException if they could not be read
     */
    List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit);

    /**
     * Reads the request of a record in progress.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @return the request; null if the record has none, is not in progress, or is another by now
     * @throws IdempotencyStoreException if it could not be read
     */
    @Nullable
    RecordedRequest findRequest(IdempotencyKey key, long fencingToken);
}
