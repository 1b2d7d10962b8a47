package io.idempotent.codec;

import io.idempotent.Fingerprint;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * Makes fingerprints that can be compared across JVMs, and that do not change when the content is changed afterwards.
 * Implementations are safe for use by many threads.
 */
public interface Fingerprinter {

    /**
     * Tells why content of a declared type cannot be told apart by this fingerprinter, as far as the type alone tells.
     *
     * @return the reason, which names types and fields; null if nothing speaks against it
     */
    @Nullable
    String refusal(Type type);

    /**
     * Takes the fingerprint of content, now.
     *
     * @param content what the request said; lists and arrays stand for several contents in order
     * @throws IllegalArgumentException if the content cannot be encoded; its message and cause reveal nothing of it
     */
    Fingerprint fingerprint(@Nullable Object content);
}
