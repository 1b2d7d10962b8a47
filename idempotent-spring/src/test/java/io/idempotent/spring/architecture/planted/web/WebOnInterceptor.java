package io.idempotent.spring.architecture.planted.web;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: the answers need the words only. */
public final class WebOnInterceptor {

    InterceptorOnAnnotation dependency;
}
