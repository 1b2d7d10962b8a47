package io.idempotent.codec;

import io.idempotent.Fingerprint;
import io.idempotent.Sha256;
import java.lang.reflect.Type;
import java.security.MessageDigest;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Takes fingerprints of what content holds, equal in every JVM and on every Java version. Needs no other library, and
 * knows no annotations: what is hidden, renamed or formatted for JSON counts as it is.
 *
 * <p>A fingerprint is {@code "1:"}, the version of the method, and 43 characters: the SHA-256 of the content's
 * canonical text in base64url without padding (RFC 4648, section 5). The canonical text is made so, in UTF-8:
 *
 * <ol>
 *   <li>Lists, other collections and arrays are their elements, {@code [1,2]}. Those of a {@code java.util.Set}, and of
 *       the values of a map without order, are sorted by the bytes of their canonical text. An array of bytes is {@code
 *       b}, its length, a colon, and the bytes; one of characters is a string.
 *   <li>Maps are their entries, <code>{"a":1}</code>, sorted alike. Null is a value as any other.
 *   <li>Strings and characters are in quotation marks, with the fewest escapes (RFC 8785, section 3.2.2.2); an unpaired
 *       surrogate is an escape.
 *   <li>Integers of all types are their digits, a {@code BigDecimal} its {@code toString()}, so that 12.5 and 12.50
 *       differ, as they do by {@code equals}. A {@code double} is {@code d}, a {@code float} {@code f}, and their bits
 *       in hexadecimal.
 *   <li>Enum constants are their class's name and their own, {@code org.shop.Color"RED"}. So are the JDK's values:
 *       {@code java.time.LocalDate"2026-01-31"}, where they have no text that says all, with a list of their parts.
 *       {@code Optional}, {@code AtomicReference} and the like are what they hold, or null.
 *   <li>Of an envelope its payload only, see {@link Envelope}.
 *   <li>Every other object is its class's name and its fields, {@code org.shop.Payment{amount:12.50,id:"a"}}, sorted by
 *       name. Private fields count, and those of superclasses. Fields that are null or an empty {@code Optional} are
 *       left out, so that one that is added to a class later changes nothing. A transient field is read by its getter.
 *       Of an exception, its message and cause.
 *   <li>A class that extends one of the JDK's that says something has that first: {@code
 *       org.shop.Basket{[1,2],discount:3}}.
 *   <li>An object inside itself is {@code ^} and how many levels further out it is.
 * </ol>
 *
 * <p>So equal content has equal text, and other content has other text. Not told apart: numbers of different types with
 * the same digits, and collections of different types with the same elements. Of a collection whose class is not the
 * JDK's and extends none of it, only the elements count; one that is declared so, and has fields, is refused.
 *
 * <p>A digest of few possible values can be guessed by trying them all: content that must not be guessed from the store
 * needs a fingerprint without it.
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class CanonicalFingerprinter implements Fingerprinter {

    private static final String VERSION = "1:";

    private CanonicalFingerprinter() {}

    /** {@return a fingerprinter} */
    public static CanonicalFingerprinter create() {
        return new CanonicalFingerprinter();
    }

    /**
     * Whether only the payload of a class's objects counts, since a framework or another library makes them around it.
     *
     * @param type a class or interface
     * @return whether it is an envelope
     */
    public static boolean isEnvelope(Class<?> type) {
        return Envelope.of(type) != null;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Refused are streams, readers, iterators, functional interfaces, futures, publishers, threads and classes;
     * classes of the JDK that are not known to be values; classes with transient fields without getters, or with fields
     * that cannot be read; and whatever has an element or a field of such a type. Of {@code Object} and other types
     * that may have subtypes the content itself tells, when it comes.
     */
    @Override
    public @Nullable String refusal(Type type) {
        return new ContentTypeCheck().refusal(type);
    }

    @Override
    public Fingerprint fingerprint(@Nullable Object content) {
        ContentWriter writer = new ContentWriter(ContentForm::of, 512);
        try {
            writer.write(content);
        } catch (UnencodableContentException unencodable) {
            throw refused(content, String.valueOf(unencodable.getMessage()));
        } catch (RuntimeException | StackOverflowError problem) {
            // Without the cause, whose message may show content.
            throw refused(content, problem.getClass().getName());
        }
        MessageDigest digest = Sha256.begin();
        digest.update(writer.bytes(), 0, writer.length());
        return Fingerprint.ofDigest(
                VERSION + Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest()));
    }

    private static IllegalArgumentException refused(@Nullable Object content, String reason) {
        return new IllegalArgumentException("The content of type "
                + (content == null ? "null" : content.getClass().getTypeName())
                + " cannot be encoded for a fingerprint (" + reason + ")");
    }
}
