package io.idempotent.spring.interceptor;

import java.lang.reflect.Method;

/** Says how calls of a method and transactions go together; there is one where Spring's transactions are on the class path. */
public interface MethodTransactionSource {

    /**
     * Resolves a method, which is done once.
     *
     * @param method the method as it is invoked
     * @param targetClass the class of the object that it is invoked on
     */
    MethodTransaction transaction(Method method, Class<?> targetClass);
}
