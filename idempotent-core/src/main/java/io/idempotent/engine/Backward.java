package io.idempotent.engine;

import io.idempotent.IdempotencyKey;

/**
 * Ends a run of an operation that is run again only so that its recorded steps declare how they are undone. An error,
 * so that nothing repeats it and the operation's own handlers leave it alone. It never reaches a caller.
 */
final class Backward extends Error {

    private static final long serialVersionUID = 1L;

    Backward(IdempotencyKey key) {
        super("The steps of '" + key + "' are being undone, and none begins any more", null, false, false);
    }
}
