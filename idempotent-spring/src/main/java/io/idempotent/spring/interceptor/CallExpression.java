package io.idempotent.spring.interceptor;

import org.jspecify.annotations.Nullable;
import org.springframework.expression.spel.SpelEvaluationException;

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

    /**
     * Says what happened to an expression, without the message of the failure, which may show arguments.
     *
     * @param part what the expression is for
     */
    static String failed(String part, RuntimeException failure) {
        String what = failure instanceof SpelEvaluationException spel
                ? spel.getMessageCode().name()
                : failure.getClass().getName();
        return "the expression of its " + part + " failed: " + what;
    }
}
