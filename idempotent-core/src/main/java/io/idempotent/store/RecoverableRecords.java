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
 *   <li>The claim of a free key keeps its {@linkplain ClaimRequest#request() request}, and nothing of an earlier life
 *       of the key. A claim that takes over, or goes on after a release with steps, keeps the record's request; if the
 *       record has none, it keeps its own. So does a {@linkplain IdempotencyStore#takeOver take-over} of the record
 *       that was seen, which brings none.
 *   <li>A request is kept in the same moment as its claim, byte for byte. An empty one is a request, too.
 *   <li>Renewing, abandoning and recording a step leave the request as it is.
 *   <li>The request is dropped in the same moment in which the key is completed, released or forgotten. A release that
 *       keeps steps keeps the request for the next claim; nobody can read it until then.
 *   <li>Records with a request are found by an index: how long that takes depends on how many records are in progress,
 *       and not on how many have ended. No record with a request is missing in it, whatever crashes
 *       when, as long as the store keeps what it acknowledged.
 * </ul>
 */
public interface RecoverableRecords {

    /**
     * Lists records of an operation that are abandoned and have a request. Reads no request.
     *
     * @param operation the operation's name
     * @param abandonedFor how long ago their lease ended at least, by the store's clock; zero or more
     * @param after the last record of the page before, which may be gone meanwhile; null for the first page
     * @param limit how many at most; positive
     * @return one page, in an order of keys that is the same for each page; the last page if it has fewer records than
     *     the limit. A record that is claimed, or ends, meanwhile may be missing
     * @throws IllegalArgumentException if the time is negative, the limit not positive, or the operation no operation's
     *     name
     * @throws IdempotencyStoreException if they could not be read
     */
    List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit);

    /**
     * Reads the request of a record in progress, live or abandoned.
     *
     * @param key the key
     * @param fencingToken the token of the record that was seen
     * @return the request; null if the record has none, is not in progress, or has another token by now
     * @throws IdempotencyStoreException if it could not be read
     */
    @Nullable
    RecordedRequest findRequest(IdempotencyKey key, long fencingToken);
}
