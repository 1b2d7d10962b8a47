package io.idempotent.spring.web;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.RedactedException;
import io.idempotent.engine.OpenExecution;
import io.idempotent.spring.web.StatusRules.Rule;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.async.WebAsyncUtils;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.HandlerExceptionResolver;

/**
 * One request with a key, over all its dispatches, and what becomes of the key. Used by one thread at a time, except
 * where a method says otherwise.
 *
 * <ol>
 *   <li>The filter begins it. It does nothing until the interceptor claims the key or finds a recorded response; from
 *       then on the response is kept back.
 *   <li>At the end of a dispatch it goes on if another dispatch makes the response: a thread of its own, or the page of
 *       an error that was sent or thrown.
 *   <li>Otherwise the key is settled by the status, before the response is sent: recorded, released or abandoned. It is
 *       also released if the handler has not begun, if it met a conflict of another key that passes, or if security
 *       ended it and answers outside of the filter.
 *   <li>Work that may still go on, after its time ran out or its client went away, is never released. It is unknown
 *       where somebody finds out, once a callable has returned, and final elsewhere.
 *   <li>If a successor has recorded another response meanwhile, that one is sent.
 *   <li>What no dispatch has settled by the end of the request was answered by somebody else, whose response nobody
 *       has. The key is released if the status says so. Otherwise it is not replayable, or abandoned where somebody
 *       finds out.
 * </ol>
 */
final class Exchange {

    private static final String FOLLOWED = Exchange.class.getName() + ".followed";

    private static final String ATTRIBUTE = Exchange.class.getName();

    private static final Log LOG = LogFactory.getLog(Exchange.class);

    private final Rules rules;
    private RecordingRequest request;
    private RecordingResponse response;
    private @Nullable Endpoint endpoint;
    private @Nullable OpenExecution<RecordedResponse> execution;
    private @Nullable RecordedResponse recorded;
    private OpenExecution.@Nullable Binding binding;
    private boolean elsewhere;
    private boolean pageAwaited;

    private boolean handedOver;
    private @Nullable AsyncWork asyncWork;
    private @Nullable Invocation invocation;

    // The status of what the handler threw or sent, whose page is made by another dispatch; zero if there is none.
    private int failedWith;

    // Also written by the container's threads that watch the time and the line.
    private volatile boolean late;
    private volatile boolean broken;

    /**
     * What is the same for all requests.
     *
     * @param statuses what a status says
     * @param headers the headers that are recorded; all if there are none
     * @param customizers change what is recorded
     * @param failures answers what is thrown here
     */
    record Rules(
            StatusRules statuses,
            Set<String> headers,
            List<RecordedResponseCustomizer> customizers,
            HandlerExceptionResolver failures) {}

    Exchange(RecordingRequest request, RecordingResponse response, Rules rules) {
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
        return execution != null && execution.isOpen();
    }

    /** Holds the key from now on. */
    void open(Endpoint claimed, OpenExecution<RecordedResponse> opened, AsyncWork work, Invocation invoked) {
        endpoint = claimed;
        execution = opened;
        asyncWork = work;
        invocation = invoked;
        response.record();
    }

    /** How far the request came with the handler that the key is held for; null if it holds none. */
    @Nullable
    Invocation invocation() {
        return invocation;
    }

    /** Answers the request by a recorded response. */
    void answer(RecordedResponse found) {
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
        if (binding == null && execution != null) {
            binding = execution.bind();
        }
    }

    void leave() {
        if (binding != null) {
            binding.close();
            binding = null;
        }
    }

    /** Notes that the time is over, though the work may go on. Called by any thread. */
    void tooLate() {
        late = true;
    }

    /** Notes that the client is gone, though the work may go on. Called by any thread. */
    void brokenOff() {
        broken = true;
    }

    /** Makes the execution the context of another thread. Called by any thread. */
    OpenExecution.@Nullable Binding bind() {
        return execution == null ? null : execution.bind();
    }

    /** Ends a dispatch that has returned. */
    void endDispatch(HttpServletRequest dispatched) throws IOException {
        if (recorded != null) {
            response.replay(recorded, rules.headers());
            recorded = null;
            return;
        }
        if (!isOpen()) {
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
            settle();
        }
    }

    private void settle() throws IOException {
        switch (rule()) {
            case RELEASE -> {
                execution().release(null);
                response.send();
            }
            case UNKNOWN -> {
                abandon();
                response.send();
            }
            case RECORD -> record();
        }
    }

    private boolean hasAnswered() {
        return invocation != null && invocation.hasAnswered();
    }

    private boolean isUntouched() {
        return invocation != null && invocation.isUntouched();
    }

    private Rule rule() {
        return rule(response.getStatus());
    }

    private Rule rule(int status) {
        if (late || broken) {
            return endpoint().keepsUnknown() ? Rule.UNKNOWN : Rule.RECORD;
        }
        if (isUntouched()) {
            return Rule.RELEASE;
        }
        Object thrown = request.getAttribute(DispatcherServlet.EXCEPTION_ATTRIBUTE);
        return thrown instanceof IdempotencyInProgressException || thrown instanceof IdempotencyClaimLostException
                ? Rule.RELEASE
                : rules.statuses().of(status);
    }

    /**
     * Abandons the key: not before the callable that runs has returned, or another request would find its work half
     * done.
     */
    private void abandon() {
        OpenExecution<RecordedResponse> open = execution();
        handedOver = asyncWork != null && asyncWork.whenReturned(open::abandon);
        if (!handedOver) {
            open.abandon();
        }
    }

    /** Ends an execution whose response nobody has. */
    private void giveUp(String reason) {
        if (endpoint().keepsUnknown()) {
            abandon();
        } else {
            execution().completeNotReplayable(reason);
        }
    }

    private void record() throws IOException {
        RecordedResponse toRecord = toRecord();
        if (toRecord == null) {
            response.send();
            return;
        }
        RecordedResponse answer;
        try {
            answer = execution().complete(toRecord);
        } catch (Throwable refusal) {
            response.discard();
            refuse(refusal);
            return;
        }
        if (isSame(answer, toRecord)) {
            response.send();
        } else {
            response.discard();
            response.replay(answer, rules.headers());
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(RecordedResponse one, RecordedResponse other) {
        return one == other;
    }

    /** The response to record; null if it is recorded that there is none. */
    private @Nullable RecordedResponse toRecord() {
        if (broken) {
            // What is there is no answer: there was nobody to make one for.
            execution().completeNotReplayable("its client was gone before its response was made");
            return null;
        }
        if (response.isTooLong()) {
            execution().completeNotReplayable("its response is longer than idempotent.web.maximum-response-size");
            return null;
        }
        RecordedResponse toRecord = response.recorded(rules.headers());
        for (RecordedResponseCustomizer customizer : rules.customizers()) {
            try {
                toRecord = customizer.customize(toRecord, request);
            } catch (RuntimeException | Error failure) {
                LOG.error(
                        customizer.getClass().getName() + " failed; the response for '"
                                + execution().context().key() + "' is not recorded",
                        RedactedException.of(failure));
                toRecord = null;
            }
            if (toRecord == null) {
                execution()
                        .completeNotReplayable(
                                customizer.getClass().getName() + " did not let its response be recorded");
                return null;
            }
        }
        return toRecord;
    }

    /** Answers what was thrown after the handler was done. */
    private void refuse(Throwable refusal) throws IOException {
        if (refusal instanceof IdempotencyException exception
                && rules.failures().resolveException(request, response, null, exception) != null) {
            return;
        }
        LOG.error(
                "The response for '" + execution().context().key() + "' cannot be given",
                RedactedException.of(refusal));
        response.sendError(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
    }

    /**
     * A failure leaves the filter. If it says that the caller must not go on, the handler has not come to its end, and
     * whatever status is set outside is not its outcome. Of another failure the page is expected.
     */
    void thrown(Throwable failure, HttpServletRequest dispatched) {
        boolean over = isOpen() && !late && !broken && !dispatched.isAsyncStarted();
        if (over && !hasAnswered() && SecurityFailure.isIn(failure)) {
            response.forget();
            if (endpoint().keepsUnknown() && !isUntouched()) {
                abandon();
            } else {
                execution().release(failure);
            }
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
            endWithoutPage();
            return;
        }
        // Tomcat says that the request is over before it makes that page for an asynchronous dispatch, and once more
        // when it has made it; others do so for every dispatch.
        pageAwaited = dispatched.getDispatcherType() == DispatcherType.ASYNC
                || !dispatched.getServletContext().getServerInfo().startsWith("Apache Tomcat");
    }

    /** Nobody makes the page, nor tells when the request is over: what there is to record is the error's status. */
    private void endWithoutPage() {
        if (!isOpen()) {
            return;
        }
        switch (rule(failedWith)) {
            case RELEASE -> execution().release(null);
            case UNKNOWN -> abandon();
            case RECORD -> {
                try {
                    execution().complete(new RecordedResponse(failedWith, List.of(), new byte[0]));
                } catch (Throwable refusal) {
                    LOG.error(
                            "The response for '" + execution().context().key() + "' cannot be recorded",
                            RedactedException.of(refusal));
                }
            }
        }
    }

    /** Ends the request, or a dispatch of it. */
    void end() {
        if (!isOpen() || handedOver || request.isAsyncStarted()) {
            return;
        }
        if (pageAwaited) {
            pageAwaited = false;
            return;
        }
        // What somebody outside has made of a failure is not the handler's answer.
        if (!elsewhere && rule(failedWith == 0 ? response.getStatus() : failedWith) == Rule.RELEASE) {
            execution().release(null);
        } else {
            giveUp("its response was not made where it is recorded");
        }
    }

    /**
     * Something ended it, or failed, that makes no response which could be recorded: nobody is to wait for what never
     * comes.
     */
    void fail() {
        if (isOpen() && !handedOver) {
            giveUp("its response could not be recorded");
        }
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

    private OpenExecution<RecordedResponse> execution() {
        if (execution == null) {
            throw new IllegalStateException("No key was claimed");
        }
        return execution;
    }

    private Endpoint endpoint() {
        if (endpoint == null) {
            throw new IllegalStateException("No key was claimed");
        }
        return endpoint;
    }
}
