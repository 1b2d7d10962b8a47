package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.ListenerAnswer;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Method;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;

/**
 * Lets answers that are no failures of the listener pass by a retry: it counts no attempt for them, and its recoverer
 * does not see them.
 *
 * @param retry repeats what fails
 */
record PassedRetry(MethodInterceptor retry) implements MethodInterceptor {

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        Passing passing = new Passing(invocation);
        Object result = retry.invoke(passing);
        if (passing.answer != null) {
            throw passing.answer;
        }
        return result;
    }

    /** An invocation that ends without a failure where the failure is an answer. Used by one thread. */
    private static final class Passing implements MethodInvocation {

        private final MethodInvocation invocation;
        private @Nullable Throwable answer;

        Passing(MethodInvocation invocation) {
            this.invocation = invocation;
        }

        @Override
        public @Nullable Object proceed() throws Throwable {
            try {
                return invocation.proceed();
            } catch (Throwable failure) {
                if (ListenerAnswer.of(failure) == ListenerAnswer.POLICY) {
                    throw failure;
                }
                answer = failure;
                return null;
            }
        }

        @Override
        public Method getMethod() {
            return invocation.getMethod();
        }

        @Override
        public @Nullable Object[] getArguments() {
            return invocation.getArguments();
        }

        @Override
        public @Nullable Object getThis() {
            return invocation.getThis();
        }

        @Override
        public AccessibleObject getStaticPart() {
            return invocation.getStaticPart();
        }
    }
}
