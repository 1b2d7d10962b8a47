package io.idempotent.spring.architecture.planted.startup;

import io.idempotent.spring.architecture.planted.expression.ExpressionOnAnnotation;

/** Breaks: the start knows no expressions. */
public final class StartupOnExpression {

    ExpressionOnAnnotation dependency;
}
