package io.idempotent;

/**
 * The claim was lost: its lease ended without renewal, and no outcome is recorded under the key yet. What the operation
 * did until then stands, and is not recorded. The message tells whether the operation began at all.
 */
public final class IdempotencyClaimLostException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final long fencingToken;

    /**
     * Makes the exception.
     *
     * @param key the key whose claim was lost
     * @param fencingToken the token of the claim that was lost
     * @param what what was refused, or did not begin
     */
    public IdempotencyClaimLostException(IdempotencyKey key, long fencingToken, String what) {
        super(
                "The claim of idempotency key '" + key + "' with fencing token " + fencingToken + " was lost; " + what
                        + ": repeat the call to learn the outcome that its successor records",
                key,
                null);
        this.fencingToken = fencingToken;
    }

    /** Returns the token of the claim that was lost. */
    public long fencingToken() {
        return fencingToken;
    }
}
