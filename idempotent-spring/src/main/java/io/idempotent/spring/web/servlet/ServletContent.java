package io.idempotent.spring.web.servlet;

import io.idempotent.spring.web.ComparedPart;
import io.idempotent.spring.web.ComparedRequest;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is compared of a servlet's request. */
record ServletContent(RecordingRequest request) implements ComparedRequest {

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public String path() {
        return request.getRequestURI();
    }

    @Override
    public @Nullable String query() {
        return request.getQueryString();
    }

    @Override
    public List<String> headers(String name) {
        return request.getHeader(name) == null ? List.of() : Collections.list(request.getHeaders(name));
    }

    @Override
    public @Nullable String contentType() {
        return request.getContentType();
    }

    @Override
    public long contentLength() {
        return request.getContentLengthLong();
    }

    /** {@inheritDoc} Containers read the forms of POST only; what they have read is no longer in a character set. */
    @Override
    public @Nullable ByteBuffer body() throws IOException {
        return request.body();
    }

    @Override
    public Map<String, String[]> parameters() {
        return request.getParameterMap();
    }

    @Override
    public @Nullable Collection<ServletPart> parts() throws IOException, ServletException {
        Collection<Part> parts;
        try {
            parts = request.getParts();
        } catch (IllegalStateException failure) {
            if (failure.getCause() != null) {
                throw failure;
            }
            // Switched off: nobody takes it apart here, and its bytes are what the handler gets.
            return null;
        }
        return parts.stream().map(ServletPart::new).toList();
    }

    /** A part as the container has it. */
    record ServletPart(Part part) implements ComparedPart {

        @Override
        public String name() {
            return part.getName();
        }

        @Override
        public @Nullable String fileName() {
            return part.getSubmittedFileName();
        }

        @Override
        public @Nullable String contentType() {
            return part.getContentType();
        }

        @Override
        public Map<String, List<String>> headers() {
            Map<String, List<String>> headers = new LinkedHashMap<>();
            for (String name : part.getHeaderNames()) {
                headers.put(name, List.copyOf(part.getHeaders(name)));
            }
            return headers;
        }

        @Override
        public long size() {
            return part.getSize();
        }

        @Override
        public InputStream content() throws IOException {
            return part.getInputStream();
        }
    }
}
