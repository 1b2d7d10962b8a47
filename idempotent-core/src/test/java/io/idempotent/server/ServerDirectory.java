package io.idempotent.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A server's folder for what it needs while this JVM runs. Its name is the JVM's process id, so that the next JVM can
 * stop and remove what one that was killed has left behind.
 */
final class ServerDirectory {

    /** Where the build has put the binaries, and where they are unpacked: once for all JVMs. */
    static final Path ROOT =
            Path.of(System.getProperty("servers.directory", "target/servers")).toAbsolutePath();

    private static final String PROCESS_ID = "server.pid";

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

    private static boolean isLeftBehind(Path directory) {
        long owner = Long.parseLong(directory.getFileName().toString());
        return ProcessHandle.of(owner).isEmpty()
                || owner == ProcessHandle.current().pid();
    }

    private static void cleanUp(Path directory) {
        try {
            if (Files.exists(processId(directory))) {
                String server = Files.readString(processId(directory)).strip();
                ProcessHandle.of(Long.parseLong(server))
                        .filter(ServerDirectory::runsFromHere)
                        .ifPresent(process -> {
                            process.destroyForcibly();
                            process.onExit().join();
                        });
            }
            delete(directory);
        } catch (IOException | UncheckedIOException failure) {
            // Another JVM is removing it at this moment, or it cannot be removed: nobody needs it gone.
        }
    }

    /** A process id is used again; what does not run from our folder is not ours to stop. */
    private static boolean runsFromHere(ProcessHandle process) {
        return process.info()
                .command()
                .filter(command -> Path.of(command).startsWith(ROOT))
                .isPresent();
    }
}
