package io.idempotent.store.jdbc;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLTransientException;
import java.util.Set;

/** What a database's exception says, by its SQLState, or its vendor's code where a state says too little. */
enum SqlFailure {
    /** The statement did nothing, since it would have closed a circle of waiting transactions. */
    DEADLOCK("met a deadlock"),

    /** The statement did nothing, since it came too late for its transaction's view of the data. */
    SERIALIZATION("could not be serialized with others"),

    /** The statement did nothing, since the row is there already, or a constraint forbids it. */
    CONSTRAINT("violated a constraint"),

    /** The statement did nothing, since what it was to write is too large, or of a kind that is not taken. */
    REFUSED("was refused for what it was to write"),

    /** The statement waited for a lock, or ran, longer than it may. */
    TIMEOUT("took too long, or waited too long for a lock"),

    /** The statement did nothing, since nothing may be written where it was to write. */
    READ_ONLY("was refused, since the transaction or the database is read-only"),

    /** The connection could not be had or broke; whether the statement took effect is not known. */
    CONNECTION("lost its connection, or got none"),

    /** Anything else. */
    OTHER("failed");

    private static final Set<Integer> MARIADB_LOCK_TIMEOUTS = Set.of(1205, 1969, 3024, 3572);
    private static final Set<Integer> LOCK_TIMEOUTS = Set.of(1205, 3572, 50200);
    private static final int MARIADB_DEADLOCK = 1213;
    private static final int MARIADB_SNAPSHOT_TOO_OLD = 1020;
    /** A packet that is too large, and rows, tables and disks that cannot take it. */
    private static final Set<Integer> MARIADB_REFUSALS = Set.of(1021, 1114, 1118, 1153, 1301, 1366, 1406);

    /** Of PostgreSQL that the disk is full, and of triggers that they do not allow it. */
    private static final Set<String> STATES_OF_REFUSAL = Set.of("53100", "P0001", "45000");

    private static final Set<Integer> H2_TIMEOUTS = Set.of(50200, 57014);

    private static final String STATE_OF_SERIALIZATION = "40001";

    private static final Set<Integer> READ_ONLY_CODES = Set.of(1290, 1792, 1836, 90097);

    private static final String STATE_OF_READ_ONLY = "25006";

    private static final String STATE_OF_LOCKED = "55P03";

    private static final String STATE_OF_CANCELED = "57014";

    private final String says;

    SqlFailure(String says) {
        this.says = says;
    }

    static SqlFailure of(SQLException thrown) {
        SQLException failure = thrown instanceof BatchUpdateException && thrown.getNextException() != null
                ? thrown.getNextException()
                : thrown;
        String state = failure.getSQLState() == null ? "" : failure.getSQLState();
        int code = failure.getErrorCode();
        if (state.equals("40P01") || code == MARIADB_DEADLOCK) {
            return DEADLOCK;
        }
        if (MARIADB_LOCK_TIMEOUTS.contains(code)
                || H2_TIMEOUTS.contains(code)
                || failure instanceof SQLTimeoutException
                || Set.of(STATE_OF_LOCKED, STATE_OF_CANCELED, "HYT00", "HYT01", "70100")
                        .contains(state)) {
            return TIMEOUT;
        }
        if (state.startsWith("40") || code == MARIADB_SNAPSHOT_TOO_OLD) {
            return SERIALIZATION;
        }
        if (state.equals(STATE_OF_READ_ONLY) || READ_ONLY_CODES.contains(code)) {
            return READ_ONLY;
        }
        if (state.startsWith("23")) {
            return CONSTRAINT;
        }
        if (state.startsWith("22")
                || state.startsWith("54")
                || STATES_OF_REFUSAL.contains(state)
                || MARIADB_REFUSALS.contains(code)
                || failure.getClass().getSimpleName().equals("MaxAllowedPacketException")) {
            return REFUSED;
        }
        if (state.startsWith("08") || state.startsWith("57P") || failure instanceof SQLTransientException) {
            return CONNECTION;
        }
        return OTHER;
    }

    /** A failure that says of a row what a database does that does not wait for its lock. */
    static SQLException locked() {
        return new SQLException("another transaction holds the key", STATE_OF_LOCKED);
    }

    /** A failure that says that others changed the row in between: the same request may succeed. */
    static SQLException changed() {
        return new SQLException("others changed the row in between", STATE_OF_SERIALIZATION);
    }

    /** A failure of a transaction that does not see the row that is in its way. */
    static SQLException unseen() {
        return new SQLException(
                "the transaction does not see the row that is in its way: it was written after the transaction began",
                STATE_OF_SERIALIZATION);
    }

    /** Whether a lock was not to be had in time; not where a statement just ran too long and was canceled. */
    static boolean isLocked(SQLException failure) {
        int code = failure.getErrorCode();
        return STATE_OF_LOCKED.equals(failure.getSQLState())
                || LOCK_TIMEOUTS.contains(code)
                // MySQL's driver, which has no other way to end a wait for a lock, says no more than that.
                || (failure instanceof SQLTimeoutException && code == 0);
    }

    /** Whether the database did nothing and the same request may succeed at once. */
    boolean didNothing() {
        return this == DEADLOCK || this == SERIALIZATION;
    }

    /** Whether the database did nothing and the same request would fail again. */
    boolean isRefusal() {
        return this == REFUSED || this == CONSTRAINT;
    }

    /** Whether a statement that writes may have done so all the same. */
    boolean mayHaveTakenEffect() {
        return this == TIMEOUT || this == CONNECTION || this == OTHER;
    }

    /** Whether asking again soon may help, and does not mean to wait as long once more for a lock or a connection. */
    boolean isTransient(Throwable failure) {
        return didNothing() || (this == CONNECTION && !(failure instanceof SQLTransientConnectionException));
    }

    /** In words that follow "the request". */
    String says() {
        return says;
    }
}
