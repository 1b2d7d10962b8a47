package io.idempotent.spring.messaging;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A container's call of a listener, in this thread. What stands between the container and the listener binds it. So an
 * idempotent method knows that a container calls it and nobody else, and the container's side knows what became of the
 * method. Used by one thread.
 */
public final class ContainerCall {

    private static final ThreadLocal<@Nullable ContainerCall> CURRENT = new ThreadLocal<>();

    private final BooleanSupplier keeping;

    private boolean replayed;

    private boolean returned;

    /** Makes a call that no idempotent method has answered. Its message is the listener's until the call ends. */
    public ContainerCall() {
        this(() -> true);
    }

    /**
     * Makes a call that no idempotent method has answered.
     *
     * @param keeping keeps the message from other consumers for another pause, and tells whether that is possible
     */
    public ContainerCall(BooleanSupplier keeping) {
        this.keeping = keeping;
    }

    /** Makes a call this thread's current one, and returns the one before. */
    public static @Nullable ContainerCall bind(@Nullable ContainerCall call) {
        ContainerCall before = CURRENT.get();
        if (call == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(call);
        }
        return before;
    }

    /** Whether the listener method's answer is from an earlier run, so that the method did not see this delivery. */
    public boolean isReplayed() {
        return replayed;
    }

    /** Whether the listener method returned, whatever became of its call afterwards. */
    public boolean hasReturned() {
        return returned;
    }

    /** Whether the message can be held for another pause. */
    boolean isKept() {
        return keeping.getAsBoolean();
    }

    /**
     * Notes how the idempotent method was called.
     *
     * @param answered whether its call returned
     * @param byMethod whether the method itself did
     */
    void ended(boolean answered, boolean byMethod) {
        returned = byMethod;
        replayed = answered && !byMethod;
    }
}
