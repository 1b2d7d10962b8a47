package io.idempotent.spring.annotation;

import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.Import;

/**
 * Makes {@link Idempotent @Idempotent} work in an application without Spring Boot, which needs no more than the library
 * on its class path; or in one with it, where another mode is wanted.
 *
 * <p>Settings are those of a bean of type {@link io.idempotent.spring.settings.IdempotencySettings}, else those of the
 * environment under the exact names {@code idempotent.…}. The store is the bean of type
 * {@link io.idempotent.store.IdempotencyStore}, or one of Caffeine's in this JVM's memory where there is none.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Import(IdempotencyImportSelector.class)
public @interface EnableIdempotency {

    /**
     * How calls are intercepted: by proxies, or by an aspect that is woven into the classes, which protects calls of a
     * bean to itself and methods that are not public too. Weaving has to be set up, as the guide shows.
     */
    AdviceMode mode() default AdviceMode.PROXY;

    /**
     * Whether to proxy classes and not interfaces; for the mode PROXY, and then for all of the application's proxies.
     */
    boolean proxyTargetClass() default false;

    /**
     * Where the advice stands among others, smaller is further outside; for the mode PROXY. The property
     * {@code idempotent.order} beats it.
     */
    int order() default IdempotencyAdvisor.DEFAULT_ORDER;
}
