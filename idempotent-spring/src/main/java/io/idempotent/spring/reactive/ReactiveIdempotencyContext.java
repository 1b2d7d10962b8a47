package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyContext;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The {@link IdempotencyContext} of work that Reactor runs, whose threads change: it is in the Reactor context.
 *
 * <pre>{@code
 * return ReactiveIdempotencyContext.current().flatMap(context -> gateway.charge(context.keyFor("charge"), total));
 * }</pre>
 *
 * <p>Where the application switches Reactor's automatic context propagation on, {@link IdempotencyContext#current()}
 * works in the operators too.
 */
public final class ReactiveIdempotencyContext {

    /** The key in the Reactor context, and the name by which Micrometer's context propagation knows it: {@value}. */
    public static final String KEY = "io.idempotent.IdempotencyContext";

    private ReactiveIdempotencyContext() {}

    /**
     * Returns the context of the innermost idempotent operation that the subscriber is part of.
     *
     * @return fails with an {@link IllegalStateException} if it is part of none
     */
    public static Mono<IdempotencyContext> current() {
        return Mono.deferContextual(view -> {
            IdempotencyContext context = find(view);
            return context != null
                    ? Mono.just(context)
                    : Mono.error(new IllegalStateException(
                            "The subscriber is not part of an idempotent operation: the call was not intercepted, or"
                                    + " its Reactor context does not come from the operation's subscriber"));
        });
    }

    /** Returns the context of a subscriber, or of this thread; null if there is none. */
    static @Nullable IdempotencyContext find(ContextView view) {
        Object found = view.getOrDefault(KEY, null);
        return found instanceof IdempotencyContext context ? context : IdempotencyContext.currentOrNull();
    }

    static Context put(Context context, IdempotencyContext execution) {
        return context.put(KEY, execution);
    }
}
