package io.idempotent.sample.profile;

import io.idempotent.server.RedisServer;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Starts a Redis, which is stopped when nothing uses the connections to it any more. */
@Configuration(proxyBeanMethods = false)
@Profile("redis")
class RedisConfiguration {

    @Bean
    static RedisServer redisServer(@Value("${sample.data}") Path data) {
        return RedisServer.keptIn(data.resolve("redis"));
    }

    @Bean
    static LettuceConnectionFactory redisConnectionFactory(RedisServer server) {
        return new LettuceConnectionFactory(server.host(), server.port());
    }
}
