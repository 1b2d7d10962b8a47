package io.idempotent.spring.web;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * What JSON means: white space says nothing, nor does the order of members, nor how a number is written, so that {@code
 * 100}, {@code 100.0} and {@code 1e2} are one. Null is not the same as absent.
 *
 * <p>It is written in bytes, of which there are one and a half for each of the JSON at most, and the members of an
 * object put into the order of theirs when it ends: a brace, for each member a comma, its name, a zero and its value,
 * and a brace; an array in brackets; a text after a quotation mark, each of its characters as UTF-8 writes one that
 * stands alone, {@code U+0000} in two bytes, and a zero after it; a number after a {@code 1}, without a point, as its
 * digits without zeros at either end and, if that leaves an exponent other than 0, {@code e} and the exponent, and a
 * zero after it; {@code t}, {@code f}, {@code n}. Used once.
 */
final class CanonicalJson {

    /** How many of Jackson's buffers are kept, for as many as read at the same time. */
    private static final int MAXIMUM_BUFFERS = 64;

    // To ask the pool that Jackson has by default takes as long as to read a short body.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.newBoundedPool(MAXIMUM_BUFFERS))
            .build();

    private byte[] bytes;

    private int length;

    private CanonicalJson(int capacity) {
        this.bytes = new byte[capacity];
    }

    /** What JSON means, to be digested; null if it is none. */
    static @Nullable ByteBuffer of(ByteBuffer json) {
        if (!isUtf8(json)) {
            return null;
        }
        CanonicalJson canonical = new CanonicalJson(json.remaining() + Long.BYTES);
        try (JsonParser parser = FACTORY.createParser(
                ObjectReadContext.empty(), json.array(), json.arrayOffset() + json.position(), json.remaining())) {
            if (parser.nextToken() == null) {
                return null;
            }
            canonical.add(parser);
            if (parser.nextToken() != null) {
                return null;
            }
        } catch (JacksonException malformed) {
            // What it is, the handler will say.
            return null;
        }
        return ByteBuffer.wrap(canonical.bytes, 0, canonical.length);
    }

    /** Whether it is in no other encoding, which Jackson would find out by itself, but not everybody who reads it. */
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

    /** Adds the value that begins with the token at hand. */
    private void add(JsonParser parser) {
        JsonToken token = parser.currentToken();
        switch (token) {
            case START_OBJECT -> addObject(parser);
            case START_ARRAY -> {
                add('[');
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    add(parser);
                }
                add(']');
            }
            case VALUE_STRING -> {
                add('"');
                addText(parser.getString());
            }
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
                add('1');
                addText(number(parser.getString()));
            }
            case VALUE_TRUE -> add('t');
            case VALUE_FALSE -> add('f');
            case VALUE_NULL -> add('n');
            default -> throw new IllegalStateException("No value of JSON begins with " + token);
        }
    }

    private void addObject(JsonParser parser) {
        add('{');
        int[] starts = new int[8];
        int count = 0;
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
            }
            starts[count++] = length;
            add(',');
            addText(name);
            parser.nextToken();
            add(parser);
        }
        if (count > 1) {
            sort(starts, count, parser);
        }
        add('}');
    }

    /** Puts members into the order of their bytes, and so of their names. */
    private void sort(int[] starts, int count, JsonParser parser) {
        boolean sorted = true;
        for (int index = 1; index < count; index++) {
            int order = compareNames(starts[index - 1], starts[index]);
            if (order == 0) {
                throw twice(parser);
            }
            sorted &= order < 0;
        }
        if (sorted) {
            return;
        }
        int end = length;
        Integer[] members = new Integer[count];
        Arrays.setAll(members, index -> index);
        Arrays.sort(members, (left, right) -> compareNames(starts[left], starts[right]));
        byte[] inOrder = new byte[end - starts[0]];
        int position = 0;
        for (int index = 0; index < count; index++) {
            int member = members[index];
            if (index > 0 && compareNames(starts[members[index - 1]], starts[member]) == 0) {
                throw twice(parser);
            }
            int size = (member + 1 < count ? starts[member + 1] : end) - starts[member];
            System.arraycopy(bytes, starts[member], inOrder, position, size);
            position += size;
        }
        System.arraycopy(inOrder, 0, bytes, starts[0], position);
    }

    private static StreamReadException twice(JsonParser parser) {
        return new StreamReadException(parser, "A member's name comes twice");
    }

    /** Compares the names of two members, both of which end with a zero. */
    private int compareNames(int left, int right) {
        int offset = 1;
        while (bytes[left + offset] == bytes[right + offset]) {
            if (bytes[left + offset] == 0) {
                return 0;
            }
            offset++;
        }
        return Byte.compareUnsigned(bytes[left + offset], bytes[right + offset]);
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

    private void addText(String text) {
        int count = text.length();
        for (int index = 0; index < count; index++) {
            char character = text.charAt(index);
            if (character < 0x80 && character != 0) {
                add(character);
            } else if (character < 0x800) {
                add((char) (0xc0 | character >> 6));
                add((char) (0x80 | (character & 0x3f)));
            } else {
                add((char) (0xe0 | character >> 12));
                add((char) (0x80 | (character >> 6 & 0x3f)));
                add((char) (0x80 | (character & 0x3f)));
            }
        }
        add((char) 0);
    }

    private void add(char octet) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, length + (length >> 1) + Long.BYTES);
        }
        bytes[length++] = (byte) octet;
    }
}
