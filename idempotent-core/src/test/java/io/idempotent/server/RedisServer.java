package io.idempotent.server;

import static org.awaitility.Awaitility.await;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import redis.embedded.core.ExecutableProvider;
import redis.embedded.core.RedisServerBuilder;

/** A real Redis, which keeps nothing on disk and evicts nothing. Safe for use by many threads. */
public final class RedisServer {

    private static final String HOST = "localhost";

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

    private RedisServer(int port) {
        this.port = port;
    }

    /** The one of this JVM. */
    public static RedisServer shared() {
        return SHARED.get();
    }

    /** A Redis Cluster of one node, of this JVM: it refuses what a cluster refuses, scripts with keys of several slots. */
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

    /** The one of this JVM that runs the Redis that {@linkplain #isInstalled() is installed}, which may be a later version. */
    public static RedisServer installed() {
        return INSTALLED.get();
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
        RedisServerBuilder builder = redis.embedded.RedisServer.newRedisServer()
                .executableProvider(executable.in(directory))
                .port(port)
                .setting("dir " + directory)
                .setting("save \"\"")
                .setting("appendonly no")
                .setting("maxmemory-policy noeviction")
                .setting("pidfile " + ServerDirectory.processId(directory));
        Stream.of(settings).forEach(builder::setting);
        builder.build().start();
        return new RedisServer(port);
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
