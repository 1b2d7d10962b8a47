package io.idempotent.codec;

import org.jspecify.annotations.Nullable;

/** A recorded outcome cannot be decoded. Its message reveals nothing of the outcome. */
public final class OutcomeCodecException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param problem what is wrong
     * @param cause what revealed it, if anything did
     */
    public OutcomeCodecException(String problem, @Nullable Throwable cause) {
        super(problem, cause);
    }
}
