package io.idempotent.spring.architecture.planted.web;

import io.idempotent.spring.architecture.planted.expression.ExpressionOnAnnotation;

/** Breaks: endpoints evaluate no expressions. */
public final class WebOnExpression {

    ExpressionOnAnnotation dependency;
}
