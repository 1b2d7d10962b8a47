package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Parts;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * Reads JSON for its meaning: white space says nothing, nor does the order of members, nor how a text or a number is
 * written. {@code 100}, {@code 100.0} and {@code 1e2} are one. Null is not the same as absent, as in a map.
 *
 * <p>The meaning is JSON text, in the form of {@link CanonicalFingerprinter}: no white space, members in the order of
 * their bytes, texts with the fewest escapes. A number is its digits without a point and without zeros at either end,
 * {@code 15e-1}, and {@code 0} for all zeros. This text is hardly ever longer than the JSON.
 *
 * <p>Needs Jackson 3, which reads the JSON as a stream.
 */
public final class CanonicalJson {

    /** How many of Jackson's buffers are kept, for as many as read at the same time. */
    private static final int MAXIMUM_BUFFERS = 64;

    // To ask the pool that Jackson has by default takes as long as to read a short body.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newBoundedPool(MAXIMUM_BUFFERS))
            .build();

    private CanonicalJson() {}

    /**
     * Reads JSON in UTF-8.
     *
     * @param json the bytes between its position and its limit, of an array
     * @return what the JSON means; null if it is none, has a member twice, or is beyond Jackson's limits
     */
    public static @Nullable ByteBuffer of(ByteBuffer json) {
        if (!isUtf8(json)) {
            return null;
        }
        ContentWriter writer = new ContentWriter(ContentForm::of, json.remaining() + Long.BYTES);
        try (JsonParser parser = FACTORY.createParser(
                ObjectReadContext.empty(), json.array(), json.arrayOffset() + json.position(), json.remaining())) {
            if (parser.nextToken() == null || !write(parser, writer) || parser.nextToken() != null) {
                return null;
            }
        } catch (JacksonException | UnencodableContentException refusal) {
            return null;
        }
        return ByteBuffer.wrap(writer.bytes(), 0, writer.length());
    }

    /** Whether JSON is in no other encoding, which Jackson would find out, but not everybody who reads it. */
    private static boolean isUtf8(ByteBuffer json) {
        int start = json.position();
        for (int index = start; index < Math.min(start + 4, json.limit()); index++) {
            byte octet = json.get(index);
            if (octet == 0 || octet == (byte) 0xfe || octet == (byte) 0xff) {
                return false;
            }
        }
        return json.hasRemaining();
    }

    /**
     * Writes the value that begins with the token at hand.
     *
     * @return false if an object in it has a member twice
     */
    private static boolean write(JsonParser parser, ContentWriter writer) {
        JsonToken token = parser.currentToken();
        switch (token) {
            case START_OBJECT -> {
                return writeObject(parser, writer);
            }
            case START_ARRAY -> {
                writer.append('[');
                for (boolean first = true; parser.nextToken() != JsonToken.END_ARRAY; first = false) {
                    if (!first) {
                        writer.append(',');
                    }
                    if (!write(parser, writer)) {
                        return false;
                    }
                }
                writer.append(']');
            }
            case VALUE_STRING -> writer.text(parser.getString());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> writer.ascii(number(parser.getString()));
            case VALUE_TRUE, VALUE_FALSE, VALUE_NULL -> writer.ascii(token.asString());
            default -> throw new IllegalStateException("No value of JSON begins with " + token);
        }
        return true;
    }

    private static boolean writeObject(JsonParser parser, ContentWriter writer) {
        writer.append('{');
        Parts parts = new Parts();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            parts.begin(writer);
            writer.text(name);
            writer.append(':');
            parser.nextToken();
            if (!write(parser, writer)) {
                return false;
            }
        }
        writer.sort(parts);
        writer.append('}');
        return !parts.haveOneNameTwice(writer);
    }

    /** The one text for all numbers of one value, in no more space than they take. */
    private static String number(String text) {
        int end = text.length();
        int exponentAt = Math.max(text.indexOf('e'), text.indexOf('E'));
        int point = text.indexOf('.');
        if (exponentAt < 0 && point < 0 && (text.charAt(end - 1) != '0' || end == 1)) {
            return text;
        }
        boolean negative = text.charAt(0) == '-';
        String whole = text.substring(negative ? 1 : 0, point >= 0 ? point : exponentAt >= 0 ? exponentAt : end);
        String fraction = point < 0 ? "" : text.substring(point + 1, exponentAt >= 0 ? exponentAt : end);
        String digits = whole + fraction;
        int first = 0;
        int last = digits.length();
        while (last > 0 && digits.charAt(last - 1) == '0') {
            last--;
        }
        if (last == 0) {
            return "0";
        }
        while (digits.charAt(first) == '0') {
            first++;
        }
        long moved = (long) digits.length() - last - fraction.length();
        String shortest = (negative ? "-" : "") + digits.substring(first, last);
        if (exponentAt < 0) {
            return moved == 0 ? shortest : shortest + 'e' + moved;
        }
        // As long as the text says: a number is never made of it.
        BigInteger exponent = new BigInteger(text.substring(exponentAt + 1)).add(BigInteger.valueOf(moved));
        return exponent.signum() == 0 ? shortest : shortest + 'e' + exponent;
    }
}
