package io.idempotent.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.interceptor.IdempotencySettings;
import java.time.Duration;
import org.aopalliance.intercept.MethodInterceptor;
import org.springframework.aop.Advisor;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.caffeine.CaffeineCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/** The ways to pay that are compared. All keep 100,000 records, for a day. */
final class Contestants {

    static final int MAXIMUM_SIZE = 100_000;

    static final Duration RETENTION = Duration.ofDays(1);

    private Contestants() {}

    /** Pays whenever asked. */
    static class Bare implements Payments {

        private long receipts;

        @Override
        public Receipt pay(PaymentRequest request) {
            return new Receipt(request.id(), ++receipts);
        }
    }

    /** By this library. */
    static class Annotated implements Payments {

        private final Payments bare = new Bare();

        @Override
        @Idempotent(key = "#request.id")
        public Receipt pay(PaymentRequest request) {
            return bare.pay(request);
        }
    }

    /** By Spring's cache, which checks no content and runs duplicates at once. */
    static class Cached implements Payments {

        private final Payments bare = new Bare();

        @Override
        @Cacheable(cacheNames = "payments", key = "#request.id")
        public Receipt pay(PaymentRequest request) {
            return bare.pay(request);
        }
    }

    /**
     * By hand, with the guarantee that can be had in a few lines: an atomic claim, the outcome kept, the content checked. No
     * lease, no waiting, no retry.
     */
    static final class HandWritten implements Payments {

        private static final Object IN_PROGRESS = new Object();

        private final Payments bare = new Bare();

        private final Cache<String, Entry> entries = Caffeine.newBuilder()
                .maximumSize(MAXIMUM_SIZE)
                .expireAfterWrite(RETENTION)
                .build();

        @Override
        public Receipt pay(PaymentRequest request) {
            String key = "payments-pay:" + request.id();
            Entry known = entries.getIfPresent(key);
            if (known == null) {
                known = entries.asMap().putIfAbsent(key, new Entry(request, IN_PROGRESS));
            }
            if (known != null) {
                if (!known.request().equals(request)) {
                    throw new IllegalStateException("reused");
                }
                if (known.outcome() instanceof Receipt receipt) {
                    return receipt;
                }
                throw new IllegalStateException("in progress");
            }
            try {
                Receipt receipt = bare.pay(request);
                entries.put(key, new Entry(request, receipt));
                return receipt;
            } catch (RuntimeException failure) {
                entries.invalidate(key);
                throw failure;
            }
        }

        void clear() {
            entries.invalidateAll();
        }

        private record Entry(PaymentRequest request, Object outcome) {}
    }

    /** This library in plain Spring, as it is without any setting. */
    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(proxyTargetClass = true)
    static class AnnotatedConfiguration {

        @Bean
        Annotated annotated() {
            return new Annotated();
        }

        @Bean
        static IdempotencySettings settings() {
            return IdempotencySettings.builder()
                    .caffeineMaximumSize(MAXIMUM_SIZE)
                    .build();
        }
    }

    /** Spring's cache on Caffeine. */
    @Configuration(proxyBeanMethods = false)
    @EnableCaching(proxyTargetClass = true)
    static class CachedConfiguration {

        @Bean
        Cached cached() {
            return new Cached();
        }

        @Bean
        CaffeineCacheManager cacheManager() {
            CaffeineCacheManager manager = new CaffeineCacheManager("payments");
            manager.setCaffeine(Caffeine.newBuilder().maximumSize(MAXIMUM_SIZE).expireAfterWrite(RETENTION));
            return manager;
        }
    }

    /** A proxy that does nothing. */
    @Configuration(proxyBeanMethods = false)
    @EnableCaching(proxyTargetClass = true)
    static class ProxiedConfiguration {

        @Bean
        Bare bare() {
            return new Bare();
        }

        @Bean
        CaffeineCacheManager cacheManager() {
            return new CaffeineCacheManager();
        }

        @Bean
        @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
        static Advisor nothing() {
            NameMatchMethodPointcut pointcut = new NameMatchMethodPointcut();
            pointcut.addMethodName("pay");
            MethodInterceptor interceptor = invocation -> invocation.proceed();
            return new DefaultPointcutAdvisor(pointcut, interceptor);
        }
    }
}
