package io.idempotent.spring.actuate;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.operation.UsedStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.TimeLimit;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Whether a store answers, within two seconds: it is asked for a record, and for steps, of a key that nobody uses. A
 * database answers only if both tables are there. What records say is no matter of health, so that an abandoned
 * key restarts nothing.
 */
final class StoreHealthIndicator extends AbstractHealthIndicator {

    private static final Duration LIMIT = Duration.ofSeconds(2);

    private static final IdempotencyKey NOBODYS = IdempotencyKey.of("idempotency-health", "nobody's");

    private final UsedStore store;
    private final TimeLimit limit;

    StoreHealthIndicator(UsedStore store, TimeLimit limit) {
        super("The health check of an idempotency store failed");
        this.store = store;
        this.limit = limit;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) throws Exception {
        builder.withDetail("type", store.type().getSimpleName());
        try {
            limit.call(LIMIT, this::ask);
        } catch (TimeoutException late) {
            builder.down().withDetail("error", "no answer within " + LIMIT.toSeconds() + " s");
            return;
        }
        builder.up();
    }

    private boolean ask() {
        IdempotencyStore asked = store.engine().store();
        return asked.find(NOBODYS) == null && asked.findSteps(NOBODYS).isEmpty();
    }
}
