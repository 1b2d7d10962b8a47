package io.idempotent.spring.interceptor;

import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a call records of itself, as bytes that any version of the application reads.
 *
 * <p>Version 1: whether all arguments follow or one value in place of them, the captured context, and the parts.
 * Numbers are big-endian, and text is UTF-8 after its length.
 *
 * @param reloaded whether the one part stands in place of all arguments
 * @param context what was captured around the call
 * @param parts the arguments, or the one value
 */
record RequestForm(boolean reloaded, Map<String, String> context, List<Part> parts) {

    private static final int VERSION = 1;

    /**
     * One encoded value.
     *
     * @param type the name of the class that its type is erased to
     * @param content its bytes, as a codec made them
     */
    // Never compared.
    @SuppressWarnings("ArrayRecordComponent")
    record Part(String type, byte[] content) {}

    byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeBoolean(reloaded);
            out.writeInt(context.size());
            for (Map.Entry<String, String> entry : context.entrySet()) {
                write(entry.getKey().getBytes(StandardCharsets.UTF_8), out);
                write(entry.getValue().getBytes(StandardCharsets.UTF_8), out);
            }
            out.writeInt(parts.size());
            for (Part part : parts) {
                write(part.type().getBytes(StandardCharsets.UTF_8), out);
                write(part.content(), out);
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads what {@link #bytes} wrote.
     *
     * @throws UnreadableRequestException if another version wrote it, or nobody
     */
    static RequestForm read(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new UnreadableRequestException("it has the unknown version " + version, null);
            }
            boolean reloaded = in.readBoolean();
            Map<String, String> context = new LinkedHashMap<>();
            for (int rest = in.readInt(); rest > 0; rest--) {
                context.put(readText(in), readText(in));
            }
            List<Part> parts = new ArrayList<>();
            for (int rest = in.readInt(); rest > 0; rest--) {
                parts.add(new Part(readText(in), read(in)));
            }
            if (in.read() >= 0) {
                throw new UnreadableRequestException("more follows after its end", null);
            }
            return new RequestForm(reloaded, context, parts);
        } catch (IOException failure) {
            throw new UnreadableRequestException("it ends too early", failure);
        }
    }

    private static void write(byte[] content, DataOutputStream out) throws IOException {
        out.writeInt(content.length);
        out.write(content);
    }

    private static String readText(DataInputStream in) throws IOException {
        return new String(read(in), StandardCharsets.UTF_8);
    }

    private static byte[] read(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new EOFException();
        }
        return in.readNBytes(length);
    }
}
