package io.idempotent.sample.order;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/** Who may order: two users. */
@Configuration(proxyBeanMethods = false)
class OrderSecurity {

    @Bean
    static SecurityFilterChain orderSecurityFilterChain(HttpSecurity http) {
        return http.securityMatcher("/orders/**")
                .authorizeHttpRequests(requests -> requests.anyRequest().hasAuthority("order"))
                .httpBasic(Customizer.withDefaults())
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                // Another site cannot send JSON here in a customer's name: browsers ask first, and there is no CORS.
                .csrf(CsrfConfigurer::disable)
                .build();
    }

    @Bean
    static UserDetailsService demoUsers() {
        InMemoryUserDetailsManager users = new InMemoryUserDetailsManager(
                demoUser("alice", "order"), demoUser("bob", "order"), demoUser("ada", "operate"));
        // Not the manager itself: it would encode the passwords at the first request, and checking them take 0.1 s from
        // then on.
        return name -> users.loadUserByUsername(name);
    }

    /** A user whose password is its name, and not even encoded: for the demo, and nowhere else. */
    private static UserDetails demoUser(String name, String authority) {
        return User.withUsername(name)
                .password("{noop}" + name)
                .authorities(authority)
                .build();
    }
}
