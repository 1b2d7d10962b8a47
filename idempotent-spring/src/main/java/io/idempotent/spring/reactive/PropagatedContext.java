package io.idempotent.spring.reactive;

import io.idempotent.engine.CallScope;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import org.springframework.util.ClassUtils;

/** What a thread and a Reactor context know, by Micrometer's context propagation; nothing where that is not there. */
final class PropagatedContext {

    private static final boolean PRESENT = ClassUtils.isPresent(
            "io.micrometer.context.ContextSnapshotFactory", PropagatedContext.class.getClassLoader());

    private static final CallScope NOTHING = Runnable::run;

    private PropagatedContext() {}

    /** Captures what this thread knows, and what these contexts do. */
    static CallScope capture(Object... contexts) {
        return PRESENT ? Snapshots.capture(contexts) : NOTHING;
    }

    /** Loaded only where the library is there. */
    private static final class Snapshots {

        private static final ContextSnapshotFactory FACTORY =
                ContextSnapshotFactory.builder().build();

        static CallScope capture(Object... contexts) {
            ContextSnapshot snapshot = FACTORY.captureAll(contexts);
            return part -> snapshot.wrap(part).run();
        }
    }
}
