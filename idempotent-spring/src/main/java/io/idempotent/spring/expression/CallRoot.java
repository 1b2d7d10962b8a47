package io.idempotent.spring.expression;

import io.idempotent.spring.interceptor.IdempotentCall;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/** What {@code #root} is in an expression. Public, since expressions read it by its getters. */
public final class CallRoot {

    private final IdempotentCall call;

    CallRoot(IdempotentCall call) {
        this.call = call;
    }

    /** The arguments: {@code #root.args[0]}. */
    public @Nullable Object[] getArgs() {
        return call.arguments();
    }

    /** The method as it was invoked: {@code #root.method.name}. */
    public Method getMethod() {
        return call.method();
    }

    /** The object that is called: {@code #root.target.tenant}. */
    public Object getTarget() {
        return call.target();
    }
}
