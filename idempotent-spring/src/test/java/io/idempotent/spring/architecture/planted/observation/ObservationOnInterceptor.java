package io.idempotent.spring.architecture.planted.observation;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: observations know nothing of how calls are intercepted. */
public final class ObservationOnInterceptor {

    InterceptorOnAnnotation dependency;
}
