package io.idempotent.spring.web.servlet;

import io.idempotent.spring.web.ResponseHeaders;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Supplier;
import org.springframework.core.Ordered;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.util.WebUtils;

/**
 * Lets requests with an idempotency key be recorded. It decides nothing: what is not claimed for passes as if it were
 * not there, and requests without the header do not notice it. To be mapped to all requests, of the dispatcher types
 * {@code REQUEST}, {@code ASYNC}, {@code ERROR} and {@code FORWARD}, with asynchronous processing, inside of what
 * authenticates callers. Safe for use by many threads.
 */
public final class IdempotencyFilter implements Filter, Ordered {

    /** The filter's place among others, inside of Spring Security's: {@value}. */
    public static final int ORDER = -50;

    /** The header of responses that were given before: {@value}. */
    public static final String REPLAYED = ResponseHeaders.REPLAYED;

    private final Supplier<Settings> settings;

    IdempotencyFilter(Supplier<Settings> settings) {
        this.settings = SingletonSupplier.of(settings);
    }

    /**
     * What it needs, asked for at the first request.
     *
     * @param header the name of the key's header
     * @param maximumBodySize the longest body of a request, in bytes
     * @param maximumResponseSize the longest body of a response, in bytes
     * @param rules what is done with responses
     */
    record Settings(String header, int maximumBodySize, int maximumResponseSize, HeldKey.Rules rules) {}

    @Override
    public int getOrder() {
        return ORDER;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!(request instanceof HttpServletRequest httpRequest)
                || !(response instanceof HttpServletResponse httpResponse)) {
            chain.doFilter(request, response);
            return;
        }
        Exchange exchange = Exchange.of(request);
        if (exchange == null) {
            begin(httpRequest, httpResponse, chain);
            return;
        }
        boolean known = WebUtils.getNativeResponse(response, RecordingResponse.class) == exchange.response();
        if (known && httpRequest.getDispatcherType() == DispatcherType.FORWARD) {
            chain.doFilter(request, response);
            // When a forward returns, containers take no more of the response.
            exchange.endDispatch(httpRequest);
            exchange.tellIfAnswered();
        } else if (isContinued(exchange, httpRequest)) {
            boolean asked = exchange.isOpen() || WebUtils.getNativeRequest(request, RecordingRequest.class) != null;
            serve(
                    exchange,
                    asked ? httpRequest : exchange.continueWith(recording(httpRequest)),
                    known ? httpResponse : exchange.continueIn(recording(httpResponse)),
                    chain);
        } else {
            chain.doFilter(request, response);
        }
    }

    private void begin(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Settings known = settings.get();
        if (request.getHeader(known.header()) == null || request.getDispatcherType() != DispatcherType.REQUEST) {
            chain.doFilter(request, response);
            return;
        }
        Exchange exchange = new Exchange(recording(request), recording(response), known.rules());
        exchange.begin();
        serve(exchange, exchange.request(), exchange.response(), chain);
    }

    private RecordingRequest recording(HttpServletRequest request) {
        return new RecordingRequest(request, settings.get().maximumBodySize());
    }

    private RecordingResponse recording(HttpServletResponse response) {
        return new RecordingResponse(response, settings.get().maximumResponseSize());
    }

    /** Whether the response of an earlier dispatch is made in this one, and not in one inside of it. */
    private static boolean isContinued(Exchange exchange, HttpServletRequest request) {
        return switch (request.getDispatcherType()) {
            case ASYNC -> true;
            case ERROR -> exchange.isOpen();
            case FORWARD -> exchange.isOpen() && request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) != null;
            case REQUEST, INCLUDE -> false;
        };
    }

    private static void serve(
            Exchange exchange, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        try {
            chain.doFilter(request, response);
        } catch (Throwable failure) {
            exchange.leave();
            exchange.thrown(failure, request);
            exchange.tellIfAnswered();
            throw failure;
        }
        exchange.leave();
        try {
            exchange.endDispatch(request);
        } catch (Error failure) {
            exchange.fail();
            throw failure;
        } finally {
            exchange.tellIfAnswered();
        }
    }
}
