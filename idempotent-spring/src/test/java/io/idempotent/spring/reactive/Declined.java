package io.idempotent.spring.reactive;

/** A final failure. */
public class Declined extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Makes a failure. */
    public Declined(String message) {
        super(message);
    }
}
