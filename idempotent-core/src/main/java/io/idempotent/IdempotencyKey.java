package io.idempotent;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Names one logical request: an operation, the scope that keeps callers apart, and the value that the caller gave.
 *
 * <p>Two requests are the same request exactly if all three parts are equal, char by char: no collation, no case
 * folding, no trimming. Immutable and safe for use by many threads. A key may be logged and must not hold a secret.
 *
 * <p>The <b>operation</b> is the stable name of what is protected: 1 to {@value #MAXIMUM_OPERATION_LENGTH} characters
 * of {@code A-Z a-z 0-9 _ -}. The <b>scope</b> is what keeps callers apart, such as a tenant: the empty string if there
 * is none; at most {@value #MAXIMUM_LENGTH} characters. The <b>value</b> is the caller's own key: not blank, at most
 * {@value #MAXIMUM_LENGTH} characters. Neither has control characters or unpaired surrogates.
 */
public final class IdempotencyKey {

    /** How many characters a value or a scope may have: {@value}. */
    public static final int MAXIMUM_LENGTH = 255;

    /** How many characters the name of an operation may have: {@value}. */
    public static final int MAXIMUM_OPERATION_LENGTH = 200;

    private final String operation;
    private final String scope;
    private final String value;

    /**
     * Makes a key.
     *
     * @param operation the name of what is protected
     * @param scope what keeps callers apart, or the empty string
     * @param value the caller's own key
     * @throws IllegalArgumentException if the operation's name is not acceptable
     * @throws IdempotencyKeyException if the scope or the value is not acceptable
     */
    public IdempotencyKey(String operation, String scope, String value) {
        this(operation, scope, value, true);
    }

    private IdempotencyKey(String operation, String scope, String value, boolean check) {
        this.operation = Objects.requireNonNull(operation, "operation");
        this.scope = Objects.requireNonNull(scope, "scope");
        this.value = Objects.requireNonNull(value, "value");
        if (check) {
            check();
        }
    }

    /**
     * Makes a key that may only be looked up until it is {@linkplain #check() checked}. What is not acceptable was
     * never recorded, so a replay need not look at each character.
     *
     * @param operation the name of what is protected
     * @param scope what keeps callers apart, or the empty string
     * @param value the caller's own key
     */
    public static IdempotencyKey unchecked(String operation, String scope, String value) {
        return new IdempotencyKey(operation, scope, value, false);
    }

    /**
     * Makes a key without a scope.
     *
     * @throws IllegalArgumentException if the operation's name is not acceptable
     * @throws IdempotencyKeyException if the value is not acceptable
     */
    public static IdempotencyKey of(String operation, String value) {
        return new IdempotencyKey(operation, "", value);
    }

    /**
     * Joins the elements of a composite key into one value, so that no two different lists make the same value. A comma
     * separates elements, and a backslash escapes a comma or backslash inside an element.
     *
     * @param operation the operation that the key is for, for the error's message
     * @throws IdempotencyKeyException if there are no elements, or one is blank
     */
    public static String join(String operation, List<String> elements) {
        if (elements.isEmpty()) {
            throw new IdempotencyKeyException(operation, "the list that makes the key has no elements");
        }
        int length = elements.size() - 1;
        for (int index = 0; index < elements.size(); index++) {
            length += elements.get(index).length();
        }
        // The length if nothing is escaped.
        StringBuilder joined = new StringBuilder(length);
        for (int index = 0; index < elements.size(); index++) {
            String element = elements.get(index);
            if (isBlank(element)) {
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

    /**
     * Tells whether a text looks blank: it has nothing but white space, characters that only format, and others that
     * show nothing, such as the zero width space and the byte order mark.
     */
    public static boolean isBlank(String text) {
        for (int index = 0; index < text.length(); index++) {
            char letter = text.charAt(index);
            // Printable ASCII first: it is what nearly every key is made of.
            if (letter > ' ' && letter < 0x7f) {
                return false;
            }
        }
        return text.codePoints().allMatch(IdempotencyKey::showsNothing);
    }

    private static boolean showsNothing(int letter) {
        return Character.isWhitespace(letter)
                || Character.isSpaceChar(letter)
                || Character.isISOControl(letter)
                || Character.getType(letter) == Character.FORMAT
                || isFiller(letter);
    }

    /**
     * Letters and marks of Unicode that are drawn as nothing: fillers, variation selectors, the blank Braille pattern.
     */
    private static boolean isFiller(int letter) {
        return switch (letter) {
            case 0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2065, 0x2800, 0x3164, 0xffa0 -> true;
            default ->
                (letter >= 0x180b && letter <= 0x180f)
                        || (letter >= 0xfe00 && letter <= 0xfe0f)
                        || (letter >= 0xfff0 && letter <= 0xfff8)
                        || (letter >= 0xe0100 && letter <= 0xe01ef);
        };
    }

    /**
     * Refuses a key that was made {@linkplain #unchecked unchecked} and is not acceptable.
     *
     * @throws IllegalArgumentException if the operation's name is not acceptable
     * @throws IdempotencyKeyException if the scope or the value is not acceptable
     */
    public void check() {
        if (!isOperationName(operation)) {
            throw new IllegalArgumentException("'" + operation + "' is no name for an operation: use 1 to "
                    + MAXIMUM_OPERATION_LENGTH + " letters, digits, hyphens or underscores of ASCII");
        }
        if (isBlank(value)) {
            throw new IdempotencyKeyException(operation, "the key is blank");
        }
        check(operation, "scope", scope);
        check(operation, "key", value);
    }

    /** Returns the stable name of what is protected. */
    public String operation() {
        return operation;
    }

    /** Returns what keeps callers apart; the empty string if there is no scope. */
    public String scope() {
        return scope;
    }

    /** Returns the caller's own key. */
    public String value() {
        return value;
    }

    /**
     * Reads a key from its {@linkplain #toString() text}.
     *
     * @param text the text of a key
     * @throws IllegalArgumentException if no key has that text
     * @throws IdempotencyKeyException if the scope or the value is not acceptable
     */
    public static IdempotencyKey parse(String text) {
        int end = 0;
        while (end < text.length() && text.charAt(end) != ':' && text.charAt(end) != '@') {
            end++;
        }
        StringBuilder scope = new StringBuilder();
        int index = end;
        if (index < text.length() && text.charAt(index) == '@') {
            for (index++; index < text.length() && text.charAt(index) != ':'; index++) {
                if (text.charAt(index) == '\\' && index + 1 < text.length()) {
                    index++;
                }
                scope.append(text.charAt(index));
            }
        }
        if (index == text.length()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no idempotency key: write it as operation:value, or operation@scope:value");
        }
        IdempotencyKey key = new IdempotencyKey(text.substring(0, end), scope.toString(), text.substring(index + 1));
        if (!key.toString().equals(text)) {
            throw new IllegalArgumentException("'" + text + "' is no idempotency key: write it as '" + key + "'");
        }
        return key;
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
        if (text.indexOf('\\') < 0 && text.indexOf(separator) < 0) {
            target.append(text);
            return;
        }
        for (int index = 0; index < text.length(); index++) {
            char letter = text.charAt(index);
            if (letter == '\\' || letter == separator) {
                target.append('\\');
            }
            target.append(letter);
        }
    }

    // The value first, since that differs most.
    @Override
    public boolean equals(@Nullable Object other) {
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
     * Returns the three parts as one text, which no other key has: {@code operation:value}, or {@code
     * operation@scope:value} if there is a scope. A backslash escapes a colon or backslash inside the scope.
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
