package io.idempotent;

/**
 * A value that knows how much memory it takes. A store that keeps values by reference, and is bounded by bytes, asks
 * it. The store counts texts and bytes by their length, and any other value as {@code 256} bytes.
 */
public interface Weighted {

    /** Returns about how many bytes of memory the value takes; always the same. */
    long weight();
}
