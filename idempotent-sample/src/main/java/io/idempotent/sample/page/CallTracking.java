package io.idempotent.sample.page;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.operation.RecoveryContextCustomizer;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Begins a {@link Call} for each request to {@code /payments} and for each recovered payment, and finds it again on the
 * thread that serves it.
 */
@Component
class CallTracking implements HandlerInterceptor, WebMvcConfigurer, RecoveryContextCustomizer {

    private static final String ATTRIBUTE = Call.class.getName();

    private static final String AMOUNT = "page.amount";

    // The request of a recovery that an operator asks for is not the call's.
    private static final ThreadLocal<@Nullable Call> RECOVERY = new ThreadLocal<>();

    private final CallLog calls;

    CallTracking(CallLog calls) {
        this.calls = calls;
    }

    /** The call that this thread serves, or null. */
    static @Nullable Call current() {
        Call recovery = RECOVERY.get();
        RequestAttributes attributes = RequestContextHolder.getRequestAttributes();
        return recovery != null || attributes == null
                ? recovery
                : (Call) attributes.getAttribute(ATTRIBUTE, RequestAttributes.SCOPE_REQUEST);
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this).addPathPatterns("/payments");
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        request.setAttribute(ATTRIBUTE, calls.begin());
        return true;
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception failure) {
        // Told already, unless the answer has no body.
        if (request.getAttribute(ATTRIBUTE) instanceof Call call) {
            call.answered(response.getStatus(), null);
        }
    }

    @Override
    public void capture(Map<String, String> context) {
        Call call = current();
        String amount = call == null ? null : call.amount();
        if (amount != null) {
            context.put(AMOUNT, amount);
        }
    }

    @Override
    public Scope restore(IdempotencyKey key, Map<String, String> recorded) {
        Call call = calls.begin();
        call.recovers(key.value(), recorded.get(AMOUNT));
        RECOVERY.set(call);
        return () -> {
            RECOVERY.remove();
            call.recoveryEnds();
        };
    }
}
