package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one record per idempotency key, and gives the right to run to one claimant at a time.
 *
 * <h2>The state machine</h2>
 *
 * <p>A key is <i>free</i>, <i>in progress</i>, <i>completed</i> or <i>released with steps</i>. What is in progress is
 * <i>abandoned</i> once its lease is over; what is completed, or released with steps, is <i>expired</i>, and counts as
 * free, once its retention is over, whether or not it has been purged. Both are found by comparing times when the key
 * is next asked for. Nothing of a record, steps least of all, passes to what a key is claimed for after it was free.
 *
 * <table>
 * <caption>What each method does and answers</caption>
 * <thead>
 * <tr><th></th><th>free or expired</th><th>in progress, mine</th><th>in progress, another's, live</th>
 *     <th>abandoned</th><th>completed</th><th>released with steps</th></tr>
 * </thead>
 * <tbody>
 * <tr><th>{@code claim}</th><td>{@code Claimed}</td><td>{@code Claimed}, the same token; the lease is as it
 *     was</td><td>{@code InProgress}</td><td>{@code Claimed} with one more take-over, a higher token, the steps and the
 *     first claim's time, if the request may take over and its fingerprint matches the record's; else {@code
 *     Abandoned}, nothing changed</td><td>{@code Completed}</td><td>{@code Claimed} with no take-over, a higher token,
 *     the steps and the first claim's time, if its fingerprint matches the record's; else {@code Abandoned}, nothing
 *     changed</td></tr>
 * <tr><th>{@code takeOver}</th><td>null</td><td>the claim</td><td>null</td><td>as {@code claim}, whatever the
 *     fingerprint, if the token is the record's; else null</td><td>null</td><td>null</td></tr>
 * <tr><th>{@code renew}</th><td>false</td><td>true</td><td>false</td><td>true if still mine</td><td>false</td>
 *     <td>false</td></tr>
 * <tr><th>{@code recordStep}</th><td>false</td><td>true</td><td>false</td><td>true if still mine</td><td>false</td>
 *     <td>false</td></tr>
 * <tr><th>{@code complete}</th><td>false</td><td>true</td><td>false</td><td>true if still mine</td><td>true if it was
 *     this claim that completed; the record stays as it is</td><td>false</td></tr>
 * <tr><th>{@code release}</th><td>false, or true where
 *     the store still knows that this claim released it</td><td>true</td>
 *     <td>false</td><td>true if still mine</td><td>false</td><td>false, or true where the store still knows that this
 *     claim released it</td></tr>
 * <tr><th>{@code abandon}</th><td>false</td><td>true</td><td>false</td><td>true if still mine</td><td>false</td>
 *     <td>false</td></tr>
 * <tr><th>{@code find}</th><td>null</td><td>the record</td><td>the record</td><td>the record</td><td>the
 *     record</td><td>the record</td></tr>
 * <tr><th>{@code forget}</th><td>false</td><td>false</td><td>false</td><td>true if the token is the
 *     record's</td><td>true if the token is the record's</td><td>true if the token is the record's</td></tr>
 * </tbody>
 * </table>
 *
 * <p><i>Mine</i> means that key, claim id and fencing token are those of the record's last claim; in {@code claim},
 * that key and claim id are. A claim that is mine and whose lease is over is abandoned in the table above, except that
 * {@code claim} and {@code takeOver} with its own claim id are then a take-over like any other.
 *
 * <h2>What every store promises</h2>
 *
 * <ul>
 *   <li>Each method is atomic: it takes effect at one moment, for all threads, JVMs and machines that use the store.
 *   <li>Fencing: a claim's token is {@code max(the key's last token + 1, the store's clock in microseconds)}. It grows
 *       with every claim of a key, and does not restart after expiry, purge, release or forget. Every write presents
 *       its claim; one that is not the key's last is refused and changes nothing.
 *   <li>A request whose answer was lost can be made again: {@code claim} and {@code takeOver} with the same
 *       claim id, {@code recordStep} and {@code complete} with the same claim get the same answer as before.
 *   <li>Time is the store's own, never the caller's. The lease is compared, not an expiry: a record in progress stays
 *       until it is completed, released, or forgotten after its lease.
 *   <li>Steps cost those who record none nothing.
 *   <li>Keys are compared char by char: no collation and no case folding.
 *   <li>Answers are values. An {@link IdempotencyStoreException}, always with a cause, means that it is not known
 *       whether the request took effect, and says {@linkplain IdempotencyStoreException#isTransient() whether asking
 *       again may help}; a store throws nothing else, but for arguments that cannot be.
 *   <li>A store knows no policy: it does not wait, hash, evaluate, encode, or try again on its own, except where its
 *       backend says that it did nothing.
 *   <li>Safe for use by many threads.
 * </ul>
 *
 * <p>The test {@code IdempotencyStoreContract} in this module's test-jar checks all of it for any store.
 */
public interface IdempotencyStore {

    /**
     * Claims a key, or tells why not.
     *
     * @throws IdempotencyStoreException if it is not known whether the key was claimed
     */
    ClaimResult claim(ClaimRequest request);

    /**
     * Makes the leases of claims end after the given time from now, by one request for all. Answers or fails within a
     * third of the lease. Waits for no lock: a record that somebody else locks, from a console for example, costs the
     * other claims nothing, and its claim is undecided. No claim is undecided where nobody can lock records, as in
     * Redis or in this JVM's memory.
     *
     * @param claims the claims, of different keys
     * @param lease how long they are to be valid from now; positive
     * @return the claims that are still held and were renewed, and those that are undecided
     * @throws IllegalArgumentException if the lease is not positive
     * @throws IdempotencyStoreException if it is not known which of them were renewed
     */
    RenewalResult renew(Collection<Claim> claims, Duration lease);

    /**
     * Records the outcome.
     *
     * @param claim the claim that ran
     * @param outcome what is to be replayed
     * @param retention how long, from now; positive
     * @return whether this claim's outcome is recorded; false if the claim was no longer the key's
     * @throws IllegalArgumentException if the retention is not positive
     * @throws IdempotencyStoreException if it is not known whether the outcome was recorded
     */
    boolean complete(Claim claim, RecordedOutcome outcome, Duration retention);

    /**
     * Records a step of the execution: that it was begun, or what it produced. It takes the place of what was recorded
     * under its name before, if that was only begun; a step with an outcome keeps it.
     *
     * @param claim the claim that runs
     * @param step the step
     * @return whether the step is recorded; false if the claim was no longer the key's
     * @throws IdempotencyStoreException if it is not known whether the step was recorded
     */
    boolean recordStep(Claim claim, RecordedStep step);

    /**
     * Gives the key back unanswered: it is free again, and nothing of its steps is kept.
     *
     * @return whether it was given back; false if the claim was no longer the key's
     * @throws IdempotencyStoreException if it is not known whether it was given back
     */
    boolean release(Claim claim);

    /**
     * Gives the key back unanswered, and keeps its steps for the next claim. Without any, it is free again.
     *
     * @param claim the claim that ran
     * @param stepRetention how long the steps are kept, from now; positive
     * @return whether it was given back; false if the claim was no longer the key's
     * @throws IllegalArgumentException if the retention is not positive
     * @throws IdempotencyStoreException if it is not known whether it was given back
     */
    boolean release(Claim claim, Duration stepRetention);

    /**
     * Ends the claim's lease now and keeps everything else: what the claim did is not known.
     *
     * @return whether it was abandoned; false if the claim was no longer the key's
     * @throws IdempotencyStoreException if it is not known whether it was abandoned
     */
    boolean abandon(Claim claim);

    /**
     * Reads a key's record.
     *
     * @return the record, or null if the key is free or its record has expired
     * @throws IdempotencyStoreException if it could not be read
     */
    @Nullable
    IdempotencyRecord find(IdempotencyKey key);

    /**
     * Reads what was recorded of the steps of a key's record, in no particular order.
     *
     * @return the steps; none if the key is free, its record has expired or is completed
     * @throws IdempotencyStoreException if they could not be read
     */
    List<RecordedStep> findSteps(IdempotencyKey key);

    /**
     * Lists records that have no outcome, for people who ask now and then. It may read all records.
     *
     * @param query which, and how many
     * @return one page, in an order that is the same for each page; the last page if it has fewer records than the
     *     limit. A record that is claimed, or ends, meanwhile may be missing
     * @throws IdempotencyStoreException if they could not be read
     */
    List<IdempotencyRecord> list(RecordQuery query);

    /**
     * Claims an abandoned key for somebody who has found out what became of it, whatever its request said. The record
     * is theirs to complete or release, and its last owner can do neither any more.
     *
     * @param key the key
     * @param expectedToken the fencing token that the record was seen with
     * @param claimId made by the claimant, random
     * @param lease how long the claim is valid; positive
     * @return the claim; null if there is no record, it is not abandoned, or its token is another
     * @throws IllegalArgumentException if the lease is not positive
     * @throws IdempotencyStoreException if it is not known whether the key was claimed
     */
    ClaimResult.@Nullable Claimed takeOver(IdempotencyKey key, long expectedToken, UUID claimId, Duration lease);

    /**
     * Removes the record of a key, completed, abandoned or released with steps, so that the key is free. A live one is
     * left alone.
     *
     * @param key the key
     * @param expectedToken the fencing token that the record was seen with
     * @return whether the record was removed; false if there is none, it is live, or its token is another
     * @throws IdempotencyStoreException if it is not known whether it was removed
     */
    boolean forget(IdempotencyKey key, long expectedToken);

    /**
     * Whether this store keeps the very objects that it is given, fingerprints by content and outcomes by reference,
     * and so serves one JVM only. Never changes. Defaults to false.
     */
    default boolean keepsReferences() {
        return false;
    }

    /**
     * Gives a further ability of this store, or of the store behind it: {@link TransactionalCompletion}, {@link
     * TransactionalIdempotencyStore}, {@link NearbyOutcomes}, {@link RecordCounts}, {@link
     * RecoverableRecords}, or a class of store. Whoever needs an ability asks for it here, and never by {@code
     * instanceof}. The answer never changes.
     *
     * <p>A store that decorates another one asks that one for what it does not have itself, as {@link
     * ForwardingIdempotencyStore} does.
     *
     * @param ability the type of the ability
     * @return the ability; null if neither this store nor one behind it has it
     */
    default <T> @Nullable T unwrap(Class<T> ability) {
        return ability.isInstance(this) ? ability.cast(this) : null;
    }
}
