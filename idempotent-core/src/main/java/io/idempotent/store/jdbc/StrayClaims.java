package io.idempotent.store.jdbc;

import io.idempotent.store.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a store that were made in another database than its own. There are none unless the data source leads
 * each thread to a database of its own. Databases are told apart by their {@linkplain Place#url URLs}, which drivers
 * know without asking. A claim is remembered until it ends.
 *
 * <p>Safe for use by many threads.
 */
final class StrayClaims {

    // More than a node runs at a time; what never ends is forgotten then.
    private static final int MOST_CLAIMS = 10_000;

    private final String home;
    private final BiConsumer<String, Throwable> errorHandler;
    private final Map<UUID, String> databases = new ConcurrentHashMap<>();
    private final AtomicBoolean told = new AtomicBoolean();
    private final Set<UUID> toldMissing = ConcurrentHashMap.newKeySet();

    /**
     * Makes it for a store.
     *
     * @param home the URL of the database that the store was made on
     * @param errorHandler is told, once, when a claim is made in another
     */
    StrayClaims(String home, BiConsumer<String, Throwable> errorHandler) {
        this.home = home;
        this.errorHandler = errorHandler;
    }

    /** A claim is made on this connection. */
    void claimed(Connection connection, UUID claimId) throws SQLException {
        String database = Place.url(connection);
        if (database.equals(home)) {
            return;
        }
        if (databases.size() >= MOST_CLAIMS) {
            databases.clear();
            toldMissing.clear();
        }
        databases.put(claimId, database);
        if (told.compareAndSet(false, true)) {
            tell("The JDBC idempotency store was made on the database " + home + ", and now claims keys in " + database
                    + ": if its DataSource leads each thread to a database of its own, leases are not renewed, records"
                    + " are not purged, and methods run twice. " + RoutingDataSources.ACTION);
        }
    }

    /** The claim has ended. */
    void ended(Claim claim) {
        if (!databases.isEmpty()) {
            databases.remove(claim.id());
            toldMissing.remove(claim.id());
        }
    }

    /** What is to be said of a claim that was not found on this connection; null if it was made in this database. */
    @Nullable
    String missing(Connection connection, Claim claim) throws SQLException {
        String made = databases.getOrDefault(claim.id(), home);
        String asked = Place.url(connection);
        return made.equals(asked)
                ? null
                : "The lease of idempotency key '" + claim.key() + "' was to be renewed in the database " + asked
                        + ", and was claimed in " + made + ": the store's DataSource leads each thread to a database of"
                        + " its own, so that the lease runs out and the method may run twice. "
                        + RoutingDataSources.ACTION;
    }

    /** Tells, once for each claim, that it was asked for in another database than it was made in. */
    void tellMissing(Claim claim, String message) {
        if (toldMissing.add(claim.id())) {
            tell(message);
        }
    }

    private void tell(String message) {
        try {
            errorHandler.accept(message, new IllegalStateException("Told once"));
        } catch (RuntimeException | Error unreported) {
            // The claim is made all the same; its renewals say so again.
        }
    }
}
