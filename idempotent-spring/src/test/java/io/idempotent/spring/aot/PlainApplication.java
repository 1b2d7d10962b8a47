package io.idempotent.spring.aot;

import io.idempotent.Steps;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import io.idempotent.spring.test.IdempotencyTestConfiguration;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import javax.sql.DataSource;
import org.springframework.aot.AotDetector;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.aot.AotApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/** Has no Spring Boot, proxies by interfaces where there are some, and stores that it declares itself. */
@Configuration(proxyBeanMethods = false)
@EnableIdempotency
@EnableTransactionManagement
@Import(IdempotencyTestConfiguration.class)
class PlainApplication {

    @Bean
    static DataSource dataSource() {
        return new DriverManagerDataSource("jdbc:h2:mem:plain;DB_CLOSE_DELAY=-1");
    }

    @Bean
    static JdbcTransactionManager transactionManager(DataSource dataSource) {
        return new JdbcTransactionManager(dataSource);
    }

    @Bean
    static JdbcIdempotencyStore jdbcIdempotencyStore(DataSource dataSource) {
        return JdbcIdempotencyStore.builder(dataSource).build();
    }

    @Bean
    static JedisConnectionFactory redis(@Value("${redis.port}") int port) {
        return new JedisConnectionFactory(new RedisStandaloneConfiguration("localhost", port));
    }

    @Bean
    static RedisIdempotencyStore redisIdempotencyStore(RedisConnectionFactory connections) {
        return new RedisIdempotencyStore(connections);
    }

    @Bean
    static Keys keys() {
        return new Keys();
    }

    @Bean
    static PlainPayments payments(Steps steps) {
        return new PlainPayments(steps);
    }

    @Bean
    static Transfers transfers() {
        return new Transfers.Bank();
    }

    @Bean
    static JdbcClient jdbc(DataSource dataSource) {
        return JdbcClient.create(dataSource);
    }

    @Bean
    static AtomicOrders orders(JdbcClient jdbc) {
        return new AtomicOrders(jdbc);
    }

    /**
     * A class of its own, since one JVM generates the proxy of a class once, for the application that it processes
     * first.
     */
    static class PlainPayments extends Payments {

        PlainPayments(Steps steps) {
            super(steps);
        }
    }

    public static void main(String[] arguments) {
        if (!AotDetector.useGeneratedArtifacts()) {
            throw new IllegalStateException("Runs only by what is generated ahead of time");
        }
        try (GenericApplicationContext context = new GenericApplicationContext()) {
            context.getEnvironment().getPropertySources().addFirst(new SimpleCommandLinePropertySource(arguments));
            AotApplicationContextInitializer.forInitializerClasses(
                            PlainApplication.class.getName() + "__ApplicationContextInitializer")
                    .initialize(context);
            context.refresh();
            context.getBean(JdbcClient.class)
                    .sql("create table purchase (id varchar(50))")
                    .update();
            Checks.paymentsRunOnce(context);
            Checks.aFinalFailureIsReplayed(context);
            Checks.atomicOrdersRunOnce(context);
            Checks.transfersRunOnce(context);
        }
    }
}
