package io.idempotent.spring.web.servlet;

import io.idempotent.engine.OpenExecution;
import io.idempotent.engine.OpenResult;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.web.Endpoint;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.StatusRules.Rule;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.async.WebAsyncUtils;
import org.springframework.web.servlet.DispatcherServlet;

/**
 * One request with a key, over all its dispatches. Used by one thread at a time.
 *
 * <ol>
 *   <li>The filter begins it. It does nothing until the interceptor claims the key or finds a recorded response; from
 *       then on the response is kept back.
 *   <li>At the end of a dispatch it goes on if another dispatch makes the response: a thread of its own, or the page of
 *       an error that was sent or thrown.
 *   <li>Otherwise the key is settled by the response, before that is sent.
 *   <li>What no dispatch has settled by the end of the request was answered by somebody else, whose response nobody
 *       has. The key is released if the status says so, and given up otherwise.
 * </ol>
 */
final class Exchange {

    private static final String FOLLOWED = Exchange.class.getName() + ".followed";

    private static final String ATTRIBUTE = Exchange.class.getName();

    private final HeldKey.Rules rules;
    private RecordingRequest request;
    private RecordingResponse response;
    private @Nullable HeldKey held;
    private OpenResult.@Nullable Recorded<RecordedResponse> recorded;
    private OpenExecution.@Nullable Binding binding;
    private @Nullable ObservedCall observed;
    private @Nullable Throwable thrown;
    private boolean elsewhere;
    private boolean pageAwaited;

    // The status of what the handler threw or sent, whose page is made by another dispatch; zero if there is none.
    private int failedWith;

    Exchange(RecordingRequest request, RecordingResponse response, HeldKey.Rules rules) {
        this.request = request;
        this.response = response;
        this.rules = rules;
    }

    static @Nullable Exchange of(ServletRequest request) {
        return (Exchange) request.getAttribute(ATTRIBUTE);
    }

    void begin() {
        request.setAttribute(ATTRIBUTE, this);
    }

    RecordingRequest request() {
        return request;
    }

    RecordingResponse response() {
        return response;
    }

    /** Whether a key is held. */
    boolean isOpen() {
        return open() != null;
    }

    private @Nullable HeldKey open() {
        return held != null && held.isOpen() ? held : null;
    }

    /** Holds the key from now on, and returns what is to follow its work in other threads. */
    AsyncWork open(
            Endpoint claimed,
            OpenExecution<RecordedResponse> opened,
            Invocation invoked,
            @Nullable ObservedCall observer) {
        observe(observer);
        held = new HeldKey(claimed, opened, invoked, rules, observer);
        response.record();
        return held.asyncWork();
    }

    /** How far a request came with the handler that it holds a key for; null if it holds none. */
    static @Nullable Invocation invocation(ServletRequest request) {
        Exchange exchange = of(request);
        return exchange == null || exchange.held == null ? null : exchange.held.invocation();
    }

    /** Answers the request by a recorded response. */
    void answer(OpenResult.Recorded<RecordedResponse> found, @Nullable ObservedCall observer) {
        observe(observer);
        recorded = found;
        response.record();
    }

    /** The request goes on in another object of the container's, before its body was asked for. */
    RecordingRequest continueWith(RecordingRequest next) {
        request = next;
        return next;
    }

    /** The response goes on in another object of the container's. */
    RecordingResponse continueIn(RecordingResponse next) {
        if (isOpen()) {
            next.record(response.headersBefore());
        }
        response = next;
        return next;
    }

    /** Makes the execution the context of this thread. */
    void enter() {
        elsewhere = false;
        if (binding == null && held != null) {
            binding = held.bind();
        }
    }

    void leave() {
        if (binding != null) {
            binding.close();
            binding = null;
        }
    }

    private void observe(@Nullable ObservedCall observer) {
        tellIfAnswered();
        observed = observer;
    }

    /** Tells whoever observes this request that it is answered, if nothing more is to come. */
    void tellIfAnswered() {
        if (observed != null && recorded == null && (held == null || !held.isOpen() || held.isHandedOver())) {
            ObservedCall answered = observed;
            observed = null;
            Throwable refusal = held == null ? null : held.refusal();
            Throwable failure = refusal == null ? thrown : refusal;
            answered.answered(
                    failure == null
                            ? (Throwable) request.getAttribute(DispatcherServlet.EXCEPTION_ATTRIBUTE)
                            : failure);
        }
    }

    /** Ends a dispatch that has returned. */
    void endDispatch(HttpServletRequest dispatched) throws IOException {
        OpenResult.Recorded<RecordedResponse> found = recorded;
        if (found != null) {
            // Answered, whether its client is there to read it or not.
            recorded = null;
            // Before its body, which may complete it.
            if (rules.recording().traceHeader() != null && found.traceId() != null) {
                response.setHeader(rules.recording().traceHeader(), found.traceId());
            }
            response.replay(found.value(), rules.recording().headers());
            return;
        }
        HeldKey open = open();
        if (open == null) {
            return;
        }
        if (dispatched.isAsyncStarted()) {
            elsewhere = true;
            if (!WebAsyncUtils.getAsyncManager(dispatched).isConcurrentHandlingStarted()) {
                // No dispatch of Spring's will come back here with the response.
                response.passThrough();
                dispatched.getAsyncContext().addListener(new WhenCompleted(this));
            }
        } else if (response.isErrorSent()) {
            failedWith = response.getStatus();
            awaitPage(dispatched);
            response.send();
        } else {
            open.settle(request, response);
        }
    }

    /** A failure leaves the filter. Unless it ends the key, the page of an error is expected. */
    void thrown(Throwable failure, HttpServletRequest dispatched) {
        thrown = failure;
        recorded = null;
        HeldKey open = open();
        if (open != null && !dispatched.isAsyncStarted() && open.isEndedBy(failure)) {
            response.forget();
            open.endBy(failure);
        } else {
            failedWith = HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
            awaitPage(dispatched);
        }
    }

    /** Takes note that the container tells when this request is over. */
    static void follow(ServletRequest request) {
        request.setAttribute(FOLLOWED, true);
    }

    /**
     * Whether a container tells when a request is over. A test without a container does not, nor does it make pages of
     * errors.
     */
    private static boolean isFollowed(ServletRequest request) {
        return request.getAttribute(FOLLOWED) != null;
    }

    /** The page of an error is expected, which was sent or thrown in a dispatch. */
    private void awaitPage(HttpServletRequest dispatched) {
        if (!isFollowed(dispatched)) {
            HeldKey open = open();
            if (open != null) {
                open.endWithoutPage(request, failedWith);
            }
            return;
        }
        // Tomcat says that the request is over before it makes that page for an asynchronous dispatch, and once more
        // when it has made it; others do so for every dispatch.
        pageAwaited = dispatched.getDispatcherType() == DispatcherType.ASYNC
                || !dispatched.getServletContext().getServerInfo().startsWith("Apache Tomcat");
    }

    /** Ends the request, or a dispatch of it. */
    void end() {
        HeldKey open = open();
        if (open == null || open.isHandedOver() || request.isAsyncStarted()) {
            return;
        }
        if (pageAwaited) {
            pageAwaited = false;
            return;
        }
        // What somebody outside has made of a failure is not the handler's answer.
        int status = failedWith == 0 ? response.getStatus() : failedWith;
        if (!elsewhere && open.rule(request, status) == Rule.RELEASE) {
            open.release(null);
        } else {
            open.giveUp("its response was not made where it is recorded");
        }
        tellIfAnswered();
    }

    /**
     * Something ended it, or failed, that makes no response which could be recorded: nobody is to wait for what never
     * comes.
     */
    void fail() {
        recorded = null;
        HeldKey open = open();
        if (open != null && !open.isHandedOver()) {
            open.giveUp("its response could not be recorded");
        }
        tellIfAnswered();
    }

    /**
     * The handler's own threads are done with a request: not every container says then that it is over.
     *
     * @param exchange the request
     */
    private record WhenCompleted(Exchange exchange) implements AsyncListener {

        @Override
        public void onComplete(AsyncEvent event) {
            exchange.fail();
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            // It is completed after that.
        }

        @Override
        public void onError(AsyncEvent event) {
            // It is completed after that.
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            event.getAsyncContext().addListener(this);
        }
    }
}
