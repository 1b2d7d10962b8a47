package io.idempotent.spring.weaving.woven;

import java.util.concurrent.atomic.AtomicInteger;
import org.aspectj.lang.ProceedingJoinPoint;
import org.aspectj.lang.annotation.Around;
import org.aspectj.lang.annotation.Aspect;
import org.aspectj.lang.annotation.DeclarePrecedence;

/** Counts what it stands around, inside of our aspect. */
@Aspect
@DeclarePrecedence("io.idempotent.spring.aspect.IdempotencyAspect, io.idempotent.spring.weaving.woven.Advised")
public final class Advised {

    /** How often a method was run through this. */
    public static final AtomicInteger RUNS = new AtomicInteger();

    /** Counts. */
    @Around("execution(public * io.idempotent.spring.weaving.woven.Later.*(..))")
    public Object count(ProceedingJoinPoint joinPoint) throws Throwable {
        RUNS.incrementAndGet();
        return joinPoint.proceed();
    }
}
