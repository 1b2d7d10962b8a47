package io.idempotent.server;

import static org.awaitility.Awaitility.await;

import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import redis.embedded.core.ExecutableProvider;
import redis.embedded.core.RedisServerBuilder;

/**
 * A real Redis, which evicts nothing and, unless it is {@linkplain #keptIn kept}, keeps nothing on disk. Safe for use
 * by many threads.
 */
public final class RedisServer implements Closeable {

    private static final String HOST = "localhost";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(10);

    private static final int CLUSTER_SLOTS = 16_384;
    private static final int SLOTS_PER_COMMAND = 4_096;

    // A node of a cluster listens at this distance, too.
    private static final int CLUSTER_BUS = 10_000;
    private static final int HIGHEST_PORT = 65_535;

    private static final Starting<RedisServer> SHARED =
            new Starting<>(Server.REDIS, () -> start("redis", RedisServer::brought));

    private static final Starting<RedisServer> CLUSTER = new Starting<>(Server.REDIS, RedisServer::startCluster);

    private static final Starting<RedisServer> INSTALLED =
            new Starting<>(Server.REDIS, () -> start("redis-installed", directory -> onPath()));

    private final int port;
    private final Closeable stop;

    private RedisServer(int port, Closeable stop) {
        this.port = port;
        this.stop = stop;
    }

    /** The one of this JVM. */
    public static RedisServer shared() {
        return SHARED.get();
    }

    /**
     * A Redis Cluster of one node, of this JVM: it refuses what a cluster refuses, scripts with keys of several slots.
     */
    public static RedisServer cluster() {
        return CLUSTER.get();
    }

    /** Whether this machine has a Redis of its own on the PATH. */
    public static boolean isInstalled() {
        try {
            onPath();
            return true;
        } catch (FileNotFoundException none) {
            return false;
        }
    }

    /**
     * The one of this JVM that runs the Redis that {@linkplain #isInstalled() is installed}, which may be a later
     * version.
     */
    public static RedisServer installed() {
        return INSTALLED.get();
    }

    /**
     * Starts a Redis whose data are kept when it is closed, and are there again when it is next started in the same
     * folder: each write is on the disk before it is answered. It runs until it is closed: unlike the others it does
     * not end with the JVM by itself, so that an application can end its work first. What a JVM that was killed has
     * left running there is stopped first.
     *
     * @throws ServerException if it does not start, as while another runs in that folder
     */
    public static RedisServer keptIn(Path data) {
        return new Starting<>(Server.REDIS, () -> startKept(data.toAbsolutePath())).get();
    }

    /** Where it listens. */
    public String host() {
        return HOST;
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /**
     * Sends one command, and needs no client for it.
     *
     * @param command the command and its arguments, separated by blanks; less than 64 kB
     * @return the answer as Redis writes it
     */
    public String ask(String command) throws IOException {
        try (Socket socket = new Socket(HOST, port)) {
            socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.substring(0, answer.length() - "+OK\r\n".length());
        }
    }

    /** Stops the server. */
    @Override
    public void close() throws IOException {
        stop.close();
    }

    private interface Executable {
        ExecutableProvider in(Path directory) throws IOException;
    }

    private static ExecutableProvider brought(Path directory) {
        return ExecutableProvider.newJarResourceProvider(directory.toFile());
    }

    private static ExecutableProvider onPath() throws FileNotFoundException {
        return ExecutableProvider.newExecutableInPath("redis-server");
    }

    private static RedisServer start(String name, Executable executable, String... settings) throws IOException {
        Path directory = ServerDirectory.create(name);
        int port = freePort();
        redis.embedded.RedisServer server =
                configure(directory, port, executable, settings).build();
        server.start();
        return new RedisServer(port, server::stop);
    }

    private static RedisServer startKept(Path data) throws IOException, InterruptedException {
        Path processId = ServerDirectory.processId(data);
        FileChannel lock = ServerDirectory.take(data, processId);
        RedisServer server = new RedisServer(freePort(), () -> {
            try (lock) {
                ServerDirectory.stop(processId, PATIENCE);
            }
        });
        try {
            server.launch(data);
            return server;
        } catch (IOException | InterruptedException | RuntimeException failure) {
            server.close();
            throw failure;
        }
    }

    /**
     * As a daemon: what a terminal sends to all of its processes when somebody stops the JVM there does not reach it.
     */
    private void launch(Path data) throws IOException, InterruptedException {
        Path log = data.resolve("redis.log");
        RedisServerBuilder builder = configure(
                data,
                port,
                RedisServer::brought,
                "appendonly yes",
                "appendfsync always",
                "daemonize yes",
                "logfile \"" + log + "\"");
        Process launcher = new ProcessBuilder(builder.buildCommandArgs())
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log.toFile()))
                .start();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        if (!launcher.waitFor(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
            launcher.destroyForcibly();
            throw new IOException("it did not go to the background within " + PATIENCE.toSeconds() + " s, and says"
                    + System.lineSeparator() + ServerDirectory.tail(log));
        }
        if (launcher.exitValue() != 0) {
            throw new IOException("it ended with " + launcher.exitValue() + ", saying" + System.lineSeparator()
                    + ServerDirectory.tail(log));
        }
        while (!isReady()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("it is not ready within " + PATIENCE.toSeconds() + " s, and says"
                        + System.lineSeparator() + ServerDirectory.tail(log));
            }
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
    }

    private boolean isReady() {
        try {
            // It listens already while it reads its data, and says so.
            return ask("PING").startsWith("+PONG");
        } catch (IOException failure) {
            // It does not listen yet; if it never does, its log says why.
            return false;
        }
    }

    private static RedisServerBuilder configure(Path directory, int port, Executable executable, String... settings)
            throws IOException {
        RedisServerBuilder builder = redis.embedded.RedisServer.newRedisServer()
                .executableProvider(executable.in(directory))
                .port(port)
                .setting("dir \"" + directory + "\"")
                .setting("save \"\"")
                .setting("appendonly no")
                .setting("maxmemory-policy noeviction")
                .setting("pidfile \"" + ServerDirectory.processId(directory) + "\"");
        Stream.of(settings).forEach(builder::setting);
        return builder;
    }

    private static RedisServer startCluster() throws IOException {
        RedisServer cluster = start("redis-cluster", RedisServer::brought, "cluster-enabled yes");
        for (int first = 0; first < CLUSTER_SLOTS; first += SLOTS_PER_COMMAND) {
            cluster.ask(IntStream.range(first, first + SLOTS_PER_COMMAND)
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(" ", "CLUSTER ADDSLOTS ", "")));
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> cluster.ask("CLUSTER INFO").contains("cluster_state:ok"));
        return cluster;
    }

    private static int freePort() throws IOException {
        while (true) {
            try (ServerSocket socket = new ServerSocket(0)) {
                if (socket.getLocalPort() + CLUSTER_BUS <= HIGHEST_PORT) {
                    return socket.getLocalPort();
                }
            }
        }
    }
}
