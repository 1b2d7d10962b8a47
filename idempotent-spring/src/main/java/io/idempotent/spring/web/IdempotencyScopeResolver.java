package io.idempotent.spring.web;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** A bean that tells callers apart by more, or something else, than their principal: tenants, say. Safe for use by many threads. */
@FunctionalInterface
public interface IdempotencyScopeResolver {

    /**
     * Whose request it is. Two callers for whom this is the same get each other's responses if they send the same key.
     *
     * @return what keeps the caller's keys apart, not blank; null refuses the request
     */
    @Nullable
    String resolve(HttpServletRequest request);
}
