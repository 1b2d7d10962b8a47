package io.idempotent.spring.web;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.spring.operation.DetachedOperation;
import io.idempotent.spring.web.RequestFingerprint.Digest;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * One handler method as it was declared and configured.
 *
 * @param operation what is run
 * @param required whether a request without a key is refused
 * @param shared whether all callers share keys
 * @param fingerprint whether requests with the same key are compared
 */
public record Endpoint(
        DetachedOperation<RecordedResponse> operation, boolean required, boolean shared, boolean fingerprint) {

    private static final String DIGESTED = "sha256:";

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    /** Its name. */
    public String name() {
        return operation.operation().name();
    }

    /** Whether a key of which nobody knows what was done for it is kept until somebody finds out. */
    public boolean keepsUnknown() {
        return operation.operation().whenAbandoned() != WhenAbandoned.RUN_AGAIN;
    }

    /** Whether its store keeps objects as they are. */
    public boolean keepsReferences() {
        return operation.engine().store().keepsReferences();
    }

    /**
     * The key of a request with this text. The caller's name is its scope; one that is too long, or has control
     * characters or unpaired surrogates, or begins with {@value #DIGESTED}, is digested.
     *
     * @param scope the caller's name; null if nobody knows it, or all callers share keys
     * @throws UnknownCallerException if nobody knows it, and callers do not share keys
     */
    public IdempotencyKey key(String text, @Nullable String scope) {
        if (shared) {
            return IdempotencyKey.of(name(), text);
        }
        if (scope == null || IdempotencyKey.isBlank(scope)) {
            throw new UnknownCallerException(name());
        }
        if (!scope.startsWith(DIGESTED)) {
            try {
                return new IdempotencyKey(name(), scope, text);
            } catch (IdempotencyKeyException tooLongOrWithControlCharacters) {
                // The text is acceptable: it came as a header.
            }
        }
        return new IdempotencyKey(name(), digest(scope), text);
    }

    /** What stands for a name that no key can have, or that looks like this itself, so that it stands for no other. */
    private static String digest(String scope) {
        Digest digest = new Digest();
        digest.add(scope);
        return DIGESTED + BASE64.encodeToString(digest.bytes());
    }
}
