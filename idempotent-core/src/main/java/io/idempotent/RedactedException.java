package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * Stands for an exception whose message may show arguments or outcomes. It has the name of its type and its stack
 * trace, and those of its causes, but no message of theirs, so that it can be logged and be a cause.
 */
public final class RedactedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    // Beyond it causes are left out; a chain may be a circle.
    private static final int MAXIMUM_CAUSES = 8;

    private RedactedException(Throwable original, @Nullable Throwable cause) {
        super(
                original.getClass().getName() + " (its message is left out, since it may show content)",
                cause,
                false,
                true);
        setStackTrace(original.getStackTrace());
    }

    /** Makes the stand-in for an exception. */
    public static RedactedException of(Throwable original) {
        return of(original, MAXIMUM_CAUSES);
    }

    private static RedactedException of(Throwable original, int causes) {
        Throwable cause = original.getCause();
        return new RedactedException(original, cause == null || causes == 0 ? null : of(cause, causes - 1));
    }
}
