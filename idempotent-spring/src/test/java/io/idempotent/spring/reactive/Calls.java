package io.idempotent.spring.reactive;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Calls operations by their names, whatever their methods return. */
public interface Calls {

    /** Calls an operation; cancelling what it returns cancels the call. */
    CompletableFuture<@Nullable Object> call(String operation, Object argument);
}
