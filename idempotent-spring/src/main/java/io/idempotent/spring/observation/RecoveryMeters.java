package io.idempotent.spring.observation;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;

/**
 * Counts what is finished without callers, and what is not, by operation. Spring Boot configures it where there is a
 * {@link MeterRegistry}. Without Spring Boot, declare a bean of this type.
 *
 * <ul>
 *   <li>{@code idempotent.recovery.completed}: how many abandoned executions were finished without their callers.
 *   <li>{@code idempotent.recovery.left.for.person}: how many are not recovered any more, so that a person has to
 *       decide. Each node counts a record once.
 *   <li>{@code idempotent.verification.contradicted}: how many recorded outcomes are not what was found outside.
 * </ul>
 */
public final class RecoveryMeters implements IdempotencyListener {

    private final MeterRegistry registry;

    /** Counts in a registry. */
    public RecoveryMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        if (context.recovered()) {
            count(
                    "idempotent.recovery.completed",
                    "Abandoned executions that were finished without their callers",
                    context.key());
        }
    }

    @Override
    public void leftForPerson(IdempotencyKey key, int takeovers, String reason) {
        count(
                "idempotent.recovery.left.for.person",
                "Abandoned executions that are not recovered any more, and need a person",
                key);
    }

    @Override
    public void contradicted(IdempotencyKey key, String difference) {
        count("idempotent.verification.contradicted", "Recorded outcomes that are not what was found outside", key);
    }

    private void count(String name, String description, IdempotencyKey key) {
        Counter.builder(name)
                .description(description)
                .tag("operation", key.operation())
                .register(registry)
                .increment();
    }
}
