package io.idempotent.engine;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Tells all listeners, none of which can break a call. */
final class Listeners {

    private final IdempotencyListener[] listeners;

    private final BiConsumer<String, Throwable> errorHandler;

    Listeners(List<IdempotencyListener> listeners, BiConsumer<String, Throwable> errorHandler) {
        this.listeners = listeners.toArray(IdempotencyListener[]::new);
        this.errorHandler = errorHandler;
    }

    void tell(Consumer<IdempotencyListener> event) {
        for (IdempotencyListener listener : listeners) {
            try {
                event.accept(listener);
            } catch (Throwable failure) {
                errorHandler.accept(
                        "The listener " + listener.getClass().getName() + " failed; the call is not affected", failure);
            }
        }
    }
}
