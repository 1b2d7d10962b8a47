package io.idempotent.spring.store.redis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** What talks to Redis. */
enum Driver {
    LETTUCE,
    JEDIS;

    RedisConnectionFactory connect(int port) {
        return connect(new RedisStandaloneConfiguration("127.0.0.1", port));
    }

    /** Connects to one of the server's databases; a command that waits longer than that for an answer fails. */
    RedisConnectionFactory connect(int port, int database, Duration patience) {
        RedisStandaloneConfiguration server = new RedisStandaloneConfiguration("127.0.0.1", port);
        server.setDatabase(database);
        return this == LETTUCE
                ? started(new LettuceConnectionFactory(
                        server,
                        LettuceClientConfiguration.builder()
                                .commandTimeout(patience)
                                .build()))
                : started(new JedisConnectionFactory(
                        server,
                        JedisClientConfiguration.builder()
                                .readTimeout(patience)
                                .usePooling()
                                .build()));
    }

    /** Connects as a user who needs no password. */
    RedisConnectionFactory connect(int port, String user) {
        RedisStandaloneConfiguration server = new RedisStandaloneConfiguration("127.0.0.1", port);
        server.setUsername(user);
        server.setPassword("any");
        return connect(server);
    }

    private RedisConnectionFactory connect(RedisStandaloneConfiguration server) {
        return this == LETTUCE
                ? started(new LettuceConnectionFactory(server))
                : started(new JedisConnectionFactory(server));
    }

    RedisConnectionFactory connectToCluster(int port) {
        RedisClusterConfiguration cluster = new RedisClusterConfiguration(List.of("127.0.0.1:" + port));
        return this == LETTUCE
                ? started(new LettuceConnectionFactory(cluster))
                : started(new JedisConnectionFactory(cluster));
    }

    /** Where nobody listens. */
    static int portOfNobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static RedisConnectionFactory started(LettuceConnectionFactory factory) {
        factory.afterPropertiesSet();
        factory.start();
        return factory;
    }

    private static RedisConnectionFactory started(JedisConnectionFactory factory) {
        factory.afterPropertiesSet();
        factory.start();
        return factory;
    }
}
