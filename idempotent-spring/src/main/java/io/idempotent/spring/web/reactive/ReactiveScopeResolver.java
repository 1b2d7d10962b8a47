package io.idempotent.spring.web.reactive;

import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * A bean that tells callers apart on WebFlux, as an {@link io.idempotent.spring.web.IdempotencyScopeResolver} does on
 * Spring MVC: by tenant, by issuer where several issuers have users of one name, by host where one application serves
 * several. Safe for use by many threads.
 */
@FunctionalInterface
public interface ReactiveScopeResolver {

    /**
     * Whose request it is. Two callers for whom this is the same get each other's responses if they send the same key.
     *
     * @return what keeps the caller's keys apart, not blank; an empty {@code Mono} refuses the request. A name that no
     *     key can have is replaced by its digest
     */
    Mono<String> resolve(ServerWebExchange exchange);
}
