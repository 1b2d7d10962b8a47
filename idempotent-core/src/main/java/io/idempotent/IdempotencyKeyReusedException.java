package io.idempotent;

/** The key was used for a request with other content. Its record stays as it is. */
public final class IdempotencyKeyReusedException extends IdempotencyConflictException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param key the key that was used for something else
     */
    public IdempotencyKeyReusedException(IdempotencyKey key) {
        super(
                "Idempotency key '" + key + "' has been used for a request with other content; nothing was run: "
                        + "use a new key for a new request, or repeat the first request unchanged",
                key);
    }
}
