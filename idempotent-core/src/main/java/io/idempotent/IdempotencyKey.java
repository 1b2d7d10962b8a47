package io.idempotent;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names one logical request: an operation, the scope that keeps callers apart, and the value that the caller gave.
 *
 * <p>Two requests are the same request exactly when all three parts are equal, char by char: no collation, no case
 * folding, no trimming. Immutable and safe for use by many threads. A key may be logged and must not hold a secret.
 *
 * @param operation the stable name of what is protected: 1 to {@value #MAXIMUM_OPERATION_LENGTH} characters of
 *     {@code A-Z a-z 0-9 _ -}
 * @param scope what keeps callers apart, a tenant say; the empty string where there is no scope; at most
 *     {@value #MAXIMUM_LENGTH} characters
 * @param value the caller's own key: not blank, at most {@value #MAXIMUM_LENGTH} characters, without control characters
 *     and without unpaired surrogates
 */
public record IdempotencyKey(String operation, String scope, String value) {

    /** How many characters a value or a scope may have: {@value}. */
    public static final int MAXIMUM_LENGTH = 255;

    /** How many characters the name of an operation may have: {@value}. */
    public static final int MAXIMUM_OPERATION_LENGTH = 200;

    private static final @Nullable String[] KNOWN_NAMES = new @Nullable String[64];

    /**
     * Makes a key.
     *
     * @throws IllegalArgumentException if the operation's name has characters that it must not have
     * @throws IdempotencyKeyException if the scope or the value is not acceptable
     */
    public IdempotencyKey {
        if (!isKnownName(operation)) {
            throw new IllegalArgumentException("'" + operation + "' is no name for an operation: use 1 to "
                    + MAXIMUM_OPERATION_LENGTH + " letters, digits, hyphens or underscores of ASCII");
        }
        check(operation, "scope", scope);
        check(operation, "key", value);
        if (value.isBlank()) {
            throw new IdempotencyKeyException(operation, "the key is blank");
        }
    }

    /**
     * Makes a key without a scope.
     *
     * @throws IllegalArgumentException if the operation's name has characters that it must not have
     * @throws IdempotencyKeyException if the value is not acceptable
     */
    public static IdempotencyKey of(String operation, String value) {
        return new IdempotencyKey(operation, "", value);
    }

    /**
     * Joins the elements of a composite key into one value, so that no two different lists make the same value:
     * elements are separated by a comma, and a comma or backslash inside an element is escaped by a backslash.
     *
     * @param operation the operation that the key is for, for the error's message
     * @throws IdempotencyKeyException if there are no elements, or one is blank
     */
    public static String join(String operation, List<String> elements) {
        if (elements.isEmpty()) {
            throw new IdempotencyKeyException(operation, "the list that makes the key has no elements");
        }
        StringBuilder joined = new StringBuilder();
        for (int index = 0; index < elements.size(); index++) {
            String element = elements.get(index);
            if (element.isBlank()) {
                throw new IdempotencyKeyException(operation, "element " + index + " of the key is blank");
            }
            if (index > 0) {
                joined.append(',');
            }
            appendEscaped(joined, element, ',');
        }
        return joined.toString();
    }

    /**
     * Tells whether a text can name an operation.
     *
     * @return true if it has 1 to {@value #MAXIMUM_OPERATION_LENGTH} ASCII letters, digits, hyphens or underscores
     */
    public static boolean isOperationName(String text) {
        int length = text.length();
        if (length == 0 || length > MAXIMUM_OPERATION_LENGTH) {
            return false;
        }
        for (int index = 0; index < length; index++) {
            char letter = text.charAt(index);
            boolean allowed = (letter >= 'a' && letter <= 'z')
                    || (letter >= 'A' && letter <= 'Z')
                    || (letter >= '0' && letter <= '9')
                    || letter == '-'
                    || letter == '_';
            if (!allowed) {
                return false;
            }
        }
        return true;
    }

    /** Looks at a name only when it is another than the last one with its hash: the same few come again with every call. */
    private static boolean isKnownName(String operation) {
        int slot = operation.hashCode() & (KNOWN_NAMES.length - 1);
        // Compared by identity, which costs nothing; of racing writers any may win.
        if (isSame(KNOWN_NAMES[slot], operation)) {
            return true;
        }
        if (!isOperationName(operation)) {
            return false;
        }
        KNOWN_NAMES[slot] = operation;
        return true;
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(@Nullable String one, String other) {
        return one == other;
    }

    private static void check(String operation, String part, String text) {
        int length = text.length();
        if (length > MAXIMUM_LENGTH) {
            throw new IdempotencyKeyException(
                    operation, "the " + part + " has " + length + " characters, at most " + MAXIMUM_LENGTH);
        }
        for (int index = 0; index < length; index++) {
            char letter = text.charAt(index);
            // Printable ASCII first: it is what nearly every key is made of.
            if (letter >= ' ' && letter < 0x7f) {
                continue;
            }
            if (Character.isISOControl(letter)) {
                throw new IdempotencyKeyException(
                        operation, "the " + part + " has a control character at position " + index);
            }
            if (Character.isSurrogate(letter)) {
                boolean pair = Character.isHighSurrogate(letter)
                        && index + 1 < length
                        && Character.isLowSurrogate(text.charAt(index + 1));
                if (!pair) {
                    throw new IdempotencyKeyException(
                            operation, "the " + part + " has an unpaired surrogate at position " + index);
                }
                index++;
            }
        }
    }

    private static void appendEscaped(StringBuilder target, String text, char separator) {
        for (int index = 0; index < text.length(); index++) {
            char letter = text.charAt(index);
            if (letter == '\\' || letter == separator) {
                target.append('\\');
            }
            target.append(letter);
        }
    }

    // Written out, since the records' own implementation is slower until the JIT has inlined it, and the value is what
    // differs.
    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof IdempotencyKey key
                        && value.equals(key.value)
                        && operation.equals(key.operation)
                        && scope.equals(key.scope));
    }

    @Override
    public int hashCode() {
        return (operation.hashCode() * 31 + scope.hashCode()) * 31 + value.hashCode();
    }

    /**
     * The three parts as one text, which no other key has: {@code operation:value}, or {@code operation@scope:value}
     * where there is a scope, with a colon or backslash inside the scope escaped by a backslash.
     */
    @Override
    public String toString() {
        if (scope.isEmpty()) {
            return operation + ':' + value;
        }
        StringBuilder text = new StringBuilder(operation).append('@');
        appendEscaped(text, scope, ':');
        return text.append(':').append(value).toString();
    }
}
