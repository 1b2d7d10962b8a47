package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;

/** Composed of {@link Idempotent}, as an application writes its own. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Idempotent(key = "#request.id")
public @interface PayOnce {

    /** How to retry. */
    @AliasFor(annotation = Idempotent.class)
    Idempotent.Retry retry() default @Idempotent.Retry(maxRetries = 3, delay = "1ms");
}
