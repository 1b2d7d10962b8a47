package io.idempotent.spring.architecture.planted.web.reactive;

import jakarta.servlet.Filter;

/** Breaks: WebFlux is served without a servlet container. */
public final class WebFluxOnServletApi {

    Filter dependency;
}
