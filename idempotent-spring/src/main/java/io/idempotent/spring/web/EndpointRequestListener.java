package io.idempotent.spring.web;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;

/**
 * Settles what no dispatch has: no request leaves its key held. To be registered with the servlet context. Has no
 * state.
 */
public final class EndpointRequestListener implements ServletRequestListener {

    private static final String CALLED = EndpointRequestListener.class.getName();

    /** Makes the listener. */
    public EndpointRequestListener() {}

    /**
     * Whether a container tells when a request is over. A test without a container does not, nor does it make pages of
     * errors.
     */
    static boolean isCalledFor(ServletRequest request) {
        return request.getAttribute(CALLED) != null;
    }

    @Override
    public void requestInitialized(ServletRequestEvent event) {
        event.getServletRequest().setAttribute(CALLED, true);
    }

    @Override
    public void requestDestroyed(ServletRequestEvent event) {
        Exchange exchange = Exchange.of(event.getServletRequest());
        if (exchange != null) {
            exchange.end();
        }
    }
}
