package io.idempotent.spring.web;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * A bean that tells callers apart by more, or something else, than the name of their principal: by tenant, by issuer
 * where several issuers have users of one name, by host where one application serves several. Safe for use by many
 * threads.
 */
@FunctionalInterface
public interface IdempotencyScopeResolver {

    /**
     * Whose request it is. Two callers for whom this is the same get each other's responses if they send the same key.
     *
     * @return what keeps the caller's keys apart, not blank; null refuses the request. A name that no key can have,
     *     since it is longer than 255 characters or has control characters, is replaced by its digest, as is one that
     *     looks like a digest
     */
    @Nullable
    String resolve(HttpServletRequest request);
}
