package io.idempotent.server;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A real PostgreSQL. As root it runs in a user namespace of its own, since it refuses to be root.
 *
 * <p>It takes 200 connections. Without fsync, a commit is in the database as soon as it is answered, but would not
 * outlive the machine: enough for most tests, and faster than any disk. With fsync, everything is as PostgreSQL's own
 * defaults have it.
 */
public final class PostgresServer implements DatabaseServer, Closeable {

    private static final String HOST = "localhost";
    private static final String USER = "postgres";
    private static final Path DIRECTORY = ServerDirectory.ROOT.resolve("postgres");

    private static final Starting<PostgresServer> VERSION_15 = starting(Server.POSTGRES_15, false);
    private static final Starting<PostgresServer> VERSION_18 = starting(Server.POSTGRES_18, false);
    private static final Starting<PostgresServer> VERSION_15_WITH_FSYNC = starting(Server.POSTGRES_15, true);
    private static final Starting<PostgresServer> VERSION_18_WITH_FSYNC = starting(Server.POSTGRES_18, true);

    private final EmbeddedPostgres postgres;
    private final Closeable lock;
    private final AtomicInteger databases = new AtomicInteger();

    private PostgresServer(EmbeddedPostgres postgres, Closeable lock) {
        this.postgres = postgres;
        this.lock = lock;
    }

    /** PostgreSQL 15 without fsync. */
    public static PostgresServer version15() {
        return VERSION_15.get();
    }

    /** PostgreSQL 18 without fsync. */
    public static PostgresServer version18() {
        return VERSION_18.get();
    }

    /** PostgreSQL 15 with fsync, a server of its own. */
    public static PostgresServer version15WithFsync() {
        return VERSION_15_WITH_FSYNC.get();
    }

    /** PostgreSQL 18 with fsync, a server of its own. */
    public static PostgresServer version18WithFsync() {
        return VERSION_18_WITH_FSYNC.get();
    }

    /** A PostgreSQL 18 without fsync, a new one with these settings of its configuration file. */
    public static PostgresServer version18With(Map<String, String> settings) {
        Path data = DIRECTORY.resolve(UUID.randomUUID().toString());
        return new Starting<>(
                        Server.POSTGRES_18,
                        () -> new PostgresServer(start(Server.POSTGRES_18, false, data, false, settings), () -> {}))
                .get();
    }

    /**
     * Starts a PostgreSQL 18 with fsync whose data are kept when it is closed, and are there again when it is next
     * started in the same folder. It runs until it is closed: unlike the others it does not end with the JVM by itself,
     * so that an application can end its work first. What a JVM that was killed has left running there is stopped
     * first.
     *
     * @throws ServerException if it does not start, as while another runs in that folder
     */
    public static PostgresServer keptIn(Path data) {
        return new Starting<>(Server.POSTGRES_18, () -> startKept(data.toAbsolutePath())).get();
    }

    @Override
    public String host() {
        return HOST;
    }

    @Override
    public int port() {
        return postgres.getPort();
    }

    @Override
    public Database newDatabase(String name) {
        String unique = name + "_" + databases.incrementAndGet();
        execute("CREATE DATABASE " + unique);
        return database(unique);
    }

    /** The database that every PostgreSQL has: for those who keep their data. */
    public Database maintenanceDatabase() {
        return database("postgres");
    }

    /** Stops the server. */
    @Override
    public void close() throws IOException {
        try (lock) {
            postgres.close();
        }
    }

    private Database database(String name) {
        return new Database("postgresql", HOST, port(), name, USER);
    }

    private void execute(String sql) {
        try (Connection connection = maintenanceDatabase().dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(sql, failure);
        }
    }

    private static Starting<PostgresServer> starting(Server version, boolean fsync) {
        Path data = DIRECTORY.resolve(UUID.randomUUID().toString());
        return new Starting<>(
                version, () -> new PostgresServer(start(version, fsync, data, false, Map.of()), () -> {}));
    }

    private static PostgresServer startKept(Path data) throws IOException {
        FileChannel lock = ServerDirectory.take(data, data.resolve("postmaster.pid"));
        try {
            return new PostgresServer(start(Server.POSTGRES_18, true, data, true, Map.of()), lock);
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw failure;
        }
    }

    private static EmbeddedPostgres start(
            Server version, boolean fsync, Path data, boolean keep, Map<String, String> settings) throws IOException {
        Path binaries = ServerDirectory.ROOT.resolve(version.id() + ".jar");
        if (!Files.exists(binaries)) {
            throw new IOException("there are no binaries at " + binaries + "; the build brings those of this platform");
        }
        Files.createDirectories(DIRECTORY);
        // Here it unpacks the binaries, and stops and removes what a JVM that was killed has left behind.
        System.setProperty("ot.epg.working-dir", DIRECTORY.toString());
        Path log = DIRECTORY.resolve(
                version.id() + (fsync ? "-fsync" : "") + (settings.isEmpty() ? "" : "-with-settings") + ".log");
        String onOrOff = fsync ? "on" : "off";
        try {
            EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                    .setPgBinaryResolver((system, machine) -> archive(binaries))
                    .setDataDirectory(data)
                    .setCleanDataDirectory(!keep)
                    .setRegisterShutdownHook(!keep)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setOutputRedirector(Redirect.to(log.toFile()))
                    .setLocaleConfig("locale", "C")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("fsync", onOrOff)
                    .setServerConfig("synchronous_commit", onOrOff)
                    // TCP will do; a socket's file would stay behind when the server is killed.
                    .setServerConfig("unix_socket_directories", "");
            settings.forEach(builder::setServerConfig);
            return builder.start();
        } catch (IOException | RuntimeException failure) {
            throw new IOException(failure + System.lineSeparator() + ServerDirectory.tail(log), failure);
        }
    }

    /** The only archive in the jar: its name differs by platform. */
    private static InputStream archive(Path jar) throws IOException {
        try (FileSystem files = FileSystems.newFileSystem(jar);
                Stream<Path> entries = Files.list(files.getPath("/"))) {
            Path archive = entries.filter(entry -> entry.toString().endsWith(".txz"))
                    .findAny()
                    .orElseThrow(() -> new IOException(jar + " holds no archive"));
            return URI.create("jar:" + jar.toUri() + "!" + archive).toURL().openStream();
        }
    }
}
