package io.idempotent.spring.actuate;

import jakarta.servlet.Filter;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/** The same with Spring Security, which lets in who gives no credentials, too. */
@Configuration(proxyBeanMethods = false)
@EnableWebSecurity
@Import(Shop.class)
class SecuredShop {

    @Bean
    static UserDetailsService users() {
        return new InMemoryUserDetailsManager(
                User.withUsername("ada").password("{noop}ada").roles("OPERATOR").build(),
                User.withUsername("bob").password("{noop}bob").roles("USER").build());
    }

    @Bean
    static SecurityFilterChain security(HttpSecurity http) {
        return http.csrf(csrf -> csrf.disable())
                .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .httpBasic(Customizer.withDefaults())
                .build();
    }

    /** Where Spring Boot puts it. */
    @Bean
    static FilterRegistrationBean<Filter> securityFilter(Filter springSecurityFilterChain) {
        FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>(springSecurityFilterChain);
        registration.setOrder(-100);
        return registration;
    }
}
