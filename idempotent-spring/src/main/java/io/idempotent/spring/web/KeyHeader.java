package io.idempotent.spring.web;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import java.util.List;

/**
 * Reads the key of a request: a String of RFC 8941, which is quoted, or, as most clients send it, the bare text.
 *
 * <ol>
 *   <li>There is one field with one item. Parameters after a quoted key are well formed, and say nothing.
 *   <li>A quoted key has 1 to 255 printable ASCII characters; quotes and backslashes are escaped by a backslash.
 *   <li>A bare key has 1 to 255 printable ASCII characters, and no space, quote, backslash, comma nor semicolon.
 *   <li>The same text is the same key, quoted or not.
 * </ol>
 */
public final class KeyHeader {

    /** The longest field that is looked at: a key of nothing but escaped quotes, and parameters that nobody sends. */
    private static final int MAXIMUM_LENGTH = 2_048;

    private static final String NOT_IN_BARE_KEYS = " \"\\,;";

    private final String name;

    /** Reads the header of this name. */
    public KeyHeader(String name) {
        this.name = name;
    }

    /** The name of the header. */
    public String name() {
        return name;
    }

    /**
     * The key of a request.
     *
     * @param fields the request's fields of this header
     * @throws IdempotencyKeyException if it has none or several, or it is not well formed
     */
    public String read(List<String> fields, String operation) {
        if (fields.isEmpty()) {
            throw new IdempotencyKeyException(operation, "it has no header " + name);
        }
        if (fields.size() > 1) {
            throw malformed(operation, "comes " + fields.size() + " times");
        }
        String field = fields.get(0).strip();
        if (field.length() > MAXIMUM_LENGTH) {
            throw malformed(operation, "has " + field.length() + " characters");
        }
        String key = field.startsWith("\"") ? quoted(field, operation) : bare(field, operation);
        if (IdempotencyKey.isBlank(key)) {
            throw malformed(operation, "is empty");
        }
        if (key.length() > IdempotencyKey.MAXIMUM_LENGTH) {
            throw malformed(operation, "has " + key.length() + " characters");
        }
        return key;
    }

    private String bare(String field, String operation) {
        for (int index = 0; index < field.length(); index++) {
            char character = field.charAt(index);
            if (!isPrintable(character) || NOT_IN_BARE_KEYS.indexOf(character) >= 0) {
                throw malformed(operation, "has a character at " + index + " that a key without quotes must not have");
            }
        }
        return field;
    }

    private String quoted(String field, String operation) {
        StringBuilder key = new StringBuilder(field.length());
        int index = 1;
        while (index < field.length() && field.charAt(index) != '"') {
            char character = field.charAt(index);
            if (character == '\\') {
                index++;
                character = index < field.length() ? field.charAt(index) : 0;
                if (character != '"' && character != '\\') {
                    throw malformed(
                            operation, "has a backslash at " + (index - 1) + " before neither quote nor backslash");
                }
            } else if (!isPrintable(character)) {
                throw malformed(operation, "has a character at " + index + " that is not printable ASCII");
            }
            key.append(character);
            index++;
        }
        if (index >= field.length()) {
            throw malformed(operation, "lacks its closing quote");
        }
        String rest = field.substring(index + 1).strip();
        if (!Parameters.areWellFormed(rest)) {
            throw malformed(operation, "goes on after its closing quote");
        }
        return key.toString();
    }

    private static boolean isPrintable(char character) {
        return character >= 0x20 && character <= 0x7e;
    }

    private IdempotencyKeyException malformed(String operation, String problem) {
        return new IdempotencyKeyException(operation, "its header " + name + " " + problem);
    }
}
