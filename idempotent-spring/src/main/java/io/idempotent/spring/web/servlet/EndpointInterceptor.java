package io.idempotent.spring.web.servlet;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.OpenExecution;
import io.idempotent.engine.OpenResult;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.web.Endpoint;
import io.idempotent.spring.web.Endpoints;
import io.idempotent.spring.web.IdempotencyScopeResolver;
import io.idempotent.spring.web.KeyHeader;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RequestFingerprint;
import io.idempotent.spring.web.UnreadableRequestException;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.security.Principal;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.StringUtils;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.context.request.async.WebAsyncManager;
import org.springframework.web.context.request.async.WebAsyncUtils;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.AsyncHandlerInterceptor;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.util.DisconnectedClientHelper;

/**
 * Claims the key of a request before its handler runs.
 *
 * <ol>
 *   <li>A handler that is no endpoint runs as ever. In a later dispatch of a request that holds a key, it is part of
 *       that execution.
 *   <li>The key is read and checked first. A request without one is refused, or handled unprotected.
 *   <li>The caller is found, and the body is read for the fingerprint. A slow body holds no key.
 *   <li>A recorded response is sent. Otherwise the key is claimed, or the request is refused.
 *   <li>Afterwards it is known whether the handler has begun.
 * </ol>
 */
final class EndpointInterceptor implements AsyncHandlerInterceptor {

    private final Endpoints endpoints;

    private final Supplier<Settings> settings;

    EndpointInterceptor(Endpoints endpoints, Supplier<Settings> settings) {
        this.endpoints = endpoints;
        this.settings = SingletonSupplier.of(settings);
    }

    /**
     * What it needs, asked for at the first request.
     *
     * @param header reads keys
     * @param fingerprint takes fingerprints
     * @param resolver tells callers apart; null if their principals do
     */
    record Settings(
            KeyHeader header,
            RequestFingerprint fingerprint,
            @Nullable IdempotencyScopeResolver resolver) {

        Settings(WebSettings settings, @Nullable IdempotencyScopeResolver resolver) {
            this(new KeyHeader(settings.header()), new RequestFingerprint(settings), resolver);
        }
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws Exception {
        Exchange exchange = Exchange.of(request);
        if (exchange != null && exchange.isOpen()) {
            exchange.enter();
            return true;
        }
        Endpoint endpoint = handler instanceof HandlerMethod method ? endpoints.find(method) : null;
        if (endpoint == null) {
            return true;
        }
        Settings known = settings.get();
        if (!endpoint.required() && request.getHeader(known.header().name()) == null) {
            return true;
        }
        ObservedCall observed = endpoint.operation().observe();
        Exchange claimed = observed == null
                ? claim(exchange, endpoint, request, (HandlerMethod) handler, known, null)
                : claim(exchange, endpoint, request, (HandlerMethod) handler, known, observed, observed.enter());
        if (!claimed.isOpen()) {
            return false;
        }
        claimed.enter();
        return true;
    }

    /** Claims the key in an observed call, which is answered if that fails. */
    private static Exchange claim(
            @Nullable Exchange exchange,
            Endpoint endpoint,
            HttpServletRequest request,
            HandlerMethod handler,
            Settings known,
            ObservedCall observed,
            ObservedCall.Scope scope)
            throws Exception {
        Exchange claimed;
        try {
            claimed = claim(exchange, endpoint, request, handler, known, observed);
        } catch (Throwable failure) {
            scope.close();
            observed.answered(failure);
            throw failure;
        }
        scope.close();
        return claimed;
    }

    /** Claims the key, or finds a recorded response. Returns the exchange that has the one or the other. */
    private static Exchange claim(
            @Nullable Exchange exchange,
            Endpoint endpoint,
            HttpServletRequest request,
            HandlerMethod handler,
            Settings known,
            @Nullable ObservedCall observed)
            throws Exception {
        List<String> fields = Collections.list(request.getHeaders(known.header().name()));
        String key = known.header().read(fields, endpoint.name());
        if (exchange == null) {
            throw new IdempotencyConfigurationException(
                    "A request for the endpoint '" + endpoint.name() + "' did not pass "
                            + IdempotencyFilter.class.getName() + ", and was not run",
                    "Map the filter to all requests, as its documentation says");
        }
        RecordingRequest recording = exchange.request();
        int position = recording.position();
        try {
            IdempotencyKey resolved = endpoint.key(key, endpoint.shared() ? null : caller(request, known.resolver()));
            if (observed != null) {
                observed.identifiedBy(resolved);
            }
            claim(exchange, endpoint, resolved, request, new Invocation(handler), known, observed);
            return exchange;
        } finally {
            // The handler reads the body from there, though a resolver or a reconciler has read it.
            recording.rewind(position);
        }
    }

    private static @Nullable String caller(HttpServletRequest request, @Nullable IdempotencyScopeResolver resolver) {
        if (resolver != null) {
            return resolver.resolve(request);
        }
        Principal principal = request.getUserPrincipal();
        return principal == null ? null : principal.getName();
    }

    private static void claim(
            Exchange exchange,
            Endpoint endpoint,
            IdempotencyKey key,
            HttpServletRequest request,
            Invocation invocation,
            Settings known,
            @Nullable ObservedCall observed)
            throws Exception {
        Fingerprint fingerprint =
                endpoint.fingerprint() ? fingerprint(exchange.request(), endpoint, known) : Fingerprint.none();
        OpenResult<RecordedResponse> opened;
        try {
            opened = endpoint.operation().open(key, fingerprint, request);
        } catch (Exception | Error thrown) {
            throw thrown;
        } catch (Throwable neither) {
            throw new IllegalStateException("A failure was recorded for '" + key + "', and not a response", neither);
        }
        if (opened instanceof OpenResult.Recorded<RecordedResponse> recorded) {
            exchange.answer(recorded, observed);
            return;
        }
        AsyncWork asyncWork = exchange.open(endpoint, (OpenExecution<RecordedResponse>) opened, invocation, observed);
        WebAsyncManager asyncManager = WebAsyncUtils.getAsyncManager(request);
        asyncManager.registerCallableInterceptor(AsyncWork.class, asyncWork);
        asyncManager.registerDeferredResultInterceptor(AsyncWork.class, asyncWork);
    }

    /** Refuses what cannot be read as the client's fault, unless this server failed to keep it. */
    private static Fingerprint fingerprint(RecordingRequest request, Endpoint endpoint, Settings known)
            throws Exception {
        try {
            return known.fingerprint().take(new ServletContent(request), endpoint.name(), endpoint.keepsReferences());
        } catch (IdempotencyException refusal) {
            throw refusal;
        } catch (Exception | StackOverflowError failure) {
            if (isOfFiles(failure, request)) {
                throw failure;
            }
            throw new UnreadableRequestException(endpoint.name(), failure);
        }
    }

    /**
     * Whether the files failed in which this server keeps a request: the disk is full, or a directory is gone. Spring
     * answers these by 500, and failures of the connection by 400.
     */
    private static boolean isOfFiles(Throwable failure, HttpServletRequest request) {
        Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
        return cause instanceof FileSystemException
                || cause instanceof FileNotFoundException
                // Containers write parts to files, and have types of their own for what is malformed.
                || (cause.getClass() == IOException.class
                        && StringUtils.startsWithIgnoreCase(request.getContentType(), "multipart/")
                        && !DisconnectedClientHelper.isClientDisconnectedException(failure));
    }

    @Override
    public void postHandle(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable ModelAndView result) {
        returned(request, handler);
        Invocation invocation = Exchange.invocation(request);
        if (invocation != null) {
            invocation.answered();
        }
    }

    @Override
    public void afterConcurrentHandlingStarted(
            HttpServletRequest request, HttpServletResponse response, Object handler) {
        returned(request, handler);
    }

    private static void returned(HttpServletRequest request, Object handler) {
        Invocation invocation = Exchange.invocation(request);
        if (invocation != null && invocation.isOf(handler)) {
            invocation.returned();
        }
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception thrown) {
        Invocation invocation = Exchange.invocation(request);
        if (invocation != null && invocation.isOf(handler)) {
            invocation.ended(WebAsyncUtils.getAsyncManager(request), thrown != null ? thrown : answered(request));
        }
    }

    /** What was thrown and is answered: by whoever resolved it, or by a view. */
    private static @Nullable Throwable answered(HttpServletRequest request) {
        Object failure = request.getAttribute(DispatcherServlet.EXCEPTION_ATTRIBUTE);
        return (Throwable) (failure != null ? failure : request.getAttribute(RequestDispatcher.ERROR_EXCEPTION));
    }
}
