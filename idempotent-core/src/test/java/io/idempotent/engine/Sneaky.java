package io.idempotent.engine;

/** Throws what the compiler would not let through. */
final class Sneaky {

    private Sneaky() {}

    /** Throws it, whatever it is; returns nothing, but makes {@code throw} of its call. */
    static RuntimeException raise(Throwable failure) {
        throw Sneaky.<RuntimeException>unchecked(failure);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E unchecked(Throwable failure) throws E {
        throw (E) failure;
    }
}
