package io.idempotent.spring.reactive;

/** A failure that does not tell whether the work was done. */
public class Uncertain extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Makes a failure. */
    public Uncertain(String message) {
        super(message);
    }
}
