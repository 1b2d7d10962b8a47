package io.idempotent.spring.actuate;

/** A request that is answered by a problem. Its message is sent to whoever asks, and says nothing of outcomes. */
final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int status;

    Refusal(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}
