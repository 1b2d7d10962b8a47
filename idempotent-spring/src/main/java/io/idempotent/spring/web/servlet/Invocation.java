package io.idempotent.spring.web.servlet;

import io.idempotent.spring.web.SecurityFailure;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Set;
import org.aopalliance.aop.Advice;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.MethodBeforeAdvice;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.core.BridgeMethodResolver;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.context.request.async.WebAsyncManager;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.HandlerMethodArgumentResolverComposite;
import org.springframework.web.method.support.ModelAndViewContainer;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * How far a request came with the handler method for which it holds a key. A handler counts as begun unless one of
 * these shows that it was not:
 *
 * <ol>
 *   <li>Spring never called it: an interceptor answered, or threw.
 *   <li>One of its arguments could not be resolved, or Spring's validation refused them.
 *   <li>It is a bean behind a proxy whose advice checks validity or rights; the check failed, and the bean was not
 *       called.
 * </ol>
 *
 * Used by one thread at a time.
 */
final class Invocation {

    private static final Set<String> OF_ADVICE = Set.of(
            "jakarta.validation.ConstraintViolationException",
            "org.springframework.validation.method.MethodValidationException");

    private final HandlerMethod handler;
    private boolean returned;
    private boolean answered;
    private boolean called;
    private boolean withoutArguments;
    private boolean untouched;

    Invocation(HandlerMethod handler) {
        this.handler = handler;
    }

    /** Whether it is this handler's, in the dispatch that has claimed the key. */
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(Object other) {
        return handler == other;
    }

    /** The handler has returned, and is done or goes on elsewhere. */
    void returned() {
        returned = true;
    }

    /**
     * The dispatch has ended.
     *
     * @param asyncManager the request's
     * @param failure what ended the dispatch, or was answered in it; null if nothing failed
     */
    void ended(WebAsyncManager asyncManager, @Nullable Throwable failure) {
        // The first thing that Spring does for a handler is to get ready for it to be asynchronous.
        boolean reached = asyncManager.getAsyncWebRequest() != null;
        untouched = !returned
                && (!reached || withoutArguments || isRefusedArguments(failure) || isStoppedByAdvice(failure));
    }

    /** The handler has returned what it answers, and that is made a response. */
    void answered() {
        answered = true;
    }

    /** Whether the handler came to its end, whatever failed after it. */
    boolean hasAnswered() {
        return answered;
    }

    /** Whether the handler has not begun, and is not going to. */
    boolean isUntouched() {
        return untouched;
    }

    private boolean isRefusedArguments(@Nullable Throwable failure) {
        return failure instanceof HandlerMethodValidationException refusal
                && !refusal.isForReturnValue()
                && isItsMethod(refusal.getMethod());
    }

    private boolean isStoppedByAdvice(@Nullable Throwable failure) {
        return !called
                && failure != null
                && (SecurityFailure.isIn(failure) || isOfAdvice(failure))
                && isWatched(handler.getBean());
    }

    private static boolean isOfAdvice(Throwable failure) {
        return OF_ADVICE.contains(failure.getClass().getName());
    }

    private boolean isItsMethod(@Nullable Method method) {
        return BridgeMethodResolver.findBridgedMethod(handler.getMethod()).equals(method);
    }

    /** Whether a call of a method may be the handler's: not those that answer its failures. */
    private boolean mayBe(Method method) {
        return method.getName().equals(handler.getMethod().getName());
    }

    /** Lets an adapter tell whose arguments it cannot resolve. */
    static void watch(RequestMappingHandlerAdapter adapter) {
        List<HandlerMethodArgumentResolver> resolvers = adapter.getArgumentResolvers();
        if (resolvers != null && resolvers.stream().noneMatch(WatchedArguments.class::isInstance)) {
            adapter.setArgumentResolvers(List.of(
                    new WatchedArguments(new HandlerMethodArgumentResolverComposite().addResolvers(resolvers))));
        }
    }

    /**
     * Lets a proxy tell when its advice has let a call pass, if it takes more advice. A scoped proxy has no advice that
     * checks anything: the bean behind it is to be watched.
     */
    static void watch(Object bean) {
        if (bean instanceof Advised proxy && !proxy.isFrozen() && !(bean instanceof ScopedObject) && !isWatched(bean)) {
            proxy.addAdvice(WATCH);
        }
    }

    private static boolean isWatched(Object bean) {
        Object checked = bean instanceof ScopedObject scoped ? scoped.getTargetObject() : bean;
        return checked instanceof Advised proxy && proxy.indexOf(WATCH) >= 0;
    }

    // The last of a proxy's advice.
    private static final Advice WATCH = (MethodBeforeAdvice) (method, arguments, target) -> {
        if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes) {
            Invocation invocation = Exchange.invocation(attributes.getRequest());
            if (invocation != null && invocation.mayBe(method)) {
                invocation.called = true;
            }
        }
    };

    /** Resolves arguments as ever. */
    private record WatchedArguments(HandlerMethodArgumentResolver resolvers) implements HandlerMethodArgumentResolver {

        @Override
        public boolean supportsParameter(MethodParameter parameter) {
            return resolvers.supportsParameter(parameter);
        }

        @Override
        public @Nullable Object resolveArgument(
                MethodParameter parameter,
                @Nullable ModelAndViewContainer container,
                NativeWebRequest request,
                @Nullable WebDataBinderFactory binderFactory)
                throws Exception {
            boolean resolved = false;
            try {
                Object argument = resolvers.resolveArgument(parameter, container, request, binderFactory);
                resolved = true;
                return argument;
            } finally {
                if (!resolved) {
                    notResolved(parameter, request);
                }
            }
        }

        private static void notResolved(MethodParameter parameter, NativeWebRequest request) {
            HttpServletRequest servletRequest = request.getNativeRequest(HttpServletRequest.class);
            Invocation invocation = servletRequest == null ? null : Exchange.invocation(servletRequest);
            if (invocation != null && invocation.isItsMethod(parameter.getMethod())) {
                invocation.withoutArguments = true;
            }
        }
    }
}
