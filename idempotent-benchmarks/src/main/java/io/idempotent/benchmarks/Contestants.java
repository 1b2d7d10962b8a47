package io.idempotent.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.observation.DefaultIdempotencyObservationConvention;
import io.idempotent.spring.observation.IdempotencyObservations;
import io.idempotent.spring.settings.IdempotencySettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.aopalliance.intercept.MethodInterceptor;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Advisor;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.caffeine.CaffeineCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.integration.channel.NullChannel;
import org.springframework.integration.handler.advice.IdempotentReceiverInterceptor;
import org.springframework.integration.metadata.SimpleMetadataStore;
import org.springframework.integration.selector.MetadataStoreSelector;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.support.GenericMessage;
import org.springframework.resilience.annotation.EnableResilientMethods;
import org.springframework.resilience.annotation.Retryable;
import reactor.core.publisher.Mono;

/** Who pays in the ways that are compared. All that keep records keep 100,000, for a day. */
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

    /** By this library, in other ways to use it. */
    static class AnnotatedVariants {

        private final Payments bare = new Bare();

        @Idempotent(key = "#id")
        public Receipt byId(String id) {
            return new Receipt(id, 1);
        }

        @Idempotent(key = "{#account, #id}")
        public Receipt byPair(String account, String id) {
            return new Receipt(id, 1);
        }

        @Idempotent(key = "#request.id", fingerprint = Idempotent.NONE)
        public Receipt withoutFingerprint(PaymentRequest request) {
            return bare.pay(request);
        }

        @Idempotent(key = "#request.id")
        public CompletableFuture<Receipt> future(PaymentRequest request) {
            return CompletableFuture.completedFuture(bare.pay(request));
        }

        @Idempotent(key = "#request.id")
        public Mono<Receipt> mono(PaymentRequest request) {
            return Mono.fromSupplier(() -> bare.pay(request));
        }

        @Idempotent(key = "#request.id")
        public Receipt withContext(PaymentRequest request) {
            return new Receipt(request.id(), IdempotencyContext.current().fencingToken());
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3))
        public Receipt withRetry(PaymentRequest request) {
            return bare.pay(request);
        }
    }

    /** Counts what the library tells of. */
    static final class CountingListener implements IdempotencyListener {

        private final LongAdder completed = new LongAdder();
        private final LongAdder replayed = new LongAdder();

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            completed.increment();
        }

        @Override
        public void replayed(IdempotencyKey key, @Nullable String traceId) {
            replayed.increment();
        }
    }

    /** Counts the same by Micrometer, and times executions: each operation apart, and its meters looked up once. */
    static final class MeteringListener implements IdempotencyListener {

        private final Map<String, Meters> meters = new ConcurrentHashMap<>();

        private final MeterRegistry registry;

        MeteringListener(MeterRegistry registry) {
            this.registry = registry;
        }

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            Meters of = metersOf(context.key());
            of.completed().increment();
            of.executions().record(took);
        }

        @Override
        public void replayed(IdempotencyKey key, @Nullable String traceId) {
            metersOf(key).replayed().increment();
        }

        private Meters metersOf(IdempotencyKey key) {
            Meters known = meters.get(key.operation());
            return known != null ? known : meters.computeIfAbsent(key.operation(), this::register);
        }

        private Meters register(String operation) {
            return new Meters(
                    registry.counter("idempotent.calls", "operation", operation, "end", "completed"),
                    registry.counter("idempotent.calls", "operation", operation, "end", "replayed"),
                    registry.timer("idempotent.executions", "operation", operation));
        }

        private record Meters(Counter completed, Counter replayed, Timer executions) {}
    }

    /** By Spring's retry, which keeps nothing: what an annotation costs where all goes well. */
    static class Retried implements Payments {

        private final Payments bare = new Bare();

        @Override
        @Retryable
        public Receipt pay(PaymentRequest request) {
            return bare.pay(request);
        }
    }

    /**
     * By Spring Integration's idempotent receiver, which drops duplicates: there is no outcome to be had, and no
     * content is checked. A message is made for each request, as the receiver needs one; nothing else of an integration
     * flow is there.
     */
    static final class IdempotentReceiver implements Payments {

        private static final Receipt NO_OUTCOME = new Receipt("", 0);

        private final Payments bare = new Bare();

        private final Cache<String, String> keys = Caffeine.newBuilder()
                .maximumSize(MAXIMUM_SIZE)
                .expireAfterWrite(RETENTION)
                .build();

        private final MessageHandler handler;

        IdempotentReceiver() {
            IdempotentReceiverInterceptor interceptor = new IdempotentReceiverInterceptor(new MetadataStoreSelector(
                    message -> ((PaymentRequest) message.getPayload()).id(), new SimpleMetadataStore(keys.asMap())));
            interceptor.setBeanFactory(new DefaultListableBeanFactory());
            interceptor.setDiscardChannel(new NullChannel());
            interceptor.afterPropertiesSet();
            MessageHandler target = message -> {
                var unused = bare.pay((PaymentRequest) message.getPayload());
            };
            ProxyFactory proxy = new ProxyFactory(target);
            proxy.addAdvice(interceptor);
            handler = (MessageHandler) proxy.getProxy();
        }

        @Override
        public Receipt pay(PaymentRequest request) {
            handler.handleMessage(new GenericMessage<>(request));
            return NO_OUTCOME;
        }

        void clear() {
            keys.invalidateAll();
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
     * By hand, with the guarantee that can be had in a few lines: an atomic claim, the outcome kept, the content
     * checked. No lease, no waiting, no retry.
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
            return IdempotencySettings.of(Map.of("caffeine.maximum-size", String.valueOf(MAXIMUM_SIZE)));
        }
    }

    /** The other ways to use it. */
    @Configuration(proxyBeanMethods = false)
    static class VariantsConfiguration extends AnnotatedConfiguration {

        @Bean
        AnnotatedVariants variants() {
            return new AnnotatedVariants();
        }
    }

    /** The same with a listener. */
    @Configuration(proxyBeanMethods = false)
    static class ListenedConfiguration extends AnnotatedConfiguration {

        @Bean
        CountingListener listener() {
            return new CountingListener();
        }
    }

    /** The same with metrics. */
    @Configuration(proxyBeanMethods = false)
    static class MeteredConfiguration extends AnnotatedConfiguration {

        @Bean
        MeteringListener listener() {
            return new MeteringListener(new SimpleMeterRegistry());
        }
    }

    /** The same with observations that a no-op registry drops. */
    @Configuration(proxyBeanMethods = false)
    static class ObservedByNoOpConfiguration extends AnnotatedConfiguration {

        @Bean
        IdempotencyObservations observations() {
            return new IdempotencyObservations(
                    ObservationRegistry.NOOP, new DefaultIdempotencyObservationConvention(false));
        }
    }

    /** The same with observations that become meters. */
    @Configuration(proxyBeanMethods = false)
    static class ObservedConfiguration extends AnnotatedConfiguration {

        @Bean
        IdempotencyObservations observations() {
            ObservationRegistry registry = ObservationRegistry.create();
            registry.observationConfig()
                    .observationHandler(new DefaultMeterObservationHandler(new SimpleMeterRegistry()));
            return new IdempotencyObservations(registry, new DefaultIdempotencyObservationConvention(false));
        }
    }

    /** Spring's retry. */
    @Configuration(proxyBeanMethods = false)
    @EnableResilientMethods(proxyTargetClass = true)
    static class RetriedConfiguration {

        @Bean
        Retried retried() {
            return new Retried();
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
