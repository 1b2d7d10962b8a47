package io.idempotent.spring.web.servlet;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A request that keeps what is read of its body, up to the length that is accepted. The body can be asked for as a
 * whole, and others still read it from where they are. (Spring's {@code ContentCachingRequestWrapper} gives what its
 * reader has read to nobody who reads again.) Used by one thread at a time.
 */
final class RecordingRequest extends HttpServletRequestWrapper {

    private static final int FIRST_CAPACITY = 1_024;

    private static final int LARGEST_PORTION = 16_384;

    private final int maximumBodySize;

    private byte[] kept = {};
    private int length;
    private int position;
    private boolean longer;
    private @Nullable BodyStream stream;
    private @Nullable BufferedReader reader;

    RecordingRequest(HttpServletRequest request, int maximumBodySize) {
        super(request);
        this.maximumBodySize = maximumBodySize;
    }

    /** The whole body, not to be changed; null if it is longer than is accepted. */
    @Nullable
    ByteBuffer body() throws IOException {
        ServletInputStream source = super.getInputStream();
        long announced = getContentLengthLong();
        byte[] portion = new byte[announced > 0 ? (int) Math.min(announced, LARGEST_PORTION) : FIRST_CAPACITY];
        int count = 0;
        // To the end: a filter may have unpacked what was announced.
        while (!longer && count >= 0) {
            count = source.read(portion);
            keep(portion, 0, count);
        }
        return longer ? null : ByteBuffer.wrap(kept, 0, length);
    }

    /** How far the body has been read. */
    int position() {
        return position;
    }

    /** Lets the body be read from an earlier position again, as a stream or by a reader, if it is kept. */
    void rewind(int earlier) {
        if (position > earlier && !longer) {
            position = earlier;
            stream = null;
            reader = null;
        }
    }

    private void keep(byte[] source, int offset, int count) {
        if (count <= 0 || longer) {
            return;
        }
        if (count > maximumBodySize - length) {
            longer = true;
            return;
        }
        if (count > kept.length - length) {
            kept = Arrays.copyOf(kept, Math.max(length + count, 2 * length));
        }
        System.arraycopy(source, offset, kept, length, count);
        length += count;
    }

    @Override
    public ServletInputStream getInputStream() throws IOException {
        if (reader != null) {
            throw new IllegalStateException("getReader() has been called for this request");
        }
        return stream();
    }

    @Override
    public BufferedReader getReader() throws IOException {
        if (reader == null) {
            if (stream != null) {
                throw new IllegalStateException("getInputStream() has been called for this request");
            }
            String encoding = getCharacterEncoding();
            reader = new BufferedReader(
                    new InputStreamReader(stream(), encoding != null ? encoding : StandardCharsets.ISO_8859_1.name()));
        }
        return reader;
    }

    private BodyStream stream() throws IOException {
        if (stream == null) {
            stream = new BodyStream(super.getInputStream());
        }
        return stream;
    }

    /** The body, from where it was read last: first what is kept of it, then what is still to come. */
    private final class BodyStream extends ServletInputStream {

        private final ServletInputStream source;

        BodyStream(ServletInputStream source) {
            this.source = source;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int count) throws IOException {
            int left = length - position;
            if (left > 0) {
                int given = Math.min(left, count);
                System.arraycopy(kept, position, target, offset, given);
                position += given;
                return given;
            }
            int read = source.read(target, offset, count);
            keep(target, offset, read);
            position = length;
            return read;
        }

        @Override
        public int available() throws IOException {
            return Math.max(length - position, source.available());
        }

        @Override
        public boolean isFinished() {
            return position >= length && source.isFinished();
        }

        @Override
        public boolean isReady() {
            return position < length || source.isReady();
        }

        @Override
        public void setReadListener(ReadListener listener) {
            source.setReadListener(listener);
        }
    }
}
