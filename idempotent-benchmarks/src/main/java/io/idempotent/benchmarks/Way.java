package io.idempotent.benchmarks;

import io.idempotent.benchmarks.Contestants.Annotated;
import io.idempotent.benchmarks.Contestants.AnnotatedConfiguration;
import io.idempotent.benchmarks.Contestants.AnnotatedVariants;
import io.idempotent.benchmarks.Contestants.Bare;
import io.idempotent.benchmarks.Contestants.Cached;
import io.idempotent.benchmarks.Contestants.CachedConfiguration;
import io.idempotent.benchmarks.Contestants.HandWritten;
import io.idempotent.benchmarks.Contestants.IdempotentReceiver;
import io.idempotent.benchmarks.Contestants.ListenedConfiguration;
import io.idempotent.benchmarks.Contestants.MeteredConfiguration;
import io.idempotent.benchmarks.Contestants.ObservedByNoOpConfiguration;
import io.idempotent.benchmarks.Contestants.ObservedConfiguration;
import io.idempotent.benchmarks.Contestants.ProxiedConfiguration;
import io.idempotent.benchmarks.Contestants.Retried;
import io.idempotent.benchmarks.Contestants.RetriedConfiguration;
import io.idempotent.benchmarks.Contestants.VariantsConfiguration;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.Objects;
import java.util.function.BiFunction;
import org.springframework.cache.CacheManager;

/** The ways to pay that are compared. */
public enum Way {
    /** A call without anything. */
    PLAIN_CALL,
    /** A proxy that does nothing. */
    PROXY_THAT_DOES_NOTHING,
    /** Spring's {@code @Retryable}, where no attempt fails. */
    RETRYABLE,
    /** By hand: an atomic claim, the outcome kept, the content checked. */
    HAND_WRITTEN,
    /** Spring's {@code @Cacheable(key = "#request.id")}. */
    CACHEABLE,
    /** Spring Integration's idempotent receiver, which drops duplicates. */
    SPRING_INTEGRATION,
    /** This library: {@code @Idempotent(key = "#request.id")}. */
    IDEMPOTENT,
    /** The same with {@code key = "#id"}. */
    IDEMPOTENT_BY_ID,
    /** The same with <code>key = "{#account, #id}"</code>. */
    IDEMPOTENT_BY_PAIR,
    /** The same without a fingerprint. */
    IDEMPOTENT_WITHOUT_FINGERPRINT,
    /** The same by a method that returns a future. */
    IDEMPOTENT_FUTURE,
    /** The same by a method that returns a {@code Mono}, which is blocked for. */
    IDEMPOTENT_MONO,
    /** The same with a listener that counts. */
    IDEMPOTENT_WITH_LISTENER,
    /** The same with a listener that counts and times by Micrometer. */
    IDEMPOTENT_WITH_METRICS,
    /** The same with observations by a no-op registry. */
    IDEMPOTENT_OBSERVED_BY_NO_OP,
    /** The same with observations by a registry whose handler makes meters. */
    IDEMPOTENT_OBSERVED,
    /** The same by a method that asks for the fencing token. */
    IDEMPOTENT_WITH_CONTEXT,
    /** The same with retries, where no attempt fails. */
    IDEMPOTENT_WITH_RETRY;

    Contestant open() {
        return switch (this) {
            case PLAIN_CALL -> Contestant.alone(new Bare(), () -> {});
            case PROXY_THAT_DOES_NOTHING ->
                Contestant.inContext(ProxiedConfiguration.class, context -> context.getBean(Bare.class), context -> {});
            case RETRYABLE ->
                Contestant.inContext(
                        RetriedConfiguration.class, context -> context.getBean(Retried.class), context -> {});
            case HAND_WRITTEN -> {
                HandWritten handWritten = new HandWritten();
                yield Contestant.alone(handWritten, handWritten::clear);
            }
            case CACHEABLE ->
                Contestant.inContext(
                        CachedConfiguration.class,
                        context -> context.getBean(Cached.class),
                        context -> context.getBean(CacheManager.class).resetCaches());
            case SPRING_INTEGRATION -> {
                IdempotentReceiver receiver = new IdempotentReceiver();
                yield Contestant.alone(receiver, receiver::clear);
            }
            case IDEMPOTENT -> annotated(AnnotatedConfiguration.class);
            case IDEMPOTENT_BY_ID -> variant((payments, request) -> payments.byId(request.id()));
            case IDEMPOTENT_BY_PAIR -> variant((payments, request) -> payments.byPair(request.account(), request.id()));
            case IDEMPOTENT_WITHOUT_FINGERPRINT -> variant(AnnotatedVariants::withoutFingerprint);
            case IDEMPOTENT_FUTURE ->
                variant((payments, request) -> payments.future(request).join());
            case IDEMPOTENT_MONO ->
                variant((payments, request) ->
                        Objects.requireNonNull(payments.mono(request).block()));
            case IDEMPOTENT_WITH_LISTENER -> annotated(ListenedConfiguration.class);
            case IDEMPOTENT_WITH_METRICS -> annotated(MeteredConfiguration.class);
            case IDEMPOTENT_OBSERVED_BY_NO_OP -> annotated(ObservedByNoOpConfiguration.class);
            case IDEMPOTENT_OBSERVED -> annotated(ObservedConfiguration.class);
            case IDEMPOTENT_WITH_CONTEXT -> variant(AnnotatedVariants::withContext);
            case IDEMPOTENT_WITH_RETRY -> variant(AnnotatedVariants::withRetry);
        };
    }

    private static Contestant annotated(Class<? extends AnnotatedConfiguration> configuration) {
        return Contestant.inContext(
                configuration,
                context -> context.getBean(Annotated.class),
                context -> context.getBean(CaffeineIdempotencyStore.class).clear());
    }

    private static Contestant variant(BiFunction<AnnotatedVariants, PaymentRequest, Receipt> pay) {
        return Contestant.inContext(
                VariantsConfiguration.class,
                context -> {
                    AnnotatedVariants variants = context.getBean(AnnotatedVariants.class);
                    return request -> pay.apply(variants, request);
                },
                context -> context.getBean(CaffeineIdempotencyStore.class).clear());
    }
}
