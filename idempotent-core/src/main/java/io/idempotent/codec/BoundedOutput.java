package io.idempotent.codec;

import java.io.OutputStream;
import java.util.Arrays;

/** Collects bytes up to a limit; refuses the write that would go beyond it. Not safe for use by many threads. */
final class BoundedOutput extends OutputStream {

    private final int limit;

    private byte[] bytes;

    private int length;

    private boolean exceeded;

    BoundedOutput(int limit) {
        this.limit = limit;
        this.bytes = new byte[Math.min(limit, 512)];
    }

    @Override
    public void write(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
    }

    @Override
    public void write(byte[] source, int offset, int count) {
        reserve(count);
        System.arraycopy(source, offset, bytes, length, count);
        length += count;
    }

    /** Whether more was written than the limit allows. */
    boolean isExceeded() {
        return exceeded;
    }

    byte[] toByteArray() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    private void reserve(int count) {
        // The generator writes what it has buffered when it is closed after the refusal: that must be refused too.
        if (exceeded || count > limit - length) {
            exceeded = true;
            throw new IllegalStateException("More than " + limit + " bytes");
        }
        if (count > bytes.length - length) {
            long doubled = Math.max(2L * bytes.length, (long) length + count);
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, doubled));
        }
    }
}
