package io.idempotent.spring.autoconfigure;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;

/**
 * Protects annotated methods and endpoints in a test of a slice of the application. The slices of Spring MVC, JDBC,
 * JPA, Redis, MongoDB, JSON and {@code RestClient} do so by themselves; a test of any other needs this annotation.
 *
 * <p>In a slice, another store stands in for a store that is configured and not part of it: Caffeine's, or that of the
 * slice.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ImportAutoConfiguration
public @interface AutoConfigureIdempotency {}
