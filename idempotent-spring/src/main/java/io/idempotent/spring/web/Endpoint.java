package io.idempotent.spring.web;

import io.idempotent.IdempotencyKey;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.spring.interceptor.DetachedOperation;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
import org.jspecify.annotations.Nullable;

/**
 * One handler method as it was declared and configured.
 *
 * @param operation what is run
 * @param required whether a request without a key is refused
 * @param shared whether all callers share keys
 * @param fingerprint whether requests with the same key are compared
 */
record Endpoint(DetachedOperation<RecordedResponse> operation, boolean required, boolean shared, boolean fingerprint) {

    String name() {
        return operation.operation().name();
    }

    /** Whether a key of which nobody knows what was done for it is kept until somebody finds out. */
    boolean keepsUnknown() {
        return operation.operation().whenAbandoned() != WhenAbandoned.RUN_AGAIN;
    }

    /** Whether its store keeps objects as they are. */
    boolean keepsReferences() {
        return operation.engine().store().keepsReferences();
    }

    /** The key of a request with this text. */
    IdempotencyKey key(String text, HttpServletRequest request, @Nullable IdempotencyScopeResolver resolver) {
        if (shared) {
            return IdempotencyKey.of(name(), text);
        }
        String scope = resolver != null ? resolver.resolve(request) : principal(request);
        if (scope == null || IdempotencyKey.isBlank(scope)) {
            throw new UnknownCallerException(name());
        }
        return new IdempotencyKey(name(), scope, text);
    }

    private static @Nullable String principal(HttpServletRequest request) {
        Principal principal = request.getUserPrincipal();
        return principal == null ? null : principal.getName();
    }
}
