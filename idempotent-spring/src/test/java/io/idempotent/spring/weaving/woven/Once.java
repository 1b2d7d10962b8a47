package io.idempotent.spring.weaving.woven;

import io.idempotent.spring.annotation.Idempotent;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Composed of {@link Idempotent}. */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Idempotent(key = "#request.id")
public @interface Once {

    /** Composed of a composed one. */
    @Target(ElementType.METHOD)
    @Retention(RetentionPolicy.RUNTIME)
    @Once
    @interface Twice {}
}
