package io.idempotent.spring.web;

import io.idempotent.spring.web.servlet.IdempotencyFilter;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.security.Principal;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * What endpoints have around them: callers that are known by a header, time that a test moves, a store that can be
 * down.
 */
@Configuration(proxyBeanMethods = false)
@Import(StoreSurroundings.class)
class Surroundings {

    /** Chooses the store that is observed. */
    static final String STORE = "idempotent.store=observed";

    /** Where Spring Security would stand. */
    @Bean
    static FilterRegistrationBean<Filter> authentication() {
        FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) ->
                chain.doFilter(new Authenticated((HttpServletRequest) request), response));
        registration.setOrder(IdempotencyFilter.ORDER - 50);
        return registration;
    }

    /** A request of whom its header says. */
    private static final class Authenticated extends HttpServletRequestWrapper {

        Authenticated(HttpServletRequest request) {
            super(request);
        }

        @Override
        public Principal getUserPrincipal() {
            String user = getHeader("X-User");
            return user == null ? null : () -> user;
        }
    }
}
