package io.idempotent.store.jdbc;

import static io.idempotent.store.jdbc.Statements.Name.DELETE_EACH;
import static io.idempotent.store.jdbc.Statements.Name.DELETE_STEPS;
import static io.idempotent.store.jdbc.Statements.Name.FIND_DUE;
import static io.idempotent.store.jdbc.Statements.Name.LOCK_DUE;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * How records are purged whose retention has been over for a while. It waits for no lock, of a record or of a step.
 *
 * <ol>
 *   <li>The steps of due records are deleted, but those that somebody locks.
 *   <li>In one transaction, due records that have no steps are locked, but those that somebody locks already; and then
 *       deleted. To delete a record with a locked step would wait for that lock.
 *   <li>Databases keep what was deleted in their indexes for a time. So after a full batch the next one begins where
 *       that began, and reads again no more than that one. What was locked is looked at after the last.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
final class Purge {

    private static final long GRACE = 2 * Claiming.LONGEST_CLAIM;

    private final Requests requests;
    private final Statements statements;

    /** The end of retention where the last full batch began; zero after the last batch. */
    private volatile long begin;

    Purge(Requests requests, Statements statements) {
        this.requests = requests;
        this.statements = statements;
    }

    /** Removes so many records at most, and returns how many it removed. */
    int purge(int atMost) {
        long due = requests.read("purge", null, this::due);
        long from = begin;
        long oldest = 0;
        int removed = 0;
        int steps;
        int records;
        do {
            int wanted = atMost - removed;
            // Each is made again by itself after a deadlock, and what the others removed is counted once.
            steps = requests.write("purge", null, connection -> deleteSteps(connection, from, due, atMost));
            Batch batch = requests.write(
                    "purge",
                    null,
                    connection -> Requests.inOneTransaction(connection, same -> purge(same, from, due, wanted)));
            oldest = removed == 0 ? batch.oldest() : oldest;
            records = batch.records();
            removed += records;
            // Records with locked steps may have kept the steps of others from being deleted: they come first.
        } while (steps > 0 && records > 0 && removed < atMost);
        begin = removed < atMost ? 0 : oldest;
        return removed;
    }

    /** Returns a number of its own: databases cannot look for what their clocks say anew for each row. */
    private long due(Connection connection) throws SQLException {
        try (Sql.Call call = statements.on(connection, FIND_DUE)) {
            ResultSet result = call.set("grace", GRACE).query();
            result.next();
            return result.getLong(1);
        }
    }

    private int deleteSteps(Connection connection, long from, long due, int atMost) throws SQLException {
        try (Sql.Call call = statements.on(connection, DELETE_STEPS)) {
            return call.set("from", from).set("due", due).set("atMost", atMost).update();
        }
    }

    /**
     * What was removed.
     *
     * @param records how many records
     * @param oldest the end of retention of the first
     */
    private record Batch(int records, long oldest) {}

    private Batch purge(Connection connection, long from, long due, int atMost) throws SQLException {
        List<byte[]> keys = new ArrayList<>();
        long oldest = 0;
        try (Sql.Call call = statements.on(connection, LOCK_DUE)) {
            ResultSet result =
                    call.set("from", from).set("due", due).set("atMost", atMost).query();
            while (result.next()) {
                oldest = keys.isEmpty() ? result.getLong("retained_until") : oldest;
                keys.add(result.getBytes("record_key"));
            }
        }
        int removed = 0;
        for (int first = 0; first < keys.size(); first += Statements.MOST_KEYS) {
            List<byte[]> part = keys.subList(first, Math.min(keys.size(), first + Statements.MOST_KEYS));
            try (Sql.Call call = statements.on(connection, DELETE_EACH, part.size(), statements.timeoutNanos())) {
                removed += call.setEach("key", part).update();
            }
        }
        return new Batch(removed, oldest);
    }
}
