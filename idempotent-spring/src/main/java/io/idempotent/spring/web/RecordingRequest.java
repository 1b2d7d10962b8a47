package io.idempotent.spring.web;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A request whose body can be read before it is handled, and read by its handler all the same. Used by one thread at a time. */
final class RecordingRequest extends HttpServletRequestWrapper {

    private final int maximumBodySize;

    private byte @Nullable [] body;
    private boolean longer;
    private @Nullable ServletInputStream stream;
    private @Nullable BufferedReader reader;

    RecordingRequest(HttpServletRequest request, int maximumBodySize) {
        super(request);
        this.maximumBodySize = maximumBodySize;
    }

    /** The body, or null if it is longer than is accepted. */
    byte @Nullable [] body() throws IOException {
        byte[] read = read();
        return longer ? null : read;
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

    private ServletInputStream stream() throws IOException {
        if (stream == null) {
            ByteArrayInputStream first = new ByteArrayInputStream(read());
            // Longer ones are refused by endpoints, and read to their end by anything else.
            stream = new BodyStream(longer ? new SequenceInputStream(first, super.getInputStream()) : first);
        }
        return stream;
    }

    private byte[] read() throws IOException {
        byte[] read = body;
        if (read == null) {
            // One byte more than is accepted tells that it is longer.
            read = super.getInputStream().readNBytes(maximumBodySize + 1);
            longer = read.length > maximumBodySize;
            body = read;
        }
        return read;
    }

    /** A body that has been read, so that nobody has to wait for it. */
    private static final class BodyStream extends ServletInputStream {

        private final InputStream content;

        private boolean finished;

        BodyStream(InputStream content) {
            this.content = content;
        }

        @Override
        public int read() throws IOException {
            int next = content.read();
            finished |= next < 0;
            return next;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = content.read(target, offset, length);
            finished |= count < 0;
            return count;
        }

        @Override
        public int available() throws IOException {
            return content.available();
        }

        @Override
        public boolean isFinished() {
            return finished;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new IllegalStateException("The body of a request with an idempotency key has been read already");
        }
    }
}
