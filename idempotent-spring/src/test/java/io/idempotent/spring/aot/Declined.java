package io.idempotent.spring.aot;

/** A failure that is final. */
class Declined extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Declined(String message) {
        super(message);
    }
}
