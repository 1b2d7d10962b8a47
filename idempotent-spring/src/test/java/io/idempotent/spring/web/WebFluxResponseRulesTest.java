package io.idempotent.spring.web;

import io.idempotent.spring.web.reactive.ReactiveResponseCustomizer;
import io.idempotent.spring.web.reactive.ReactiveScopeResolver;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import reactor.core.publisher.Mono;

/** What becomes of a response on Spring WebFlux. */
class WebFluxResponseRulesTest extends ResponseRulesTest {

    @Override
    HttpServer start(String... properties) {
        return HttpServer.startReactive(Application.class, properties);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ReactiveSurroundings.class, Endpoints.class, Proxied.class})
    static class Application {

        @Bean
        static ReactiveScopeResolver tenants() {
            return exchange ->
                    Mono.justOrEmpty(exchange.getRequest().getHeaders().getFirst("X-Tenant"));
        }

        @Bean
        static ReactiveResponseCustomizer customizer() {
            return (response, exchange) ->
                    customize(response, exchange.getRequest().getHeaders().getFirst("X-Customize"));
        }
    }
}
