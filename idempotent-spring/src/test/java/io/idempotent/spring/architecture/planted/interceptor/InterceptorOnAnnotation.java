package io.idempotent.spring.architecture.planted.interceptor;

import io.idempotent.spring.architecture.planted.annotation.AnnotationOnBoot;

/** Breaks: interception knows no annotations. */
public final class InterceptorOnAnnotation {

    AnnotationOnBoot dependency;
}
