package io.idempotent.spring.interceptor;

import org.jspecify.annotations.Nullable;

/** An expression over one call, parsed once and safe for use by many threads. */
@FunctionalInterface
public interface CallExpression {

    /**
     * Evaluates the expression.
     *
     * @param call the call whose arguments it is about
     * @param result what the method returned, for expressions of the purpose {@link CallExpressions.Purpose#UNLESS}
     * @return its value; a list where the expression is a list of several
     * @throws RuntimeException if it cannot be evaluated
     */
    @Nullable
    Object evaluate(IdempotentCall call, @Nullable Object result);
}
