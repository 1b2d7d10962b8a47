package io.idempotent.spring.architecture.planted.settings;

import io.idempotent.spring.architecture.planted.expression.ExpressionOnAnnotation;

/** Breaks: settings know nothing else of ours. */
public final class SettingsOnExpression {

    ExpressionOnAnnotation dependency;
}
