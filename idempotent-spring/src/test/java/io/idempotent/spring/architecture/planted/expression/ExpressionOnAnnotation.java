package io.idempotent.spring.architecture.planted.expression;

import io.idempotent.spring.architecture.planted.annotation.AnnotationOnBoot;

/** Breaks: expressions know no annotations. */
public final class ExpressionOnAnnotation {

    AnnotationOnBoot dependency;
}
