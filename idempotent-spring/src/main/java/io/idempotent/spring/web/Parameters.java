package io.idempotent.spring.web;

/**
 * Parameters of RFC 8941, section 3.1.2, read character by character: a regular expression takes a frame of the stack
 * for each of a client's characters. Used by one thread.
 */
final class Parameters {

    private static final String TOKEN_PUNCTUATION = ":/!#$%&'*+.^_`|~-";

    private static final int MAXIMUM_DIGITS = 15;

    private static final int MAXIMUM_FRACTION = 3;

    private final String text;
    private int index;

    private Parameters(String text) {
        this.text = text;
    }

    /** Whether a text is parameters, or empty. */
    static boolean areWellFormed(String text) {
        Parameters parameters = new Parameters(text);
        while (parameters.index < text.length()) {
            if (!parameters.isParameter()) {
                return false;
            }
        }
        return true;
    }

    private boolean isParameter() {
        if (!take(';')) {
            return false;
        }
        skip(" ");
        if (!isBetween('a', peek(), 'z') && peek() != '*') {
            return false;
        }
        while (isBetween('a', peek(), 'z') || isDigit(peek()) || isOneOf("_.*-", peek())) {
            index++;
        }
        return !take('=') || isItem();
    }

    private boolean isItem() {
        char first = peek();
        if (first == '"') {
            return isString();
        }
        if (first == '?') {
            index++;
            return take('0') || take('1');
        }
        if (first == ':') {
            return isBytes();
        }
        boolean number = first == '-' || isDigit(first);
        return number ? isNumber() : isToken();
    }

    private boolean isString() {
        index++;
        while (peek() >= ' ' && peek() <= '~') {
            if (take('"')) {
                return true;
            }
            if (take('\\') && peek() != '"' && peek() != '\\') {
                return false;
            }
            index++;
        }
        return false;
    }

    private boolean isBytes() {
        index++;
        while (isAlphanumeric(peek()) || isOneOf("+/=", peek())) {
            index++;
        }
        return take(':');
    }

    private boolean isNumber() {
        take('-');
        int digits = digits();
        return digits > 0 && digits <= MAXIMUM_DIGITS && (!take('.') || isFraction(digits()));
    }

    private static boolean isFraction(int digits) {
        return digits > 0 && digits <= MAXIMUM_FRACTION;
    }

    private boolean isToken() {
        if (isDigit(peek()) || (!isAlphanumeric(peek()) && peek() != '*')) {
            return false;
        }
        while (isAlphanumeric(peek()) || isOneOf(TOKEN_PUNCTUATION, peek())) {
            index++;
        }
        return true;
    }

    private int digits() {
        int before = index;
        skip("0123456789");
        return index - before;
    }

    private void skip(String characters) {
        while (isOneOf(characters, peek())) {
            index++;
        }
    }

    private boolean take(char character) {
        if (peek() != character) {
            return false;
        }
        index++;
        return true;
    }

    /** The next character; NUL, which nothing allows, at the end. */
    private char peek() {
        return index < text.length() ? text.charAt(index) : 0;
    }

    private static boolean isOneOf(String characters, char character) {
        return characters.indexOf(character) >= 0;
    }

    private static boolean isAlphanumeric(char character) {
        return isBetween('a', character, 'z') || isBetween('A', character, 'Z') || isDigit(character);
    }

    private static boolean isDigit(char character) {
        return isBetween('0', character, '9');
    }

    private static boolean isBetween(char first, char character, char last) {
        return character >= first && character <= last;
    }
}
