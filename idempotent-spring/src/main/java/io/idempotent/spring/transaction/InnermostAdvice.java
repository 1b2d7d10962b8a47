package io.idempotent.spring.transaction;

import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import java.lang.reflect.Method;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ClassFilter;
import org.springframework.aop.support.StaticMethodMatcherPointcutAdvisor;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.core.Ordered;

/**
 * Stands inside of the advice of transactions, where an atomic method's own transaction can be seen: whether it was
 * that which was told to roll back, or a part of it, makes the difference between a result and an exception.
 *
 * <p>Where it does not stand inside, and where methods are woven, it sees nothing, and the rollback is an exception.
 */
final class InnermostAdvice extends StaticMethodMatcherPointcutAdvisor {

    private static final long serialVersionUID = 1L;

    private final transient OperationSource source;

    InnermostAdvice(OperationSource source) {
        super(new Entrance());
        this.source = source;
        ClassFilter candidates = source::isCandidate;
        setClassFilter(candidates);
        setOrder(Ordered.LOWEST_PRECEDENCE);
    }

    @Override
    public boolean matches(Method method, Class<?> targetClass) {
        return source.isIdempotent(method, targetClass);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    /** Lets the transaction that a method is in look at its own. */
    static final class Entrance implements MethodInterceptor {

        @Override
        public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
            AtomicTransaction.enter();
            return invocation.proceed();
        }
    }

    static Registrar registrar(InfrastructureBeans beans) {
        return new Registrar();
    }

    static InnermostAdvice advice(InfrastructureBeans beans) {
        return new InnermostAdvice(beans.bean(OperationSource.class));
    }

    /** Registers the advice where methods are intercepted by proxies. */
    static final class Registrar implements BeanDefinitionRegistryPostProcessor, Ordered {

        @Override
        public int getOrder() {
            return Ordered.LOWEST_PRECEDENCE;
        }

        @Override
        public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
            if (registry instanceof ListableBeanFactory beans
                    && beans.getBeanNamesForType(IdempotencyAdvisor.class, true, false).length > 0) {
                new IdempotencyInfrastructure(registry)
                        .register(InnermostAdvice.class, InnermostAdvice.class, "advice");
            }
        }
    }
}
