package io.idempotent.spring.web.reactive;

import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RecordedResponse.Header;
import io.idempotent.spring.web.ResponseHeaders;
import java.io.ByteArrayOutputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.AbstractServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A response that is kept back from when it is told to record until it is sent. Before that, and for requests that are
 * never claimed for, it passes everything through when it is committed.
 *
 * <ol>
 *   <li>Status, headers, cookies and body are its own, and given to the response behind it when it is sent.
 *   <li>A body that grows beyond the limit is sent from then on, and is not recorded.
 *   <li>Recorded are the headers that were set or changed since recording began, in the order of their names, and
 *       always the encoding of the body. Cookies are sent, and not recorded.
 * </ol>
 */
final class RecordingResponse extends AbstractServerHttpResponse {

    private static final Comparator<Header> BY_NAME = Comparator.comparing(Header::name, String.CASE_INSENSITIVE_ORDER);

    private final ServerHttpResponse client;
    private final int maximumBodySize;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    private volatile boolean recording;
    private volatile boolean tooLong;
    private List<Header> headersBefore = List.of();
    private long length;

    RecordingResponse(ServerHttpResponse client, int maximumBodySize) {
        super(client.bufferFactory(), copy(client.getHeaders()));
        this.client = client;
        this.maximumBodySize = maximumBodySize;
        setStatusCode(client.getStatusCode());
    }

    private static HttpHeaders copy(HttpHeaders headers) {
        HttpHeaders copy = new HttpHeaders();
        copy.putAll(headers);
        return copy;
    }

    /** Keeps back from now on. */
    void record() {
        headersBefore = headers();
        recording = true;
    }

    /** A response to the same request as it was when this one began to record. */
    RecordingResponse anew() {
        RecordingResponse response = new RecordingResponse(client, maximumBodySize);
        headersBefore.forEach(header -> response.getHeaders().put(header.name(), header.values()));
        response.record();
        return response;
    }

    /** Whether it has been sent in part, since it is too long. */
    boolean isTooLong() {
        return tooLong;
    }

    int status() {
        HttpStatusCode status = getStatusCode();
        return status == null ? 200 : status.value();
    }

    /** What is recorded of it, with these headers and those that tell what the body is, or with all. */
    RecordedResponse recorded(Set<String> chosen) {
        return new RecordedResponse(
                status(), ResponseHeaders.recorded(headers(), headersBefore, chosen), body.toByteArray());
    }

    private List<Header> headers() {
        return getHeaders().headerSet().stream()
                .map(header -> new Header(header.getKey(), header.getValue()))
                .sorted(BY_NAME)
                .toList();
    }

    /** Becomes a recorded response. */
    void replay(RecordedResponse recorded, Set<String> chosen, @Nullable String traceHeader, @Nullable String traceId) {
        setStatusCode(HttpStatusCode.valueOf(recorded.status()));
        HttpHeaders headers = getHeaders();
        // This request might have been answered in another encoding.
        headers.remove(HttpHeaders.CONTENT_ENCODING);
        recorded.headers().stream()
                .filter(header -> ResponseHeaders.isReplayed(header.name(), chosen))
                .forEach(header -> headers.put(header.name(), header.values()));
        headers.set(ResponseHeaders.REPLAYED, "true");
        if (traceHeader != null && traceId != null) {
            headers.set(traceHeader, traceId);
        }
        body.writeBytes(recorded.body());
    }

    /** Sends what was kept back. */
    Mono<Void> send() {
        if (!recording || tooLong) {
            return Mono.empty();
        }
        handOut();
        if (body.size() == 0) {
            return client.setComplete();
        }
        client.getHeaders().setContentLength(body.size());
        return client.writeWith(Mono.fromSupplier(() -> bufferFactory().wrap(body.toByteArray())));
    }

    /** Gives status, headers and cookies to the client's response, unless that was sent. */
    void handOut() {
        if (client.isCommitted()) {
            return;
        }
        client.setStatusCode(getStatusCode());
        client.getHeaders().clear();
        client.getHeaders().putAll(getHeaders());
        getCookies().values().forEach(cookies -> cookies.forEach(client::addCookie));
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals")
    public <T> T getNativeResponse() {
        return ServerHttpResponseDecorator.getNativeResponse(client);
    }

    @Override
    protected void applyStatusCode() {
        if (!recording) {
            handOut();
        }
    }

    @Override
    protected void applyHeaders() {
        // With the status.
    }

    @Override
    protected void applyCookies() {
        // With the status.
    }

    @Override
    protected Mono<Void> writeWithInternal(Publisher<? extends DataBuffer> content) {
        if (!recording) {
            return client.writeWith(content);
        }
        // One list of all buffers, or, of a body that is too long, those up to the limit and then each by itself.
        return Flux.<DataBuffer>from(content)
                .bufferUntil(this::isBeyondLimit)
                .switchOnFirst((first, portions) -> {
                    Flux<DataBuffer> buffers = portions.concatMapIterable(portion -> portion);
                    if (!tooLong) {
                        return buffers.doOnNext(this::keep).then();
                    }
                    handOut();
                    return client.writeWith(buffers);
                })
                .then()
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    @Override
    protected Mono<Void> writeAndFlushWithInternal(Publisher<? extends Publisher<? extends DataBuffer>> content) {
        return recording
                ? writeWithInternal(Flux.from(content).concatMap(portion -> portion))
                : client.writeAndFlushWith(content);
    }

    private boolean isBeyondLimit(DataBuffer buffer) {
        length += buffer.readableByteCount();
        if (length > maximumBodySize) {
            tooLong = true;
        }
        return tooLong;
    }

    private void keep(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        body.writeBytes(bytes);
    }
}
