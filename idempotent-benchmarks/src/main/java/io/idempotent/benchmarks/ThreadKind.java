package io.idempotent.benchmarks;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Whose calls meet. */
public enum ThreadKind {
    /** Threads of the operating system. */
    PLATFORM {
        @Override
        ExecutorService executor() {
            return Executors.newCachedThreadPool();
        }
    },
    /** Virtual threads: from JDK 21 on, a benchmark of them fails on an older one. */
    VIRTUAL {
        @Override
        ExecutorService executor() {
            try {
                // The code is compiled for 17.
                return (ExecutorService) Executors.class
                        .getMethod("newVirtualThreadPerTaskExecutor")
                        .invoke(null);
            } catch (ReflectiveOperationException failure) {
                throw new IllegalStateException("This JDK has no virtual threads: run with -p kind=PLATFORM", failure);
            }
        }
    };

    /** Makes one that runs each task at once, in a thread of its own. */
    abstract ExecutorService executor();
}
