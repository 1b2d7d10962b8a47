package io.idempotent.spring.actuate;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import java.util.Base64;

/**
 * Where a page ended, as a text that can stand in a URL, whatever the key is.
 *
 * @param store the name of the store that the last record is in
 * @param key the last record's key
 */
record Cursor(String store, IdempotencyKey key) {

    // No bean of a store is named so, and no key has it.
    private static final char SEPARATOR = '\n';

    static Cursor parse(String text) {
        try {
            String decoded = new String(Base64.getUrlDecoder().decode(text), UTF_8);
            int end = decoded.indexOf(SEPARATOR);
            return new Cursor(decoded.substring(0, Math.max(0, end)), IdempotencyKey.parse(decoded.substring(end + 1)));
        } catch (IllegalArgumentException | IdempotencyException misspelt) {
            throw new Refusal(400, "'after' names no record; take it from 'next' of the page before");
        }
    }

    @Override
    public String toString() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString((store + SEPARATOR + key).getBytes(UTF_8));
    }
}
