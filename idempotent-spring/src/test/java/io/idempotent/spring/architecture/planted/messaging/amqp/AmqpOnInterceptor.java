package io.idempotent.spring.architecture.planted.messaging.amqp;

import io.idempotent.spring.architecture.planted.interceptor.InterceptorOnAnnotation;

/** Breaks: what is known of AMQP knows nothing of how calls are intercepted. */
public final class AmqpOnInterceptor {

    InterceptorOnAnnotation dependency;
}
