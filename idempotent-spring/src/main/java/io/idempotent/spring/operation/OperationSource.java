package io.idempotent.spring.operation;

import io.idempotent.IdempotencyConfigurationException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/** Says which methods are idempotent, and what is declared for them. Safe for use by many threads. */
public interface OperationSource {

    /** Whether a class can have idempotent methods at all; a cheap and rough answer. */
    boolean isCandidate(Class<?> targetClass);

    /** Whether a method of a class is idempotent; parses nothing and never fails. */
    boolean isIdempotent(Method method, Class<?> targetClass);

    /** Whether the declaration stands on this very method of a class, where a woven aspect sees it. */
    boolean isDeclaredOnClass(Method method);

    /**
     * Gives what is declared for a method.
     *
     * @return the declaration, or null if the method is not idempotent
     * @throws IdempotencyConfigurationException if what is declared cannot be understood
     */
    @Nullable
    OperationDeclaration declaration(Method method, Class<?> targetClass);
}
