package io.idempotent.spring.web.servlet;

import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RecordedResponse.Header;
import io.idempotent.spring.web.ResponseHeaders;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.util.FastByteArrayOutputStream;

/**
 * A response that keeps its body back from when it is told to record until it is told to send. Before that, and for
 * requests that are never claimed for, it passes everything through, and can take back what the container has not sent
 * yet. (Spring's {@code ContentCachingResponseWrapper} keeps a body of any length, and sends errors and redirections at
 * once.) Used by one thread at a time.
 *
 * <ol>
 *   <li>Status and headers are set at once. The body, its length and errors wait until the response is sent.
 *   <li>A body that grows beyond the limit is sent from then on, and is not recorded.
 *   <li>Recorded are the headers that were set or changed since recording began, in the order of their names, and
 *       always the encoding of the body. Trailers are sent, and not recorded.
 * </ol>
 */
final class RecordingResponse extends HttpServletResponseWrapper {

    private static final Comparator<Header> BY_NAME = Comparator.comparing(Header::name, String.CASE_INSENSITIVE_ORDER);

    private final int maximumBodySize;
    private final FastByteArrayOutputStream body = new FastByteArrayOutputStream();

    private boolean begun;
    private boolean recording;
    private boolean tooLong;
    private List<Header> headersBefore = List.of();
    private long declaredLength = -1;
    private @Nullable String contentLanguage;
    private @Nullable ServletOutputStream stream;
    private @Nullable PrintWriter writer;

    // Nothing that is written after an error or a redirection was sent counts.
    private boolean closed;
    private int error;
    private @Nullable String errorMessage;

    RecordingResponse(HttpServletResponse response, int maximumBodySize) {
        super(response);
        this.maximumBodySize = maximumBodySize;
    }

    /** Keeps back from now on, and what was written before. */
    void record() {
        record(headers());
        if (body.size() > 0) {
            super.resetBuffer();
        }
    }

    /** Goes on keeping back what another response for the same request began with these headers. */
    void record(List<Header> before) {
        headersBefore = before;
        begun = true;
        recording = true;
    }

    List<Header> headersBefore() {
        return headersBefore;
    }

    /** Whether an error was sent, whose page the container is to make. */
    boolean isErrorSent() {
        return error != 0;
    }

    /** Whether it has been sent in part, since it is too long. */
    boolean isTooLong() {
        return tooLong;
    }

    /** What is recorded of it, with these headers and those that tell what the body is, or with all. */
    RecordedResponse recorded(Set<String> chosen) {
        return new RecordedResponse(
                getStatus(), ResponseHeaders.recorded(headers(), headersBefore, chosen), body.toByteArray());
    }

    /** Sends what was kept back. */
    void send() throws IOException {
        if (tooLong || !recording) {
            return;
        }
        recording = false;
        if (error != 0) {
            if (errorMessage == null) {
                super.sendError(error);
            } else {
                super.sendError(error, errorMessage);
            }
        } else if (body.size() > 0) {
            // A response that has a length has no trailers.
            if (getTrailerFields() == null) {
                super.setContentLengthLong(body.size());
            }
            body.writeTo(super.getOutputStream());
        }
    }

    /** Forgets the body that was kept back, and passes all through from now on. */
    void forget() {
        forgetBody();
        recording = false;
    }

    /** Forgets what was kept back and set, but for what was set before it began, and passes all through from now on. */
    void discard() {
        reset();
        headersBefore.forEach(header -> setHeader(header.name(), header.values()));
        recording = false;
        closed = false;
        error = 0;
    }

    /**
     * Sends a recorded response instead, without headers that an earlier version has recorded, or somebody else than
     * this filter.
     */
    void replay(RecordedResponse recorded, Set<String> chosen) throws IOException {
        resetBuffer();
        recording = false;
        super.setStatus(recorded.status());
        // This request might have been answered in another encoding.
        super.setHeader(HttpHeaders.CONTENT_ENCODING, null);
        recorded.headers().stream()
                .filter(header -> ResponseHeaders.isReplayed(header.name(), chosen))
                .forEach(header -> setHeader(header.name(), header.values()));
        super.setHeader(ResponseHeaders.REPLAYED, "true");
        if (recorded.body().length > 0) {
            super.setContentLengthLong(recorded.body().length);
            super.getOutputStream().write(recorded.body());
        }
    }

    /** Passes all through from now on, to be written by whoever handles the request on its own. */
    void passThrough() throws IOException {
        if (!tooLong) {
            sendTooLong();
        }
        recording = false;
    }

    private void setHeader(String name, List<String> values) {
        if (name.equalsIgnoreCase(HttpHeaders.CONTENT_TYPE)) {
            super.setContentType(values.get(0));
            return;
        }
        super.setHeader(name, values.get(0));
        values.stream().skip(1).forEach(value -> super.addHeader(name, value));
    }

    /** All headers, in the order of their names. */
    private List<Header> headers() {
        List<Header> headers = new ArrayList<>();
        // Containers may keep these two apart from the other headers.
        String contentType = getContentType();
        if (contentType != null) {
            headers.add(new Header(HttpHeaders.CONTENT_TYPE, List.of(contentType)));
        }
        for (String name : getHeaderNames()) {
            if (ResponseHeaders.values(headers, name) == null) {
                headers.add(new Header(name, List.copyOf(getHeaders(name))));
            }
        }
        if (contentLanguage != null && ResponseHeaders.values(headers, HttpHeaders.CONTENT_LANGUAGE) == null) {
            headers.add(new Header(HttpHeaders.CONTENT_LANGUAGE, List.of(contentLanguage)));
        }
        headers.sort(BY_NAME);
        return headers;
    }

    private boolean keepsBack() {
        return recording && !tooLong;
    }

    private void sendTooLong() throws IOException {
        tooLong = true;
        if (declaredLength >= 0) {
            super.setContentLengthLong(declaredLength);
        }
        // Whoever goes on with it may have the container's writer already.
        if (body.size() > 0) {
            body.writeTo(super.getOutputStream());
            body.reset();
        }
    }

    @Override
    public ServletOutputStream getOutputStream() throws IOException {
        if (stream == null) {
            stream = new BodyStream();
        }
        return stream;
    }

    @Override
    public PrintWriter getWriter() throws IOException {
        if (writer == null) {
            // As a container does: from now on the encoding is part of the content's type.
            String encoding = getCharacterEncoding();
            super.setCharacterEncoding(encoding);
            writer = new PrintWriter(new BodyWriter(encoding));
        }
        return writer;
    }

    @Override
    public void setCharacterEncoding(@Nullable String encoding) {
        // As a container does: what has a writer keeps its encoding.
        if (writer == null) {
            super.setCharacterEncoding(encoding);
        }
    }

    @Override
    public void setContentType(@Nullable String type) {
        String encoding = getCharacterEncoding();
        super.setContentType(type);
        if (writer != null) {
            super.setCharacterEncoding(encoding);
        }
    }

    @Override
    public void flushBuffer() throws IOException {
        if (!keepsBack()) {
            super.flushBuffer();
        }
    }

    @Override
    public boolean isCommitted() {
        return keepsBack() ? closed : super.isCommitted();
    }

    @Override
    public void reset() {
        super.reset();
        forgetBody();
        contentLanguage = null;
        stream = null;
        writer = null;
    }

    @Override
    public void resetBuffer() {
        super.resetBuffer();
        forgetBody();
    }

    private void forgetBody() {
        body.reset();
        declaredLength = -1;
    }

    @Override
    public void sendError(int status) throws IOException {
        sendError(status, null);
    }

    @Override
    public void sendError(int status, @Nullable String message) throws IOException {
        if (!keepsBack()) {
            if (message == null) {
                super.sendError(status);
            } else {
                super.sendError(status, message);
            }
            return;
        }
        forgetBody();
        super.setStatus(status);
        error = status;
        errorMessage = message;
        closed = true;
    }

    @Override
    public void sendRedirect(String location) throws IOException {
        sendRedirect(location, SC_FOUND, true);
    }

    @Override
    public void sendRedirect(String location, int status) throws IOException {
        sendRedirect(location, status, true);
    }

    @Override
    public void sendRedirect(String location, boolean clearBuffer) throws IOException {
        sendRedirect(location, SC_FOUND, clearBuffer);
    }

    @Override
    public void sendRedirect(String location, int status, boolean clearBuffer) throws IOException {
        if (!keepsBack()) {
            super.sendRedirect(location, status, clearBuffer);
            return;
        }
        if (clearBuffer) {
            forgetBody();
        }
        super.setStatus(status);
        super.setHeader(HttpHeaders.LOCATION, location);
        closed = true;
    }

    @Override
    public void setLocale(Locale locale) {
        super.setLocale(locale);
        contentLanguage = locale.toLanguageTag();
    }

    @Override
    public void setContentLength(int length) {
        setContentLengthLong(length);
    }

    @Override
    public void setContentLengthLong(long length) {
        if (keepsBack()) {
            declaredLength = length;
        } else {
            super.setContentLengthLong(length);
        }
    }

    @Override
    public void setHeader(String name, String value) {
        if (!isKeptBack(name, value)) {
            super.setHeader(name, value);
        }
    }

    @Override
    public void addHeader(String name, String value) {
        if (!isKeptBack(name, value)) {
            super.addHeader(name, value);
        }
    }

    @Override
    public void setIntHeader(String name, int value) {
        setHeader(name, Integer.toString(value));
    }

    @Override
    public void addIntHeader(String name, int value) {
        addHeader(name, Integer.toString(value));
    }

    private boolean isKeptBack(String name, @Nullable String value) {
        if (!keepsBack() || !name.equalsIgnoreCase(HttpHeaders.CONTENT_LENGTH)) {
            return false;
        }
        declaredLength = value == null ? -1 : Long.parseLong(value);
        return true;
    }

    /** Where the body goes: kept back or to the client. */
    private final class BodyStream extends ServletOutputStream {

        @Override
        public void write(int next) throws IOException {
            write(new byte[] {(byte) next}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            if (!begun) {
                client().write(source, offset, length);
                if (isCommitted()) {
                    body.reset();
                } else {
                    body.write(source, offset, length);
                }
                return;
            }
            target(length).write(source, offset, length);
        }

        private OutputStream target(int length) throws IOException {
            if (closed) {
                return nullOutputStream();
            }
            if (keepsBack() && length > maximumBodySize - body.size()) {
                sendTooLong();
            }
            return keepsBack() ? body : client();
        }

        private ServletOutputStream client() throws IOException {
            return RecordingResponse.super.getOutputStream();
        }

        @Override
        public void flush() throws IOException {
            if (!keepsBack()) {
                client().flush();
            }
        }

        @Override
        public void close() throws IOException {
            if (!keepsBack()) {
                client().close();
            }
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new IllegalStateException("The response to a request with an idempotency key is written at once");
        }
    }

    /** Encodes what it is given at once, since nobody has to flush a response's writer. */
    private final class BodyWriter extends Writer {

        private final OutputStream target;
        private final Writer encoder;

        BodyWriter(String encoding) throws IOException {
            target = getOutputStream();
            encoder = new OutputStreamWriter(
                    new FilterOutputStream(target) {
                        @Override
                        public void write(byte[] source, int offset, int length) throws IOException {
                            out.write(source, offset, length);
                        }

                        @Override
                        public void flush() {
                            // Of the encoder, which is not to send the response.
                        }
                    },
                    encoding);
        }

        @Override
        public void write(char[] source, int offset, int length) throws IOException {
            encoder.write(source, offset, length);
            encoder.flush();
        }

        @Override
        public void flush() throws IOException {
            target.flush();
        }

        @Override
        public void close() throws IOException {
            encoder.close();
        }
    }
}
