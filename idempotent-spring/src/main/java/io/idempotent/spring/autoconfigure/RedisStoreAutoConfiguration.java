package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * Offers the store in Redis, {@code redisIdempotencyStore}, where there is one connection factory, or a primary one. It
 * is made, and Redis asked for the first time, only if an operation uses it. Backs off where the application declares
 * its own.
 */
@AutoConfiguration(afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass(RedisConnectionFactory.class)
public final class RedisStoreAutoConfiguration {

    /** For Spring Boot. */
    RedisStoreAutoConfiguration() {}

    @Bean
    @Lazy
    @ConditionalOnSingleCandidate(RedisConnectionFactory.class)
    @ConditionalOnMissingBean(value = RedisIdempotencyStore.class, name = "redisIdempotencyStore")
    static RedisIdempotencyStore redisIdempotencyStore(
            RedisConnectionFactory connectionFactory, IdempotencySettings settings) {
        return new RedisIdempotencyStore(connectionFactory, settings.redis().keyPrefix());
    }
}
