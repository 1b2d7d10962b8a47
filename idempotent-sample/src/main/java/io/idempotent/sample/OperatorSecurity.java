package io.idempotent.sample;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;

/** Who may see and settle keys: one user. Everything but this and orders is open to everybody. */
@Configuration(proxyBeanMethods = false)
class OperatorSecurity {

    @Bean
    @Order(1)
    static SecurityFilterChain operatorSecurityFilterChain(HttpSecurity http) {
        return http.securityMatcher("/actuator/idempotency/**")
                .authorizeHttpRequests(requests -> requests.anyRequest().hasAuthority("operate"))
                .httpBasic(Customizer.withDefaults())
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                // Another site cannot send JSON here in an operator's name: browsers ask first, and there is no CORS.
                .csrf(CsrfConfigurer::disable)
                .build();
    }
}
