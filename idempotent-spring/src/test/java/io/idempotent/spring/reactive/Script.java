package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the work of a key does, as a test says, and how often it ran. */
public final class Script {

    private final Map<String, Function<IdempotencyContext, CompletableFuture<Object>>> works =
            new ConcurrentHashMap<>();
    private final Map<String, List<IdempotencyContext>> runs = new ConcurrentHashMap<>();

    /** Begins the work of a key; by default it returns a receipt with the number of its run at once. */
    public CompletableFuture<@Nullable Object> begin(String id, IdempotencyContext context) {
        runs.computeIfAbsent(id, key -> new CopyOnWriteArrayList<>()).add(context);
        int run = runs(id);
        return works.getOrDefault(id, running -> CompletableFuture.completedFuture(new Receipt(id, run)))
                .apply(context);
    }

    /** Says what the work of a key does. */
    void does(String id, Function<IdempotencyContext, CompletableFuture<Object>> work) {
        works.put(id, work);
    }

    /** Lets a method throw before it returns. */
    public RuntimeException broken(String id) {
        runs.computeIfAbsent(id, key -> new CopyOnWriteArrayList<>());
        return new IllegalStateException("broken " + id);
    }

    int runs(String id) {
        return runs.getOrDefault(id, List.of()).size();
    }
}
