package io.idempotent.spring.architecture.planted.operation;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: an operation knows no calls. */
public final class OperationOnInterceptor {

    InterceptorOnAnnotation dependency;
}
