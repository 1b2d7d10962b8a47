package io.idempotent.spring.architecture.planted.messaging;

import io.idempotent.spring.architecture.planted.expression.ExpressionOnAnnotation;

/** Breaks: messages know no expressions. */
public final class MessagingOnExpression {

    ExpressionOnAnnotation dependency;
}
