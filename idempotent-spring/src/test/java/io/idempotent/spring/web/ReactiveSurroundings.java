package io.idempotent.spring.web;

import io.idempotent.spring.web.reactive.IdempotencyWebFilter;
import java.security.Principal;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** What endpoints have around them on WebFlux: callers that are known by a header, and a store that is observed. */
@Configuration(proxyBeanMethods = false)
@Import(StoreSurroundings.class)
class ReactiveSurroundings {

    /** Tomcat, which is there too, would serve WebFlux otherwise, and does not notice that a client is gone. */
    @Bean
    static NettyReactiveWebServerFactory server() {
        return new NettyReactiveWebServerFactory();
    }

    @Bean
    static WebFilter authentication() {
        return new Authentication();
    }

    /** Where Spring Security would stand. */
    private static final class Authentication implements WebFilter, Ordered {

        @Override
        public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
            String user = exchange.getRequest().getHeaders().getFirst("X-User");
            Mono<Principal> principal = user == null ? Mono.empty() : Mono.just(() -> user);
            return chain.filter(exchange.mutate().principal(principal).build());
        }

        @Override
        public int getOrder() {
            return IdempotencyWebFilter.ORDER - 50;
        }
    }
}
