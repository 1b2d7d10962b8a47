package io.idempotent.spring.web.reactive;

import org.jspecify.annotations.Nullable;
import org.springframework.core.BridgeMethodResolver;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.server.ResponseStatusException;

/**
 * How far a request came with the handler method for which it holds a key. A handler counts as begun unless it has not
 * returned, and what failed shows that one of its arguments was refused: by Spring's validation, or by what resolves
 * arguments.
 */
final class Invocation {

    private static final String OF_ARGUMENTS = "org.springframework.web.reactive.result.method.annotation.";

    private final HandlerMethod handler;
    private volatile boolean returned;
    private volatile @Nullable Throwable failure;

    Invocation(HandlerMethod handler) {
        this.handler = handler;
    }

    HandlerMethod handler() {
        return handler;
    }

    /** Something has returned: the handler, or what answers its failure. */
    void returned(HandlerResult result) {
        if (result.getHandler() instanceof HandlerMethod method
                && method.getMethod().equals(handler.getMethod())) {
            returned = true;
        }
    }

    /** What was thrown by the handler, or in place of it, or by what it returned. */
    void failed(Throwable thrown) {
        if (failure == null) {
            failure = thrown;
        }
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Whether the handler has not begun, and is not going to. */
    boolean isUntouched() {
        Throwable thrown = failure;
        return !returned && thrown != null && (isRefusedArguments(thrown) || isUnresolvedArgument(thrown));
    }

    private boolean isRefusedArguments(Throwable thrown) {
        return thrown instanceof HandlerMethodValidationException refusal
                && !refusal.isForReturnValue()
                && BridgeMethodResolver.findBridgedMethod(handler.getMethod()).equals(refusal.getMethod());
    }

    /** A handler may throw the same types, but not where Spring makes them. */
    private static boolean isUnresolvedArgument(Throwable thrown) {
        StackTraceElement[] frames = thrown.getStackTrace();
        return thrown instanceof ResponseStatusException
                && frames.length > 0
                && frames[0].getClassName().startsWith(OF_ARGUMENTS);
    }
}
