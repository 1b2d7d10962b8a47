package io.idempotent.spring.interceptor;

import io.idempotent.spring.operation.OperationSource;
import java.lang.reflect.Method;
import org.springframework.aop.ClassFilter;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.core.Ordered;

/** Applies the interceptor to the methods that an {@link OperationSource} declares idempotent. */
public final class IdempotencyAdvisor extends DefaultPointcutAdvisor {

    /**
     * Where this advice stands among others by default: outside of cache, transaction and validation advice,
     * which stand innermost by default, and inside of all that has a smaller order.
     */
    public static final int DEFAULT_ORDER = Ordered.LOWEST_PRECEDENCE - 1_000;

    private static final long serialVersionUID = 1L;

    /**
     * Makes the advisor.
     *
     * @param order where it stands among others, smaller is further outside
     */
    public IdempotencyAdvisor(OperationSource source, IdempotencyInterceptor interceptor, int order) {
        super(new SourcePointcut(source), interceptor);
        setOrder(order);
    }

    private static final class SourcePointcut extends StaticMethodMatcherPointcut {

        private final OperationSource source;

        SourcePointcut(OperationSource source) {
            this.source = source;
            ClassFilter candidates = source::isCandidate;
            setClassFilter(candidates);
        }

        @Override
        public boolean matches(Method method, Class<?> targetClass) {
            return source.isIdempotent(method, targetClass);
        }
    }
}
