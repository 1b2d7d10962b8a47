package io.idempotent.kill.order;

import io.idempotent.kill.Jvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The test's end of the {@link LedgerProgram ledger}, which runs until it is closed. */
public final class LedgerProcess implements AutoCloseable {

    private final Path file;
    private final Process process;
    private final String port;

    /**
     * Starts it.
     *
     * @param directory for its file and what it says of errors; empty
     */
    public LedgerProcess(Path directory) throws IOException {
        file = directory.resolve("ledger");
        process = Jvm.start(LedgerProgram.class, List.of(file.toString()), directory.resolve("ledger.errors"));
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            port = String.valueOf(output.readLine());
        }
    }

    /** Where it listens, for a node's {@link Ledger}. */
    public String port() {
        return port;
    }

    /** Returns what was done for orders that were asked for, in order. */
    public List<Effect> effects() throws IOException {
        return Effect.read(file).stream().filter(effect -> effect.order() >= 0).toList();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        var unused = process.onExit().join();
    }
}
