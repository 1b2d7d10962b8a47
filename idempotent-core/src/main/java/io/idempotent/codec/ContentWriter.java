package io.idempotent.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes canonical text, the same for equal content, as {@link CanonicalFingerprinter} describes it. Everything goes
 * into one array of bytes; the entries of a map and the elements of a set are put into their order when it ends.
 *
 * <p>Not safe for use by many threads.
 */
final class ContentWriter {

    /** How deep content is nested at most. */
    static final int MAXIMUM_DEPTH = 500;

    /** How many bytes the text of content has at most. */
    static final int MAXIMUM_LENGTH = 64 * 1024 * 1024;

    /** How many characters of a string are written at a time. */
    private static final int PIECE = 1_024;

    private static final byte[] HEXADECIMAL = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private static final ClassValue<byte[]> NAMES = new ClassValue<>() {
        @Override
        protected byte[] computeValue(Class<?> type) {
            return type.getName().getBytes(StandardCharsets.UTF_8);
        }
    };

    private final Function<Class<?>, ? extends Writing> writings;

    private byte[] bytes;

    private int length;

    // The objects that are being written, each inside the one before.
    private Object[] path = new Object[16];

    private int depth;

    /**
     * Makes a writer of nothing yet.
     *
     * @param writings knows how the objects of each class are written
     * @param capacity how many bytes are expected
     */
    ContentWriter(Function<Class<?>, ? extends Writing> writings, int capacity) {
        this.writings = writings;
        this.bytes = new byte[capacity];
    }

    /** The array that holds the text, in its first {@link #length()} bytes. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    void write(@Nullable Object value) {
        if (value == null) {
            ascii("null");
        } else {
            writings.apply(value.getClass()).write(value, this);
        }
    }

    /**
     * Begins an object that holds others. One that is being written already is named by how many levels further out it
     * is.
     *
     * @return whether it is to be written, and then {@linkplain #leave() left}
     */
    boolean enter(Object value) {
        for (int level = depth - 1; level >= 0; level--) {
            if (path[level] == value) {
                append('^');
                ascii(Integer.toString(depth - level));
                return false;
            }
        }
        if (depth == MAXIMUM_DEPTH) {
            throw new UnencodableContentException("it is nested deeper than " + MAXIMUM_DEPTH + " levels");
        }
        if (depth == path.length) {
            path = Arrays.copyOf(path, 2 * depth);
        }
        path[depth++] = value;
        return true;
    }

    void leave() {
        path[--depth] = "";
    }

    /** Writes elements in their order. */
    void elements(Iterable<?> elements) {
        append('[');
        boolean first = true;
        for (Object element : elements) {
            if (!first) {
                append(',');
            }
            first = false;
            write(element);
        }
        append(']');
    }

    /** Writes elements that have no order. */
    void unordered(Iterable<?> elements) {
        append('[');
        Parts parts = new Parts();
        for (Object element : elements) {
            parts.begin(this);
            write(element);
        }
        sort(parts);
        append(']');
    }

    /** Writes the entries of a map, which have no order. */
    void entries(Map<?, ?> map) {
        append('{');
        Parts parts = new Parts();
        map.forEach((key, value) -> {
            parts.begin(this);
            write(key);
            append(':');
            write(value);
        });
        sort(parts);
        append('}');
    }

    /** Puts parts, the last of which ends here, in the order of their bytes. */
    void sort(Parts parts) {
        int count = parts.count;
        boolean inOrder = true;
        for (int part = 1; part < count && inOrder; part++) {
            inOrder = parts.compare(part - 1, part, this) <= 0;
        }
        if (inOrder) {
            return;
        }
        Integer[] order = new Integer[count];
        Arrays.setAll(order, part -> part);
        Arrays.sort(order, (left, right) -> parts.compare(left, right, this));
        int start = parts.starts[0];
        byte[] sorted = new byte[length - start];
        int[] starts = new int[count];
        int position = 0;
        for (int index = 0; index < count; index++) {
            if (position > 0) {
                sorted[position++] = ',';
            }
            int part = order[index];
            int size = parts.end(part, this) - parts.starts[part];
            System.arraycopy(bytes, parts.starts[part], sorted, position, size);
            starts[index] = start + position;
            position += size;
        }
        System.arraycopy(sorted, 0, bytes, start, position);
        parts.starts = starts;
    }

    /** Appends the name of the class to which belongs what follows. */
    void name(Class<?> type) {
        append(NAMES.get(type));
    }

    void append(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
    }

    void append(byte[] source) {
        reserve(source.length);
        System.arraycopy(source, 0, bytes, length, source.length);
        length += source.length;
    }

    /** Appends bytes as they are, after their number. */
    void binary(byte[] content) {
        append('b');
        ascii(Integer.toString(content.length));
        append(':');
        append(content);
    }

    @SuppressWarnings("deprecation") // The only method that copies ASCII without making an array.
    void ascii(String digits) {
        int count = digits.length();
        reserve(count);
        digits.getBytes(0, count, bytes, length);
        length += count;
    }

    /**
     * Appends a string in UTF-8 as RFC 8785, section 3.2.2.2, writes it; an unpaired surrogate, which it refuses, as an
     * escape.
     */
    void text(String value) {
        append('"');
        int count = value.length();
        int start = 0;
        while (start < count) {
            int end = Math.min(count, start + PIECE);
            if (end < count && Character.isHighSurrogate(value.charAt(end - 1))) {
                end--;
            }
            characters(value, start, end);
            start = end;
        }
        append('"');
    }

    @SuppressWarnings("deprecation") // The only method that copies ASCII without making an array.
    private void characters(String value, int from, int end) {
        int start = from;
        while (start < end && isPlain(value.charAt(start))) {
            start++;
        }
        reserve(start - from);
        value.getBytes(from, start, bytes, length);
        length += start - from;
        if (start == end) {
            return;
        }
        // Six bytes are the most that one char makes.
        reserve(6 * (end - start));
        byte[] target = bytes;
        int position = length;
        for (int index = start; index < end; index++) {
            char letter = value.charAt(index);
            if (isPlain(letter)) {
                target[position++] = (byte) letter;
            } else if (letter < 0x80) {
                position = escape(target, position, letter);
            } else if (letter < 0x800) {
                target[position++] = (byte) (0xc0 | letter >> 6);
                target[position++] = continuation(letter);
            } else if (!Character.isSurrogate(letter)) {
                target[position++] = (byte) (0xe0 | letter >> 12);
                target[position++] = continuation(letter >> 6);
                target[position++] = continuation(letter);
            } else if (Character.isHighSurrogate(letter)
                    && index + 1 < end
                    && Character.isLowSurrogate(value.charAt(index + 1))) {
                int point = Character.toCodePoint(letter, value.charAt(++index));
                target[position++] = (byte) (0xf0 | point >> 18);
                target[position++] = continuation(point >> 12);
                target[position++] = continuation(point >> 6);
                target[position++] = continuation(point);
            } else {
                position = hexadecimal(target, position, letter);
            }
        }
        length = position;
    }

    private static boolean isPlain(char letter) {
        return letter >= ' ' && letter < 0x7f && letter != '"' && letter != '\\';
    }

    private static byte continuation(int bits) {
        return (byte) (0x80 | (bits & 0x3f));
    }

    private static int escape(byte[] target, int start, char letter) {
        int position = start;
        char abbreviation = switch (letter) {
            case '"' -> '"';
            case '\\' -> '\\';
            case '\b' -> 'b';
            case '\t' -> 't';
            case '\n' -> 'n';
            case '\f' -> 'f';
            case '\r' -> 'r';
            default -> 0;
        };
        if (abbreviation != 0) {
            target[position++] = '\\';
            target[position++] = (byte) abbreviation;
            return position;
        }
        if (letter == 0x7f) {
            target[position++] = 0x7f;
            return position;
        }
        return hexadecimal(target, position, letter);
    }

    private static int hexadecimal(byte[] target, int start, char letter) {
        int position = start;
        target[position++] = '\\';
        target[position++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4) {
            target[position++] = HEXADECIMAL[letter >> shift & 0xf];
        }
        return position;
    }

    private void reserve(int count) {
        if (count > bytes.length - length) {
            long needed = (long) length + count;
            if (needed > MAXIMUM_LENGTH) {
                throw new UnencodableContentException("its text is longer than " + MAXIMUM_LENGTH + " bytes");
            }
            bytes = Arrays.copyOf(bytes, (int) Math.max(2L * bytes.length, needed));
        }
    }

    /** Writes objects of a kind that it knows. */
    @FunctionalInterface
    interface Writing {

        void write(Object value, ContentWriter writer);
    }

    /** Where parts that have no order begin. */
    static final class Parts {

        private int[] starts = new int[8];

        private int count;

        void begin(ContentWriter writer) {
            if (count > 0) {
                writer.append(',');
            }
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
            }
            starts[count++] = writer.length;
        }

        /** Where a part ends: before the comma before the next one. */
        private int end(int part, ContentWriter writer) {
            return part + 1 < count ? starts[part + 1] - 1 : writer.length;
        }

        private int compare(int left, int right, ContentWriter writer) {
            byte[] bytes = writer.bytes;
            return Arrays.compareUnsigned(
                    bytes, starts[left], end(left, writer), bytes, starts[right], end(right, writer));
        }

        /** Whether two of the parts, which are in order, begin with the same text in quotation marks. */
        boolean haveOneNameTwice(ContentWriter writer) {
            byte[] bytes = writer.bytes;
            for (int part = 1; part < count; part++) {
                boolean escaped = false;
                for (int offset = 1; bytes[starts[part - 1] + offset] == bytes[starts[part] + offset]; offset++) {
                    byte octet = bytes[starts[part] + offset];
                    if (octet == '"' && !escaped) {
                        return true;
                    }
                    escaped = octet == '\\' && !escaped;
                }
            }
            return false;
        }
    }
}
