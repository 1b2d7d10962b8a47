package io.idempotent.spring.annotation;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/** What a native image has to keep for the library itself, whatever an application does with it. */
final class IdempotencyRuntimeHints implements RuntimeHintsRegistrar {

    /** What Caffeine makes by name: the store's cache and its entries, and those of the near cache. */
    static final List<String> OF_CAFFEINE = List.of("SSA", "PSW", "SSMWA", "PSWMW");

    /** What propagates contexts, and what knows reactive transactions. */
    static final List<String> OPTIONAL = List.of(
            "io.micrometer.context.ContextSnapshotFactory",
            "org.springframework.transaction.reactive.TransactionSynchronizationManager");

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        hints.resources().registerPattern("io/idempotent/store/jdbc/schema-*.sql");
        for (String type : OF_CAFFEINE) {
            hints.reflection()
                    .registerTypeIfPresent(
                            classLoader,
                            "com.github.benmanes.caffeine.cache." + type,
                            MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                            MemberCategory.ACCESS_DECLARED_FIELDS);
        }
        // Asked for by their names, since they need not be there.
        for (String type : OPTIONAL) {
            hints.reflection().registerTypeIfPresent(classLoader, type);
        }
        // Kafka makes it by its name.
        hints.reflection()
                .registerTypeIfPresent(
                        classLoader,
                        "io.idempotent.spring.messaging.kafka.IdempotencyKeyProducerInterceptor",
                        MemberCategory.INVOKE_DECLARED_CONSTRUCTORS);
        for (Class<?> annotation : List.of(Idempotent.class, Idempotent.Retry.class, Idempotent.Recover.class)) {
            hints.reflection().registerType(annotation, MemberCategory.INVOKE_DECLARED_METHODS);
            hints.proxies().registerJdkProxy(annotation);
        }
    }
}
