package io.idempotent.spring.aspect;

import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.interceptor.IdempotentCall;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.aspectj.lang.ProceedingJoinPoint;
import org.aspectj.lang.annotation.Around;
import org.aspectj.lang.annotation.Aspect;
import org.aspectj.lang.reflect.MethodSignature;
import org.jspecify.annotations.Nullable;

/**
 * Protects methods that carry {@code @Idempotent}, or an annotation that carries it, whoever calls them, even their own
 * object, and whatever their visibility.
 *
 * <p>Each class loader has one. Calls pass unprotected until an application context in the mode ASPECTJ has configured
 * it. Of several contexts, the last one that configured it and is not closed counts.
 */
@Aspect
public final class IdempotencyAspect {

    private final Deque<Supplier<IdempotencySupport>> configurations = new ArrayDeque<>();
    private final ReentrantLock configuring = new ReentrantLock();

    // The last of the configurations; null without any.
    private volatile @Nullable Supplier<IdempotencySupport> support;

    /** For the weaver, which makes the one instance. */
    public IdempotencyAspect() {}

    /**
     * Runs a call.
     *
     * @throws Throwable what the method throws, now or when it ran, or an {@link io.idempotent.IdempotencyException}
     */
    @Around("execution(@io.idempotent.spring.annotation.Idempotent !static * *(..))"
            + " || execution(@(@io.idempotent.spring.annotation.Idempotent *) !static * *(..))")
    public @Nullable Object intercept(ProceedingJoinPoint joinPoint) throws Throwable {
        Supplier<IdempotencySupport> configured = support;
        return configured == null ? joinPoint.proceed() : configured.get().invoke(new WovenCall(joinPoint));
    }

    void configure(Supplier<IdempotencySupport> configured) {
        change(() -> configurations.addLast(configured));
    }

    /** Leaves the aspect to the context before, whose calls would pass bare otherwise. */
    void unconfigure(Supplier<IdempotencySupport> configured) {
        change(() -> configurations.remove(configured));
    }

    private void change(Runnable change) {
        configuring.lock();
        try {
            change.run();
            support = configurations.peekLast();
        } finally {
            configuring.unlock();
        }
    }

    private static final class WovenCall extends IdempotentCall {

        private final ProceedingJoinPoint joinPoint;

        WovenCall(ProceedingJoinPoint joinPoint) {
            super(((MethodSignature) joinPoint.getSignature()).getMethod(), joinPoint.getTarget(), joinPoint.getArgs());
            this.joinPoint = joinPoint;
        }

        @Override
        protected @Nullable Object proceed() throws Throwable {
            return joinPoint.proceed();
        }
    }
}
