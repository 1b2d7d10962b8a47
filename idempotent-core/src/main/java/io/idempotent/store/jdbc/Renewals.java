package io.idempotent.store.jdbc;

import static io.idempotent.store.jdbc.Statements.Name.FIND_EACH;
import static io.idempotent.store.jdbc.Statements.Name.RENEW;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.TimeLimit;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * How leases are renewed.
 *
 * <ol>
 *   <li>One statement renews up to {@value Statements#MOST_KEYS} leases. It passes over records that somebody locks.
 *   <li>If it did not renew all, a second one reads the records, whether locked or not. A claim that is still held is
 *       undecided, unless the first statement renewed it.
 *   <li>Statements end after a quarter of the lease: one may be late by a tenth of a second. A request is awaited for
 *       three tenths of the lease, whatever the pool's own timeout is; a connection that comes later is given back
 *       unused.
 *   <li>A part of the claims that fails is undecided. If no part was renewed, the renewal fails.
 * </ol>
 *
 * @param requests makes the requests
 * @param statements the store's statements
 * @param form the form of what is written
 * @param strays knows the claims that were made in another database
 * @param limit how long a request is waited for
 */
record Renewals(Requests requests, Statements statements, RecordForm form, StrayClaims strays, TimeLimit limit) {

    /** Renews leases; see {@link io.idempotent.store.IdempotencyStore#renew}. */
    RenewalResult renew(Collection<Claim> claims, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        long begin = System.nanoTime();
        long nanos = TimeUnit.NANOSECONDS.convert(lease);
        long deadline = begin + Math.min(statements.timeoutNanos(), nanos / 4);
        List<Claim> all = List.copyOf(claims);
        Set<Claim> renewed = new HashSet<>();
        Set<Claim> undecided = new HashSet<>();
        Map<Claim, String> elsewhere = new HashMap<>();
        IdempotencyStoreException failure = null;
        for (int first = 0; first < all.size(); first += Statements.MOST_KEYS) {
            List<Claim> part = all.subList(first, Math.min(all.size(), first + Statements.MOST_KEYS));
            Duration left = Duration.ofNanos(Math.max(0, begin + nanos / 10 * 3 - System.nanoTime()));
            String request = "renew " + all.size() + " leases";
            try {
                Answer answer = limit.call(
                        left,
                        () -> requests.write(request, null, connection -> renew(connection, part, lease, deadline)));
                renewed.addAll(answer.renewed());
                undecided.addAll(answer.undecided());
                elsewhere.putAll(answer.elsewhere());
            } catch (Exception failed) {
                // What other parts renewed is renewed all the same.
                failure = failed instanceof IdempotencyStoreException known
                        ? known
                        : form.failed(
                                request,
                                null,
                                " within a third of their time" + RecordForm.EFFECT_UNKNOWN
                                        + ". Are there connections enough? Where callers in transactions hold them all,"
                                        + " give the store connections of its own by idempotent.jdbc.data-source",
                                failed,
                                false);
                undecided.addAll(part);
            }
        }
        if (renewed.isEmpty() && failure != null) {
            throw failure;
        }
        if (renewed.isEmpty() && !elsewhere.isEmpty()) {
            throw new IdempotencyStoreException(
                    elsewhere.values().iterator().next(),
                    null,
                    new SQLException("no such claim in this database"),
                    false);
        }
        // Not lost: nobody has asked where they were made.
        elsewhere.forEach(strays::tellMissing);
        undecided.addAll(elsewhere.keySet());
        return new RenewalResult(renewed, undecided);
    }

    /**
     * What became of some claims; those that are in none of these are lost.
     *
     * @param elsewhere those that were made in another database, and what is to be said of each
     */
    private record Answer(Collection<Claim> renewed, Collection<Claim> undecided, Map<Claim, String> elsewhere) {}

    private Answer renew(Connection connection, List<Claim> claims, Duration lease, long deadline) throws SQLException {
        List<byte[]> keys = claims.stream().map(claim -> Row.bytes(claim.key())).toList();
        long begin = System.nanoTime();
        try (Sql.Call call = statements.on(connection, RENEW, claims.size(), left(deadline))) {
            int count = call.setEach("key", keys)
                    .setEach("heldKey", keys)
                    .setEach(
                            "claimId",
                            claims.stream().map(claim -> Row.bytes(claim.id())).toList())
                    .setEach("token", claims.stream().map(Claim::fencingToken).toList())
                    .set("lease", form.microseconds(lease))
                    .update();
            if (count == claims.size()) {
                return new Answer(claims, List.of(), Map.of());
            }
        }
        Map<Claim, Row> held = new HashMap<>();
        try (Sql.Call call = statements.on(connection, FIND_EACH, claims.size(), left(deadline))) {
            ResultSet result = call.setEach("key", keys).query();
            while (result.next()) {
                Row row = Row.read(result, result.getLong("store_time"));
                if (row.isInProgress()) {
                    held.put(row.claim(Row.key(result)), row);
                }
            }
        }
        // A lease that lasts so long was renewed in between.
        long lasts = form.microseconds(lease) - TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin);
        Answer answer = new Answer(new HashSet<>(), new HashSet<>(), new HashMap<>());
        for (Claim claim : claims) {
            Row row = held.get(claim);
            String missing = row == null ? strays.missing(connection, claim) : null;
            if (missing != null) {
                answer.elsewhere().put(claim, missing);
            } else if (row != null) {
                (row.leaseEndsAt() - row.now() >= lasts ? answer.renewed() : answer.undecided()).add(claim);
            }
        }
        return answer;
    }

    /** How long there is until then, in nanoseconds. */
    private static long left(long deadline) throws SQLException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new SQLTimeoutException("no time is left for it");
        }
        return left;
    }
}
