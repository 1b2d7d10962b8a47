package io.idempotent.spring.web.reactive;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A request whose body can be kept, and is read from what is kept then, without the connection. */
final class RecordingRequest extends ServerHttpRequestDecorator {

    /** How much is read of a body that nobody wants. */
    private static final int LARGEST_UNWANTED = 65_536;

    private volatile byte @Nullable [] kept;
    private volatile boolean asked;

    RecordingRequest(ServerHttpRequest request) {
        super(request);
    }

    /**
     * Reads the whole body, and keeps it.
     *
     * @return the body, not to be changed; fails with a {@link
     *     org.springframework.core.io.buffer.DataBufferLimitException} if it is longer
     */
    Mono<byte[]> keep(int maximumBodySize) {
        asked = true;
        return DataBufferUtils.join(super.getBody(), maximumBodySize)
                .map(RecordingRequest::bytes)
                .defaultIfEmpty(new byte[0])
                .doOnNext(bytes -> kept = bytes);
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }

    @Override
    public Flux<DataBuffer> getBody() {
        byte[] bytes = kept;
        if (bytes == null) {
            asked = true;
            return super.getBody();
        }
        return bytes.length == 0
                ? Flux.empty()
                : Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)));
    }

    /** Reads what nobody has asked for, as {@link #drain(ServerHttpRequest)} does. */
    Mono<Void> drain() {
        return asked ? Mono.empty() : drain(getDelegate());
    }

    /**
     * Reads a body that nobody wants, up to a limit. If the connection were closed while a client still sends, the
     * client would not get its answer.
     */
    static Mono<Void> drain(ServerHttpRequest request) {
        return Mono.defer(() -> {
            AtomicInteger length = new AtomicInteger();
            return request.getBody()
                    .takeUntil(buffer -> length.addAndGet(buffer.readableByteCount()) > LARGEST_UNWANTED)
                    .doOnNext(DataBufferUtils::release)
                    .then()
                    .onErrorComplete();
        });
    }
}
