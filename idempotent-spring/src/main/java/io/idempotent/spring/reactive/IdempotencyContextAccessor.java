package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyContext;
import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;

/**
 * Lets Micrometer's context propagation carry the {@link IdempotencyContext} from thread to thread, and to and from the
 * Reactor context. Found by its service file.
 */
public final class IdempotencyContextAccessor implements ThreadLocalAccessor<IdempotencyContext> {

    /** For the service loader. */
    public IdempotencyContextAccessor() {}

    @Override
    public Object key() {
        return ReactiveIdempotencyContext.KEY;
    }

    @Override
    public @Nullable IdempotencyContext getValue() {
        return IdempotencyContext.currentOrNull();
    }

    @Override
    public void setValue(IdempotencyContext context) {
        IdempotencyContext.bind(context);
    }

    @Override
    public void setValue() {
        IdempotencyContext.bind(null);
    }
}
