package io.idempotent.spring.architecture.planted.recovery;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: what sweeps up abandoned executions knows nothing of how methods are called. */
public final class RecoveryOnInterceptor {

    InterceptorOnAnnotation dependency;
}
