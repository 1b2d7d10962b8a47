package io.idempotent.spring.architecture.planted.transaction;

import io.idempotent.spring.architecture.planted.expression.ExpressionOnAnnotation;

/** Breaks: transactions know no expressions. */
public final class TransactionOnExpression {

    ExpressionOnAnnotation dependency;
}
