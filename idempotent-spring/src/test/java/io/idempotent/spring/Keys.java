package io.idempotent.spring;

/** Keys of methods that have no arguments to take one from: startup refuses an expression that is constant. */
public final class Keys {

    private Keys() {}

    /** The only key. */
    public static String only() {
        return "k";
    }
}
