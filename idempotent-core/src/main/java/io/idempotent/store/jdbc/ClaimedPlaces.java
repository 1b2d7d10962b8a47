package io.idempotent.store.jdbc;

import io.idempotent.store.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * In which databases the claims of this store were made, by their URLs, which drivers know without asking. All should
 * be in the one that the store was made on; only those that are not are remembered, until they end.
 *
 * <p>Safe for use by many threads.
 */
final class ClaimedPlaces {

    // More than a node runs at a time; what never ends is forgotten then.
    private static final int MOST_CLAIMS = 10_000;

    private final String home;
    private final BiConsumer<String, Throwable> errorHandler;
    private final Map<UUID, String> elsewhere = new ConcurrentHashMap<>();
    private final AtomicBoolean told = new AtomicBoolean();
    private final Set<UUID> toldMissing = ConcurrentHashMap.newKeySet();

    /**
     * Makes it for a store.
     *
     * @param home the URL of the database that the store was made on
     * @param errorHandler is told, once, when a claim is made in another
     */
    ClaimedPlaces(String home, BiConsumer<String, Throwable> errorHandler) {
        this.home = home;
        this.errorHandler = errorHandler;
    }

    /** The URL of a connection's database; empty if its driver does not say. */
    static String url(Connection connection) throws SQLException {
        String url = connection.getMetaData().getURL();
        return url == null ? "" : url;
    }

    /** A claim is made on this connection. */
    void claims(Connection connection, UUID claimId) throws SQLException {
        String url = url(connection);
        if (url.equals(home)) {
            return;
        }
        if (elsewhere.size() >= MOST_CLAIMS) {
            elsewhere.clear();
            toldMissing.clear();
        }
        elsewhere.put(claimId, url);
        if (told.compareAndSet(false, true)) {
            tell("The JDBC idempotency store was made on the database " + shown(home) + ", and now claims keys in "
                    + shown(url) + ": if its DataSource leads each thread to a database of its own, leases are not"
                    + " renewed, records are not purged, and methods run twice. " + RoutingDataSources.ACTION);
        }
    }

    private void tell(String message) {
        try {
            errorHandler.accept(message, new IllegalStateException("Told once"));
        } catch (RuntimeException | Error unreported) {
            // The claim is made all the same; its renewals say so again.
        }
    }

    /** The claim has ended. */
    void ended(Claim claim) {
        if (!elsewhere.isEmpty()) {
            elsewhere.remove(claim.id());
            toldMissing.remove(claim.id());
        }
    }

    /** A claim was asked for in another database than it was made in; told once. */
    void tellMissing(Claim claim, String message) {
        if (toldMissing.add(claim.id())) {
            tell(message);
        }
    }

    /** What is to be said of a claim that was not found on this connection; nothing if it was made in this database. */
    Optional<String> missing(Connection connection, Claim claim) throws SQLException {
        String made = elsewhere.getOrDefault(claim.id(), home);
        String asked = url(connection);
        return made.equals(asked)
                ? Optional.empty()
                : Optional.of("The lease of idempotency key '" + claim.key() + "' was to be renewed in the database "
                        + shown(asked) + ", and was claimed in " + shown(made)
                        + ": the store's DataSource leads each thread to a database of its own, so that the lease runs"
                        + " out and the method may run twice. " + RoutingDataSources.ACTION);
    }

    /** Without what may be secret. */
    static String shown(String url) {
        return url.replaceFirst("[?;].*", "").replaceFirst("//[^/@]*@", "//");
    }
}
