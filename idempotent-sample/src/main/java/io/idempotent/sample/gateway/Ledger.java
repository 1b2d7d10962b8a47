package io.idempotent.sample.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The gateway's charges, in memory, and in a file too where they are to outlive the process. Safe for use by many
 * threads.
 */
final class Ledger {

    private static final JsonMapper JSON = new JsonMapper();

    private final ConcurrentMap<String, List<Charge>> charges = new ConcurrentHashMap<>();

    private final @Nullable Path file;

    private final ReentrantLock writing = new ReentrantLock();

    /**
     * Opens a ledger.
     *
     * @param file a line of JSON for each charge; need not exist yet; null for memory only
     * @throws UncheckedIOException if the file cannot be read
     */
    Ledger(@Nullable Path file) {
        this.file = file;
        if (file != null && Files.exists(file)) {
            try {
                Files.readAllLines(file).forEach(line -> remember(JSON.readValue(line, Charge.class)));
            } catch (IOException failure) {
                throw new UncheckedIOException("The payment gateway cannot read its ledger " + file, failure);
            }
        }
    }

    /** Whether the charges outlive the process. */
    boolean isDurable() {
        return file != null;
    }

    /** What was charged for a request, in order. */
    List<Charge> charges(String requestId) {
        return charges.getOrDefault(requestId, List.of());
    }

    /**
     * Adds a charge, which is in the file before this returns.
     *
     * @throws IOException if it cannot be written; the charge is not on the ledger then
     */
    void add(Charge charge) throws IOException {
        if (file != null) {
            writing.lock();
            try {
                // One write for the whole line, so that a process that is killed leaves all of it or nothing.
                Files.writeString(
                        file,
                        JSON.writeValueAsString(charge) + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND,
                        StandardOpenOption.DSYNC);
            } finally {
                writing.unlock();
            }
        }
        remember(charge);
    }

    private void remember(Charge charge) {
        charges.computeIfAbsent(charge.requestId(), id -> new CopyOnWriteArrayList<>())
                .add(charge);
    }
}
