package io.idempotent.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A server's folder: for what it needs while this JVM runs, named by the JVM's process id, so that the next JVM can
 * stop and remove what one that was killed has left behind; or for data that outlive the JVM, with a lock that does
 * not.
 */
final class ServerDirectory {

    /** Where the build has put the binaries, and where they are unpacked: once for all JVMs. */
    static final Path ROOT =
            Path.of(System.getProperty("servers.directory", "target/servers")).toAbsolutePath();

    private static final String PROCESS_ID = "server.pid";
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(10);

    private ServerDirectory() {}

    /** Makes an empty folder for this JVM's server of that name. */
    static Path create(String server) throws IOException {
        Path parent = Files.createDirectories(ROOT.resolve(server).resolve("running"));
        try (Stream<Path> directories = Files.list(parent)) {
            directories.filter(ServerDirectory::isLeftBehind).forEach(ServerDirectory::cleanUp);
        }
        return Files.createDirectory(
                parent.resolve(Long.toString(ProcessHandle.current().pid())));
    }

    /** Where the server has to write its process id. */
    static Path processId(Path directory) {
        return directory.resolve(PROCESS_ID);
    }

    /** The end of a log, for a message. */
    static String tail(Path log) throws IOException {
        if (!Files.exists(log)) {
            return "it has not written a log";
        }
        List<String> lines = Files.readAllLines(log);
        return String.join(System.lineSeparator(), lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /**
     * Takes a folder whose data are kept, and stops the server that a JVM that was killed has left running on them. The
     * folder is this JVM's until the lock is closed.
     *
     * @param processId where the server writes its process id, in that folder
     * @throws IOException if another server has the folder
     */
    static FileChannel take(Path directory, Path processId) throws IOException {
        Files.createDirectories(directory);
        FileChannel lock = FileChannel.open(
                directory.resolveSibling(directory.getFileName() + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        try {
            if (lock.tryLock() == null) {
                throw new IOException("another JVM has a server running on the data in " + directory);
            }
            // The lock ends with the JVM that held it; what still runs there has lost its owner.
            stop(processId, PATIENCE);
            return lock;
        } catch (OverlappingFileLockException failure) {
            lock.close();
            throw new IOException("this JVM has a server running on the data in " + directory, failure);
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw failure;
        }
    }

    /** Stops the server that has written its process id there, if it still runs: kills it when patience is over. */
    static void stop(Path processId, Duration patience) throws IOException {
        if (!Files.exists(processId)) {
            return;
        }
        String server = Files.readAllLines(processId).get(0).strip();
        Optional<ProcessHandle> found =
                ProcessHandle.of(Long.parseLong(server)).filter(process -> runsFromHere(process, processId));
        if (found.isPresent()) {
            ProcessHandle process = found.get();
            long deadline = System.nanoTime() + patience.toNanos();
            process.destroy();
            // Its executable, and not whether it is alive: what nobody waits for stays a process when it has ended.
            while (runsFromHere(process, processId)) {
                if (System.nanoTime() - deadline >= 0) {
                    process.destroyForcibly();
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private static boolean isLeftBehind(Path directory) {
        long owner = Long.parseLong(directory.getFileName().toString());
        return ProcessHandle.of(owner).isEmpty()
                || owner == ProcessHandle.current().pid();
    }

    private static void cleanUp(Path directory) {
        try {
            stop(processId(directory), Duration.ZERO);
            delete(directory);
        } catch (IOException | UncheckedIOException failure) {
            // Another JVM is removing it at this moment, or it cannot be removed: nobody needs it gone.
        }
    }

    /** A process id is used again; what does not run from our folders is not ours to stop. */
    private static boolean runsFromHere(ProcessHandle process, Path processId) {
        return process.info()
                .command()
                .map(Path::of)
                .filter(command -> command.startsWith(ROOT) || command.startsWith(processId.getParent()))
                .isPresent();
    }
}
