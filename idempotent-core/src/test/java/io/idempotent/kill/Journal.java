package io.idempotent.kill;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * What a JVM has seen, line by line in a file: each line is there before the next thing happens, and outlives the JVM.
 * Safe for use by many threads.
 */
public final class Journal implements AutoCloseable {

    /** What can happen. */
    public enum Event {
        /** A client wants an answer. */
        ASKED,
        /** The store granted a claim; the token is its own time. */
        CLAIMED,
        /** The store renewed a claim's lease; the time is from before the request. */
        RENEWED,
        /** The store recorded the outcome. */
        COMPLETED,
        /** The store took the key back unanswered; the time is from before the request. */
        RELEASED,
        /** The store refused a claim: it is another's by now. */
        LOST,
        /** The client has its answer. */
        ANSWERED
    }

    /**
     * A line.
     *
     * @param process the JVM's process id
     * @param event what happened
     * @param key to which key
     * @param token the claim's fencing token, or 0
     * @param at when, in microseconds of this machine's clock, which is the store's as well
     * @param answer the receipt, or {@code -}
     */
    public record Entry(long process, Event event, String key, long token, long at, String answer) {}

    private final OutputStream file;
    private final long process = ProcessHandle.current().pid();

    Journal(Path file) {
        try {
            this.file = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The present, in microseconds of this machine's clock. */
    public static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /** Writes down what happened to a claim. */
    public void write(Event event, String key, long token, long at) {
        write(event, key, token, at, "-");
    }

    void write(Event event, String key, long token, long at, String answer) {
        // One write of the system, so that a line is there whole or not at all, whenever the JVM is killed.
        byte[] line = (process + " " + event + " " + key + " " + token + " " + at + " " + answer + "\n")
                .getBytes(StandardCharsets.UTF_8);
        try {
            file.write(line);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static List<Entry> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file).stream()
                .map(line -> line.split(" ", -1))
                .map(parts -> new Entry(
                        Long.parseLong(parts[0]),
                        Event.valueOf(parts[1]),
                        parts[2],
                        Long.parseLong(parts[3]),
                        Long.parseLong(parts[4]),
                        parts[5]))
                .toList();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
