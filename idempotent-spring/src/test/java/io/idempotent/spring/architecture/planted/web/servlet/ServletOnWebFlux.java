package io.idempotent.spring.architecture.planted.web.servlet;

import org.springframework.web.reactive.DispatcherHandler;

/** Breaks: servlet containers are served without WebFlux. */
public final class ServletOnWebFlux {

    DispatcherHandler dependency;
}
