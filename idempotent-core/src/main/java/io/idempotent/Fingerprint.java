package io.idempotent;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a request said, in a form that can be compared. It detects a key that is used again for something else.
 *
 * <p>Immutable, provided that the content of an {@link Equality} is. Its text never shows what the request said.
 */
public sealed interface Fingerprint {

    /** Returns the fingerprint that says nothing, and so matches every other. */
    static Fingerprint none() {
        return None.NONE;
    }

    /**
     * Takes the request's content itself as the fingerprint, compared by {@link Object#equals(Object)}. It is
     * meaningful within one JVM only, and only for content that never changes afterwards. A store for several JVMs
     * takes {@linkplain #ofDigest(String) digests}.
     *
     * @param content what the request said; kept by reference
     */
    static Fingerprint ofContent(@Nullable Object content) {
        return new Equality(content);
    }

    /**
     * Takes a digest of the request's content as the fingerprint.
     *
     * @param digest a text that begins with the version of the method that made it
     */
    static Fingerprint ofDigest(String digest) {
        return new Digest(digest);
    }

    /**
     * Tells whether a request with this fingerprint may be a repetition of one with the other.
     *
     * @return true if they are equal, or if one of them is {@link #none()}, which contradicts nothing
     */
    default boolean matches(Fingerprint other) {
        return this == None.NONE || other == None.NONE || equals(other);
    }

    /** The fingerprint that says nothing. */
    enum None implements Fingerprint {
        /** The only instance. */
        NONE
    }

    /**
     * The request's content itself.
     *
     * @param content what the request said
     */
    record Equality(@Nullable Object content) implements Fingerprint {

        // Not by Objects.equals(), where the JIT sees the types of the whole application and inlines none.
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Equality equality
                    && (content == null ? equality.content == null : content.equals(equality.content));
        }

        @Override
        public int hashCode() {
            return Objects.hashCode(content);
        }

        @Override
        public String toString() {
            return "Fingerprint[by equality]";
        }
    }

    /**
     * A digest of the request's content.
     *
     * @param text the version of the method that made it, and the digest itself
     */
    record Digest(String text) implements Fingerprint {

        /** Makes a digest, which must not be empty. */
        public Digest {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("A digest must not be empty");
            }
        }

        @Override
        public String toString() {
            return "Fingerprint[" + text + "]";
        }
    }
}
