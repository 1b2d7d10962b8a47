package io.idempotent.codec;

import java.io.InputStream;
import java.io.Reader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.Base64Variant;
import tools.jackson.core.Base64Variants;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.SerializableString;
import tools.jackson.core.StreamWriteCapability;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamContext;
import tools.jackson.core.TreeNode;
import tools.jackson.core.Version;
import tools.jackson.core.io.NumberOutput;
import tools.jackson.core.util.JacksonFeatureSet;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes canonical text, the same for equal content, as {@link JacksonFingerprinter} describes it. Everything goes into
 * one array of bytes; where the members of an object or the elements of a set come in another than the canonical order,
 * their bytes are put into it when the object or the set ends.
 *
 * <p>Not safe for use by many threads.
 */
final class CanonicalGenerator extends JsonGenerator {

    /** How deep content is nested at most. */
    static final int MAXIMUM_DEPTH = 500;

    private static final byte[] HEXADECIMAL = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private static final JacksonFeatureSet<StreamWriteCapability> CAPABILITIES =
            JacksonFeatureSet.fromDefaults(StreamWriteCapability.values());

    /** The name that goes before an object's members where its class has kin; empty where it has none. */
    private static final ClassValue<byte[]> CLASS_NAMES = new ClassValue<>() {
        @Override
        protected byte[] computeValue(Class<?> type) {
            String name = hasKin(type) ? type.getName() : "";
            return name.substring(name.lastIndexOf('.') + 1).getBytes(StandardCharsets.UTF_8);
        }
    };

    private final JsonMapper mapper;

    private byte[] bytes = new byte[512];

    private int length;

    private Frame frame = new Frame(null, 0);

    private boolean closed;

    CanonicalGenerator(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** The array that holds the text, in its first {@link #length()} bytes. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Whether objects of a class can stand where objects of other classes of the application can stand too. */
    private static boolean hasKin(Class<?> type) {
        if (isPlatform(type) || Map.class.isAssignableFrom(type) || TreeNode.class.isAssignableFrom(type)) {
            return false;
        }
        for (Class<?> current = type; current != null; current = current.getSuperclass()) {
            if (current != type && !isPlatform(current)) {
                return true;
            }
            for (Class<?> parent : current.getInterfaces()) {
                if (!isPlatform(parent)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isPlatform(Class<?> type) {
        return type.getName().startsWith("java.");
    }

    // Structure

    @Override
    public JsonGenerator writeStartArray() {
        return startArray(null);
    }

    @Override
    public JsonGenerator writeStartArray(@Nullable Object value) {
        return startArray(value);
    }

    @Override
    public JsonGenerator writeStartArray(@Nullable Object value, int size) {
        return startArray(value);
    }

    private JsonGenerator startArray(@Nullable Object value) {
        beforeValue();
        append('[');
        frame = frame.startArray(value);
        checkDepth();
        return this;
    }

    @Override
    public JsonGenerator writeEndArray() {
        if (!frame.inArray()) {
            throw _constructWriteException("There is no array to end");
        }
        if (frame.isSet) {
            sort();
        }
        frame = frame.end();
        append(']');
        return this;
    }

    @Override
    public JsonGenerator writeStartObject() {
        return startObject(null);
    }

    @Override
    public JsonGenerator writeStartObject(@Nullable Object value) {
        return startObject(value);
    }

    @Override
    public JsonGenerator writeStartObject(@Nullable Object value, int size) {
        return startObject(value);
    }

    private JsonGenerator startObject(@Nullable Object value) {
        beforeValue();
        if (value != null) {
            append(CLASS_NAMES.get(value.getClass()));
        }
        append('{');
        frame = frame.startObject(value);
        checkDepth();
        return this;
    }

    @Override
    public JsonGenerator writeEndObject() {
        if (!frame.inObject()) {
            throw _constructWriteException("There is no object to end");
        }
        sort();
        frame = frame.end();
        append('}');
        return this;
    }

    @Override
    public JsonGenerator writeName(String name) {
        if (!frame.inObject()) {
            throw _constructWriteException("A name has its place in an object only");
        }
        frame.name = name;
        return this;
    }

    @Override
    public JsonGenerator writeName(SerializableString name) {
        return writeName(name.getValue());
    }

    @Override
    public JsonGenerator writePropertyId(long id) {
        return writeName(Long.toString(id));
    }

    private void beforeValue() {
        Frame current = frame;
        if (current.inRoot()) {
            return;
        }
        if (current.count > 0) {
            append(',');
        }
        if (current.inObject()) {
            String name = current.name;
            if (name == null) {
                throw _constructWriteException("A value in an object has no name");
            }
            current.add(name, length);
            current.name = null;
            text(name);
            append(':');
        } else if (current.isSet) {
            current.add("", length);
        } else {
            current.count++;
        }
    }

    private void checkDepth() {
        if (frame.getNestingDepth() > MAXIMUM_DEPTH) {
            throw _constructWriteException("Content is nested too deep");
        }
    }

    /** Puts the parts of the object or set that ends into their order. */
    private void sort() {
        Frame current = frame;
        int count = current.count;
        if (count < 2 || isSorted(current)) {
            return;
        }
        Integer[] order = new Integer[count];
        Arrays.setAll(order, index -> index);
        Arrays.sort(order, (left, right) -> compare(current, left, right));
        int start = current.starts[0];
        byte[] sorted = new byte[length - start];
        int position = 0;
        for (int index : order) {
            if (position > 0) {
                sorted[position++] = ',';
            }
            int size = current.end(index, length) - current.starts[index];
            System.arraycopy(bytes, current.starts[index], sorted, position, size);
            position += size;
        }
        System.arraycopy(sorted, 0, bytes, start, position);
    }

    private boolean isSorted(Frame current) {
        for (int index = 1; index < current.count; index++) {
            if (compare(current, index - 1, index) > 0) {
                return false;
            }
        }
        return true;
    }

    private int compare(Frame current, int left, int right) {
        int byName = current.names[left].compareTo(current.names[right]);
        if (byName != 0) {
            return byName;
        }
        // Elements of a set; or keys of a map that differ, while their names do not.
        return Arrays.compareUnsigned(
                bytes,
                current.starts[left],
                current.end(left, length),
                bytes,
                current.starts[right],
                current.end(right, length));
    }

    // Text

    @Override
    public JsonGenerator writeString(@Nullable String value) {
        if (value == null) {
            return writeNull();
        }
        beforeValue();
        text(value);
        return this;
    }

    @Override
    public JsonGenerator writeString(char[] buffer, int offset, int count) {
        return writeString(new String(buffer, offset, count));
    }

    @Override
    public JsonGenerator writeString(SerializableString value) {
        return writeString(value.getValue());
    }

    @Override
    public JsonGenerator writeString(Reader reader, int count) {
        throw _constructWriteException("Text that is read once is no content");
    }

    @Override
    public JsonGenerator writeRawUTF8String(byte[] buffer, int offset, int count) {
        throw _constructWriteException("Raw text has no canonical form");
    }

    @Override
    public JsonGenerator writeUTF8String(byte[] buffer, int offset, int count) {
        return writeString(new String(buffer, offset, count, StandardCharsets.UTF_8));
    }

    @Override
    public JsonGenerator writeRaw(String value) {
        throw _constructWriteException("Raw text has no canonical form");
    }

    @Override
    public JsonGenerator writeRaw(String value, int offset, int count) {
        return writeRaw(value);
    }

    @Override
    public JsonGenerator writeRaw(char[] value, int offset, int count) {
        return writeRaw("");
    }

    @Override
    public JsonGenerator writeRaw(char value) {
        return writeRaw("");
    }

    @Override
    public JsonGenerator writeRawValue(String value) {
        beforeValue();
        // Marked, so that it stays apart from all that is not raw: what it holds is not known.
        append('r');
        text(value);
        return this;
    }

    @Override
    public JsonGenerator writeRawValue(String value, int offset, int count) {
        return writeRawValue(value.substring(offset, offset + count));
    }

    @Override
    public JsonGenerator writeRawValue(char[] value, int offset, int count) {
        return writeRawValue(new String(value, offset, count));
    }

    @Override
    public JsonGenerator writeBinary(Base64Variant variant, byte[] data, int offset, int count) {
        // Always the same alphabet, whichever the mapper or an annotation names.
        return writeString(Base64Variants.MIME_NO_LINEFEEDS.encode(Arrays.copyOfRange(data, offset, offset + count)));
    }

    @Override
    public int writeBinary(Base64Variant variant, InputStream data, int count) {
        throw _constructWriteException("Bytes that are read once are no content");
    }

    // Numbers

    @Override
    public JsonGenerator writeNumber(short value) {
        return number(Integer.toString(value));
    }

    @Override
    public JsonGenerator writeNumber(int value) {
        return number(Integer.toString(value));
    }

    @Override
    public JsonGenerator writeNumber(long value) {
        return number(Long.toString(value));
    }

    @Override
    public JsonGenerator writeNumber(@Nullable BigInteger value) {
        return value == null ? writeNull() : number(value.toString());
    }

    @Override
    public JsonGenerator writeNumber(double value) {
        // Not by Double.toString, which gives other digits before Java 19 than since.
        return number(NumberOutput.toString(value, true));
    }

    @Override
    public JsonGenerator writeNumber(float value) {
        return number(NumberOutput.toString(value, true));
    }

    @Override
    public JsonGenerator writeNumber(@Nullable BigDecimal value) {
        return value == null ? writeNull() : number(value.toString());
    }

    @Override
    public JsonGenerator writeNumber(@Nullable String encodedValue) {
        return encodedValue == null ? writeNull() : number(encodedValue);
    }

    private JsonGenerator number(String digits) {
        beforeValue();
        ascii(digits);
        return this;
    }

    // Other values

    @Override
    public JsonGenerator writeBoolean(boolean value) {
        return number(value ? "true" : "false");
    }

    @Override
    public JsonGenerator writeNull() {
        if (frame.inObject()) {
            frame.name = null;
            return this;
        }
        return number("null");
    }

    @Override
    public JsonGenerator writePOJO(@Nullable Object value) {
        if (value == null) {
            return writeNull();
        }
        if (value instanceof byte[] binary) {
            return writeBinary(Base64Variants.MIME_NO_LINEFEEDS, binary, 0, binary.length);
        }
        mapper.writeValue(this, value);
        return this;
    }

    @Override
    public JsonGenerator writeTree(@Nullable TreeNode value) {
        return writePOJO(value);
    }

    // What Jackson asks of a generator

    @Override
    public Version version() {
        return Version.unknownVersion();
    }

    @Override
    public TokenStreamContext streamWriteContext() {
        return frame;
    }

    @Override
    public ObjectWriteContext objectWriteContext() {
        return ObjectWriteContext.empty();
    }

    @Override
    public @Nullable Object streamWriteOutputTarget() {
        return null;
    }

    @Override
    public int streamWriteOutputBuffered() {
        return length;
    }

    @Override
    public @Nullable Object currentValue() {
        return frame.value;
    }

    @Override
    public void assignCurrentValue(@Nullable Object value) {
        frame.value = value;
    }

    @Override
    public JsonGenerator configure(StreamWriteFeature feature, boolean state) {
        return this;
    }

    @Override
    public boolean isEnabled(StreamWriteFeature feature) {
        return false;
    }

    @Override
    public int streamWriteFeatures() {
        return 0;
    }

    @Override
    public boolean has(StreamWriteCapability capability) {
        return CAPABILITIES.isEnabled(capability);
    }

    @Override
    public JacksonFeatureSet<StreamWriteCapability> streamWriteCapabilities() {
        return CAPABILITIES;
    }

    @Override
    public void flush() {
        // The bytes stay where they are.
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
    }

    // Bytes

    private void append(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
    }

    private void append(byte[] source) {
        reserve(source.length);
        System.arraycopy(source, 0, bytes, length, source.length);
        length += source.length;
    }

    @SuppressWarnings("deprecation") // The only method that copies ASCII without making an array.
    private void ascii(String digits) {
        int count = digits.length();
        reserve(count);
        digits.getBytes(0, count, bytes, length);
        length += count;
    }

    /** Appends a string as RFC 8785, section 3.2.2.2, writes it; an unpaired surrogate, which it refuses, as an escape. */
    private void text(String value) {
        int count = value.length();
        // Six bytes are the most that one char makes.
        reserve(2 + 6L * count);
        byte[] target = bytes;
        int position = length;
        target[position++] = '"';
        for (int index = 0; index < count; index++) {
            char letter = value.charAt(index);
            if (letter >= ' ' && letter < 0x7f && letter != '"' && letter != '\\') {
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
                    && index + 1 < count
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
        target[position++] = '"';
        length = position;
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

    private void reserve(long count) {
        if (count > bytes.length - length) {
            long needed = length + count;
            if (needed > Integer.MAX_VALUE - 8) {
                throw _constructWriteException("Content is too large");
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(2L * bytes.length, needed)));
        }
    }

    /** An object or array that has been started, and where its parts begin. Used again for the next one at its depth. */
    private static final class Frame extends TokenStreamContext {

        private static final String[] NO_NAMES = {};

        private static final int[] NO_STARTS = {};

        private final @Nullable Frame parent;

        private @Nullable Frame child;

        private @Nullable Object value;

        private @Nullable String name;

        private boolean isSet;

        private int count;

        private String[] names = NO_NAMES;

        private int[] starts = NO_STARTS;

        Frame(@Nullable Frame parent, int depth) {
            super(TYPE_ROOT, -1);
            this.parent = parent;
            this._nestingDepth = depth;
        }

        Frame startArray(@Nullable Object content) {
            Frame started = start(TYPE_ARRAY, content);
            started.isSet = content instanceof Set;
            return started;
        }

        Frame startObject(@Nullable Object content) {
            return start(TYPE_OBJECT, content);
        }

        private Frame start(int type, @Nullable Object content) {
            Frame started = child;
            if (started == null) {
                started = new Frame(this, _nestingDepth + 1);
                child = started;
            }
            started._type = type;
            started.value = content;
            started.name = null;
            started.isSet = false;
            started.count = 0;
            return started;
        }

        Frame end() {
            value = null;
            return parent == null ? this : parent;
        }

        void add(String partName, int start) {
            if (count == starts.length) {
                int capacity = Math.max(8, 2 * count);
                names = Arrays.copyOf(names, capacity);
                starts = Arrays.copyOf(starts, capacity);
            }
            names[count] = partName;
            starts[count++] = start;
        }

        /** Where a part ends: before the comma before the next one. */
        int end(int part, int endOfLast) {
            return part + 1 < count ? starts[part + 1] - 1 : endOfLast;
        }

        @Override
        public @Nullable TokenStreamContext getParent() {
            return parent;
        }

        @Override
        public @Nullable String currentName() {
            return name;
        }

        @Override
        public @Nullable Object currentValue() {
            return value;
        }

        @Override
        public void assignCurrentValue(@Nullable Object current) {
            value = current;
        }
    }
}
