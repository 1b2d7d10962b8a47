package io.idempotent.spring.web.reactive;

import java.util.function.Supplier;
import org.springframework.core.Ordered;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Lets requests with an idempotency key be recorded. It decides nothing: what is not claimed for passes as if it were
 * not there, and requests without the header do not notice it. Stands inside of what authenticates callers. Safe for
 * use by many threads.
 */
public final class IdempotencyWebFilter implements WebFilter, Ordered {

    /** The filter's place among others, inside of Spring Security's: {@value}. */
    public static final int ORDER = -50;

    private final Supplier<Settings> settings;

    IdempotencyWebFilter(Supplier<Settings> settings) {
        this.settings = SingletonSupplier.of(settings);
    }

    /**
     * What it needs, asked for at the first request.
     *
     * @param header the name of the key's header
     * @param maximumResponseSize the longest body of a response, in bytes
     * @param rules what is done with responses
     */
    record Settings(String header, int maximumResponseSize, ReactiveRules rules) {}

    @Override
    public int getOrder() {
        return ORDER;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        Settings known = settings.get();
        if (!exchange.getRequest().getHeaders().containsHeader(known.header())) {
            return chain.filter(exchange);
        }
        RecordingExchange recording = new RecordingExchange(exchange, known.maximumResponseSize(), known.rules());
        return recording.serve(chain.filter(recording));
    }
}
