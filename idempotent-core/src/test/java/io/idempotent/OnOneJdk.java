package io.idempotent;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * Runs on the JDK that runs Maven, and not again on the second one: it takes long, and what it would tell there, it or
 * another test has told already.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Tag("one-jdk")
public @interface OnOneJdk {

    /** Why the second JDK makes no difference. */
    String value();
}
