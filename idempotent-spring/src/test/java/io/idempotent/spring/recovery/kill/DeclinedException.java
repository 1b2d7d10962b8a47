package io.idempotent.spring.recovery.kill;

/** An order's confirmation is declined, for good. */
public final class DeclinedException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Makes one. */
    public DeclinedException(String message) {
        super(message);
    }
}
