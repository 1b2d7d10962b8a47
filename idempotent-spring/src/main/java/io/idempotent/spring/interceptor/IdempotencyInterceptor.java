package io.idempotent.spring.interceptor;

import java.util.Objects;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.interceptor.ExposeInvocationInterceptor;

/** Protects the calls that go through a bean's proxy. */
public final class IdempotencyInterceptor implements MethodInterceptor {

    private final IdempotencySupport support;

    /** Makes the interceptor. */
    public IdempotencyInterceptor(IdempotencySupport support) {
        this.support = support;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        return support.invoke(new ProxiedCall(invocation));
    }

    private static final class ProxiedCall extends IdempotentCall {

        private final MethodInvocation invocation;

        ProxiedCall(MethodInvocation invocation) {
            super(
                    invocation.getMethod(),
                    Objects.requireNonNull(invocation.getThis(), "a proxy without a target"),
                    invocation.getArguments());
            this.invocation = invocation;
        }

        @Override
        protected @Nullable Object proceed() throws Throwable {
            // A second proceed() on one invocation would skip the advice inside: each attempt has one of its own.
            return invocation instanceof ProxyMethodInvocation proxied
                    ? proxied.invocableClone().proceed()
                    : invocation.proceed();
        }

        @Override
        protected @Nullable Object proceedLater() throws Throwable {
            // Advice that is an aspect's asks for the invocation that this thread makes.
            return invocation instanceof ProxyMethodInvocation proxied
                    ? ExposeInvocationInterceptor.INSTANCE.invoke(proxied.invocableClone())
                    : invocation.proceed();
        }
    }
}
