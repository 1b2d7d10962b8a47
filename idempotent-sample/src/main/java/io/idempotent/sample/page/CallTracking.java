package io.idempotent.sample.page;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Begins a {@link Call} for each request to {@code /payments}, and finds it again on the request's thread. */
@Component
class CallTracking implements HandlerInterceptor, WebMvcConfigurer {

    private static final String ATTRIBUTE = Call.class.getName();

    private final CallLog calls;

    CallTracking(CallLog calls) {
        this.calls = calls;
    }

    /** The call that this thread serves, or null. */
    static @Nullable Call current() {
        RequestAttributes attributes = RequestContextHolder.getRequestAttributes();
        return attributes == null ? null : (Call) attributes.getAttribute(ATTRIBUTE, RequestAttributes.SCOPE_REQUEST);
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
}
