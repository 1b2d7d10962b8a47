package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RedactedException;
import io.idempotent.store.Backoff;
import io.idempotent.store.RecordForm;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes a store's requests of its database.
 *
 * <ol>
 *   <li>Each request takes a connection of its own, is committed there, and gives the connection back. Whatever is
 *       thrown meanwhile rolls it back. A connection on which that fails is aborted, so that nobody commits it later.
 *   <li>A request that the database undid by itself, as the victim of a deadlock for example, is made again after a
 *       pause. So is one that others' changes made void.
 *   <li>Any other failure is an {@link IdempotencyStoreException}, which says what is known of the effect.
 * </ol>
 *
 * @param dataSource where connections come from
 * @param form makes the failures
 */
record Requests(DataSource dataSource, RecordForm form) {

    private static final int MAXIMUM_TRIES = 100;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(1);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(50);

    /** What is done with a connection. */
    interface Work<T> {
        T with(Connection connection) throws SQLException;
    }

    /** Makes a request that may change something. */
    <T> T write(String request, @Nullable IdempotencyKey key, Work<T> work) {
        return make(request, key, true, work);
    }

    /** Makes a request that changes nothing. */
    <T> T read(String request, @Nullable IdempotencyKey key, Work<T> work) {
        return make(request, key, false, work);
    }

    private <T> T make(String request, @Nullable IdempotencyKey key, boolean writes, Work<T> work) {
        Backoff backoff = Backoff.of(FIRST_PAUSE, LONGEST_PAUSE);
        for (int tries = 1; ; tries++) {
            boolean connected = false;
            try (Connection connection = dataSource.getConnection()) {
                connected = true;
                return connection.getAutoCommit() ? work.with(connection) : committed(connection, work, false);
            } catch (SQLException failure) {
                SqlFailure kind = SqlFailure.of(failure);
                if (!kind.didNothing() || tries == MAXIMUM_TRIES) {
                    throw failed(
                            request, key, "", kind, effect(connected, writes && kind.mayHaveTakenEffect()), failure);
                }
            } catch (IllegalArgumentException refused) {
                throw refused;
            } catch (RuntimeException failure) {
                throw failed(request, key, "", SqlFailure.OTHER, effect(connected, writes), failure);
            }
            LockSupport.parkNanos(backoff.nextNanos());
        }
    }

    /** Makes a request in somebody else's transaction, on its connection. */
    <T> T inTransaction(String request, IdempotencyKey key, Connection connection, Work<T> work) {
        try {
            return work.with(connection);
        } catch (SQLException failure) {
            SqlFailure kind = SqlFailure.of(failure);
            throw failed(request, key, " in a transaction", kind, effect(true, kind.mayHaveTakenEffect()), failure);
        }
    }

    /** Has the request made again if there is no answer, since others were faster. */
    static <T> T elseAgain(@Nullable T answer) throws SQLException {
        if (answer == null) {
            throw SqlFailure.changed();
        }
        return answer;
    }

    /** Does work of several statements, each of which sees what others committed before it began. */
    static <T> T inOneTransaction(Connection connection, Work<T> work) throws SQLException {
        if (!connection.getAutoCommit()) {
            return work.with(connection);
        }
        connection.setAutoCommit(false);
        return committed(connection, work, true);
    }

    private static <T> T committed(Connection connection, Work<T> work, boolean autoCommitAfter) throws SQLException {
        try {
            T answer = work.with(connection);
            connection.commit();
            connection.setAutoCommit(autoCommitAfter);
            return answer;
        } catch (Throwable failure) {
            undo(connection, autoCommitAfter, failure);
            throw failure;
        }
    }

    private static void undo(Connection connection, boolean autoCommitAfter, Throwable failure) {
        try {
            connection.rollback();
            connection.setAutoCommit(autoCommitAfter);
        } catch (SQLException | RuntimeException another) {
            failure.addSuppressed(another);
            abort(connection, failure);
        }
    }

    /** Aborts a connection whose state is not known. To close it would give it back to its pool. */
    private static void abort(Connection connection, Throwable failure) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException | RuntimeException another) {
            failure.addSuppressed(another);
        }
    }

    private static String effect(boolean connected, boolean unknown) {
        if (!connected) {
            return "; nothing was asked of the database. Is it up, and are there connections enough? Where callers in"
                    + " transactions hold them all, give the store connections of its own by"
                    + " idempotent.jdbc.data-source";
        }
        return unknown ? RecordForm.EFFECT_UNKNOWN : "; nothing was changed; see the cause";
    }

    private IdempotencyStoreException failed(
            String request,
            @Nullable IdempotencyKey key,
            String where,
            SqlFailure kind,
            String effect,
            Exception cause) {
        String state = cause instanceof SQLException failure
                ? " (SQLState " + failure.getSQLState() + ", code " + failure.getErrorCode() + ")"
                : "";
        String detail = where + ": it " + kind.says() + state;
        if (kind.isRefusal()) {
            return form.refused(
                    request,
                    key,
                    detail + "; nothing was changed; look at the limits and constraints of database and table",
                    // Databases quote what they refuse.
                    RedactedException.of(cause));
        }
        return form.failed(request, key, detail + effect, cause, kind.isTransient(cause));
    }
}
