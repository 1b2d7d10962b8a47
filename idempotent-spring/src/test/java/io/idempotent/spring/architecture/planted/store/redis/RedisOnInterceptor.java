package io.idempotent.spring.architecture.planted.store.redis;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: a store knows no calls. */
public final class RedisOnInterceptor {

    InterceptorOnAnnotation dependency;
}
