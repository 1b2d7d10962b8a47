package io.idempotent.spring.expression;

import io.idempotent.spring.interceptor.IdempotentCall;
import java.lang.reflect.Method;
import java.util.Arrays;

/** A call that is made up, to evaluate expressions over. */
final class TestCall extends IdempotentCall {

    TestCall(Object target, Method method, Object... arguments) {
        super(method, target, arguments);
    }

    /** The only method of a class that has this name. */
    static Method method(Class<?> type, String name) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Override
    protected Object proceed() {
        throw new AssertionError("An expression does not run the method");
    }
}
