package io.idempotent.spring.web.servlet;

import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;

/**
 * Settles what no dispatch has: no request leaves its key held. To be registered with the servlet context. Has no
 * state.
 */
public final class EndpointRequestListener implements ServletRequestListener {

    /** Makes the listener. */
    public EndpointRequestListener() {}

    @Override
    public void requestInitialized(ServletRequestEvent event) {
        Exchange.follow(event.getServletRequest());
    }

    @Override
    public void requestDestroyed(ServletRequestEvent event) {
        Exchange exchange = Exchange.of(event.getServletRequest());
        if (exchange != null) {
            exchange.end();
        }
    }
}
