package io.idempotent.spring.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * What somebody did to a record.
 *
 * @param operation the operation that its key names
 * @param scope the key's scope; empty where there is none
 * @param key the key's value
 * @param fencingToken the token that was presented
 * @param action what was done
 * @param who who did it
 * @param why the reason
 * @param result what became of a recovery, {@code finished} or {@code not-finished}; null for other actions
 */
public record SettledDescriptor(
        String operation,
        String scope,
        String key,
        long fencingToken,
        String action,
        String who,
        String why,
        @Nullable String result)
        implements OperationResponseBody {}
