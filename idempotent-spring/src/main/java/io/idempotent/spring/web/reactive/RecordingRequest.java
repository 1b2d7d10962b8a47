package io.idempotent.spring.web.reactive;

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

    private volatile byte @Nullable [] kept;

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
            return super.getBody();
        }
        return bytes.length == 0
                ? Flux.empty()
                : Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)));
    }
}
