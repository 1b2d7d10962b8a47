package io.idempotent.spring.web;

import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The draft's rules on Spring WebFlux and Reactor Netty, with the same endpoints. */
class WebFluxConformanceTest extends ConformanceTest {

    @Override
    HttpServer start(String... properties) {
        return HttpServer.startReactive(Application.class, properties);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ReactiveSurroundings.class, Endpoints.class})
    static class Application {}
}
