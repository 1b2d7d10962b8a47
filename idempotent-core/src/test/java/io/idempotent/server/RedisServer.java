package io.idempotent.server;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import redis.embedded.core.ExecutableProvider;

/** A real Redis, which keeps nothing on disk and evicts nothing. Safe for use by many threads. */
public final class RedisServer {

    private static final String HOST = "localhost";

    private static final Starting<RedisServer> SHARED = new Starting<>(Server.REDIS, RedisServer::start);

    private final int port;

    private RedisServer(int port) {
        this.port = port;
    }

    /** The one of this JVM. */
    public static RedisServer shared() {
        return SHARED.get();
    }

    /** Where it listens. */
    public String host() {
        return HOST;
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    private static RedisServer start() throws IOException {
        Path directory = ServerDirectory.create("redis");
        int port = freePort();
        redis.embedded.RedisServer.newRedisServer()
                .executableProvider(ExecutableProvider.newJarResourceProvider(directory.toFile()))
                .port(port)
                .setting("save \"\"")
                .setting("appendonly no")
                .setting("maxmemory-policy noeviction")
                .setting("pidfile " + ServerDirectory.processId(directory))
                .build()
                .start();
        return new RedisServer(port);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
