package io.idempotent.spring.operation;

import java.util.function.BooleanSupplier;

/** Tells whether the current thread is one that must not block. There is one where Reactor is on the class path. */
@FunctionalInterface
public interface NonBlockingThreads extends BooleanSupplier {}
