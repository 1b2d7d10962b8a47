package io.idempotent.spring.matrix;

import io.idempotent.engine.RecordedEvents;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.support.SimpleCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.resilience.annotation.EnableResilientMethods;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.validation.beanvalidation.MethodValidationPostProcessor;

/** Spring's own advice, all of it switched on, and what counts its work. */
@Configuration(proxyBeanMethods = false)
@EnableTransactionManagement
@EnableCaching
@EnableAsync
@EnableResilientMethods
class OtherAdvice {

    @Bean
    Bank bank() {
        return new Bank();
    }

    @Bean
    RecordedEvents events() {
        return new RecordedEvents("claimed", "completed", "released", "replayed");
    }

    @Bean
    DataSource dataSource() {
        return new EmbeddedDatabaseBuilder()
                .generateUniqueName(true)
                .setType(EmbeddedDatabaseType.H2)
                .build();
    }

    @Bean
    CountingTransactionManager transactionManager(DataSource dataSource) {
        return new CountingTransactionManager(dataSource);
    }

    @Bean
    CountingCache receipts() {
        return new CountingCache("receipts");
    }

    @Bean
    SimpleCacheManager cacheManager(CountingCache receipts) {
        SimpleCacheManager manager = new SimpleCacheManager();
        manager.setCaches(List.of(receipts));
        return manager;
    }

    @Bean
    ThreadPoolTaskExecutor taskExecutor() {
        ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
        executor.setCorePoolSize(1);
        return executor;
    }

    @Bean
    static MethodValidationPostProcessor methodValidationPostProcessor() {
        return new MethodValidationPostProcessor();
    }

    /** Counts the transactions that are begun, committed and rolled back in the database. */
    static final class CountingTransactionManager extends DataSourceTransactionManager {

        private static final long serialVersionUID = 1L;

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger committed = new AtomicInteger();
        private final AtomicInteger rolledBack = new AtomicInteger();

        CountingTransactionManager(DataSource dataSource) {
            super(dataSource);
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {
            begun.incrementAndGet();
            super.doBegin(transaction, definition);
        }

        @Override
        protected void doCommit(DefaultTransactionStatus status) {
            super.doCommit(status);
            committed.incrementAndGet();
        }

        @Override
        protected void doRollback(DefaultTransactionStatus status) {
            super.doRollback(status);
            rolledBack.incrementAndGet();
        }

        /** Begun, committed, rolled back. */
        List<Integer> counts() {
            return List.of(begun.get(), committed.get(), rolledBack.get());
        }
    }

    /** Counts how often the cache is asked. */
    static final class CountingCache extends ConcurrentMapCache {

        private final AtomicInteger asked = new AtomicInteger();

        CountingCache(String name) {
            super(name);
        }

        @Override
        public Cache.@Nullable ValueWrapper get(Object key) {
            asked.incrementAndGet();
            return super.get(key);
        }

        @Override
        public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
            asked.incrementAndGet();
            return super.get(key, valueLoader);
        }

        int asked() {
            return asked.get();
        }
    }
}
