package io.idempotent.kill.order;

import io.idempotent.kill.Journal;
import io.idempotent.kill.Jvm;
import io.idempotent.kill.Kill;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A JVM that is told what to do by its standard input, and tells what happens by its standard output. */
public final class NodeProcess {

    private final Path errors;
    private final Process process;
    private final OutputStream commands;
    private final BufferedReader lines;

    /**
     * Starts it.
     *
     * @param program what it runs
     * @param arguments what the program is given
     * @param errors where its standard error is added
     */
    public NodeProcess(Class<?> program, List<String> arguments, Path errors) {
        this.errors = errors;
        this.process = Jvm.start(program, arguments, errors);
        this.commands = process.getOutputStream();
        this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Tells it what to do. */
    public void say(String command) throws IOException {
        commands.write((command + "\n").getBytes(StandardCharsets.UTF_8));
        commands.flush();
    }

    /** Returns what the node tells next; null at its end. */
    public @Nullable Told hear() throws IOException {
        String line = lines.readLine();
        return line == null ? null : Told.parse(line);
    }

    /** Returns the failure of a test whose node has ended before anybody killed it. */
    public IllegalStateException endedByItself() throws IOException {
        return new IllegalStateException("A node ended by itself: " + Files.readString(errors));
    }

    /** Kills it with SIGKILL, and waits until it is dead. What it told before can still be heard. */
    public Kill kill() throws InterruptedException {
        long before = Journal.now();
        // The handle's kill, since the process' own closes the pipe in which the node's last words are.
        process.toHandle().destroyForcibly();
        process.waitFor();
        return new Kill(process.pid(), before, Journal.now());
    }

    /** Ends it with the test. */
    public void destroy() {
        process.destroyForcibly();
    }
}
