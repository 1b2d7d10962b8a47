package io.idempotent.spring.web.reactive;

import io.idempotent.spring.web.ComparedPart;
import io.idempotent.spring.web.ComparedRequest;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.codec.multipart.FilePart;
import org.springframework.http.codec.multipart.Part;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.MultiValueMap;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What is compared of a request of WebFlux, all of which has been read.
 *
 * @param request the request
 * @param body what of its body is compared by its bytes; null if it is too long
 * @param parameters the parameters of a form
 * @param parts the parts of a multipart body; null if it is none
 */
record ReactiveContent(
        ServerHttpRequest request,
        @Nullable ByteBuffer body,
        Map<String, String[]> parameters,
        @Nullable List<ReadPart> parts)
        implements ComparedRequest {

    static ReactiveContent ofForm(ServerHttpRequest request, MultiValueMap<String, String> form) {
        Map<String, String[]> parameters = new LinkedHashMap<>();
        form.forEach((name, values) -> parameters.put(name, values.toArray(new String[0])));
        return new ReactiveContent(request, ByteBuffer.allocate(0), parameters, null);
    }

    static Mono<ReactiveContent> ofParts(ServerHttpRequest request, MultiValueMap<String, Part> parts) {
        return Flux.fromIterable(parts.values())
                .concatMapIterable(named -> named)
                .concatMap(ReadPart::of)
                .collectList()
                .map(read -> new ReactiveContent(request, null, Map.of(), read));
    }

    @Override
    public String method() {
        return request.getMethod().name();
    }

    @Override
    public String path() {
        return request.getURI().getRawPath();
    }

    @Override
    public @Nullable String query() {
        return request.getURI().getRawQuery();
    }

    @Override
    public List<String> headers(String name) {
        return request.getHeaders().getOrEmpty(name);
    }

    @Override
    public @Nullable String contentType() {
        return request.getHeaders().getFirst(HttpHeaders.CONTENT_TYPE);
    }

    @Override
    public long contentLength() {
        return request.getHeaders().getContentLength();
    }

    /**
     * A part that has been read.
     *
     * @param part the part
     * @param bytes its content
     */
    // Nobody compares two of them.
    @SuppressWarnings("ArrayRecordComponent")
    record ReadPart(Part part, byte[] bytes) implements ComparedPart {

        private static Mono<ReadPart> of(Part part) {
            return DataBufferUtils.join(part.content())
                    .map(buffer -> {
                        byte[] bytes = new byte[buffer.readableByteCount()];
                        buffer.read(bytes);
                        DataBufferUtils.release(buffer);
                        return bytes;
                    })
                    .defaultIfEmpty(new byte[0])
                    .map(bytes -> new ReadPart(part, bytes));
        }

        @Override
        public String name() {
            return part.name();
        }

        @Override
        public @Nullable String fileName() {
            return part instanceof FilePart file ? file.filename() : null;
        }

        @Override
        public @Nullable String contentType() {
            return part.headers().getFirst(HttpHeaders.CONTENT_TYPE);
        }

        @Override
        public Map<String, List<String>> headers() {
            Map<String, List<String>> headers = new LinkedHashMap<>();
            part.headers().forEach((name, values) -> headers.put(name, new ArrayList<>(values)));
            return headers;
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public InputStream content() {
            return new ByteArrayInputStream(bytes);
        }
    }
}
