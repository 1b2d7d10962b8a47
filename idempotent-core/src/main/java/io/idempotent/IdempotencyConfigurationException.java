package io.idempotent;

import org.jspecify.annotations.Nullable;

/** An operation, a store or a property is not configured as it must be. Thrown at startup; it stops the application. */
public final class IdempotencyConfigurationException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String description;

    private final String action;

    /**
     * Makes the exception.
     *
     * @param description what is wrong, and where
     * @param action what to do about it
     */
    public IdempotencyConfigurationException(String description, String action) {
        this(description, action, null);
    }

    /**
     * Makes the exception with its cause.
     *
     * @param description what is wrong, and where
     * @param action what to do about it
     * @param cause what revealed it, if anything did
     */
    public IdempotencyConfigurationException(String description, String action, @Nullable Throwable cause) {
        super(description + ". " + action, null, cause);
        this.description = description;
        this.action = action;
    }

    /** Returns what is wrong, and where. */
    public String description() {
        return description;
    }

    /** Returns what to do about it. */
    public String action() {
        return action;
    }
}
