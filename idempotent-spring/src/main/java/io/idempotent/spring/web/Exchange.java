package io.idempotent.spring.web;

import io.idempotent.IdempotencyException;
import io.idempotent.RedactedException;
import io.idempotent.engine.OpenExecution;
import io.idempotent.spring.web.StatusRules.Rule;
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
import org.springframework.web.servlet.HandlerExceptionResolver;

/**
 * One request with a key, over all its dispatches, and what becomes of that key. Used by one thread at a time, but for {@link #doubt}.
 *
 * <ol>
 *   <li>It begins in the filter, and means nothing until the interceptor claims the key, or finds what was recorded. From then on
 *       the response is kept back.
 *   <li>At the end of a dispatch it goes on if the response is to be made by another one: by a thread of its own, or by the page
 *       of the error that was sent or thrown.
 *   <li>Otherwise the key is settled, by the status, before the response is sent: recorded, released, or abandoned. What may still
 *       be going on after its time ran out is never released.
 *   <li>If a successor has recorded another response meanwhile, that is sent.
 *   <li>What no dispatch has settled by the end of the request was answered by somebody else, whose response nobody has: the key is
 *       released if the status says so, else not replayable, or abandoned where that is found out.
 * </ol>
 */
final class Exchange {

    private static final String ATTRIBUTE = Exchange.class.getName();

    private static final Log LOG = LogFactory.getLog(Exchange.class);

    private final RecordingRequest request;
    private final Rules rules;
    private RecordingResponse response;
    private @Nullable Endpoint endpoint;
    private @Nullable OpenExecution<RecordedResponse> execution;
    private @Nullable RecordedResponse recorded;
    private OpenExecution.@Nullable Binding binding;
    private boolean elsewhere;
    private boolean pageAwaited;

    // Also written by the container's threads that watch the time.
    private volatile boolean inDoubt;

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

    /** The key is held from now on. */
    void open(Endpoint claimed, OpenExecution<RecordedResponse> opened) {
        endpoint = claimed;
        execution = opened;
        response.record();
    }

    /** The request is answered by what was recorded. */
    void answer(RecordedResponse found) {
        recorded = found;
        response.record();
    }

    /** The response goes on in another object of the container's. */
    RecordingResponse continueIn(RecordingResponse next) {
        next.record(response.headersBefore());
        response = next;
        return next;
    }

    /** What happens in this thread from now on is part of the execution. */
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

    /** What was begun may be going on, whatever is answered. */
    void doubt() {
        inDoubt = true;
    }

    OpenExecution.@Nullable Binding bind() {
        return execution == null ? null : execution.bind();
    }

    /** A dispatch has returned. */
    void endDispatch(HttpServletRequest dispatched) throws IOException {
        if (recorded != null) {
            response.replay(recorded);
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
            }
        } else if (response.isErrorSent()) {
            pageAwaited = dispatched.getDispatcherType() == DispatcherType.ASYNC;
            response.send();
        } else {
            settle();
        }
    }

    private void settle() throws IOException {
        Rule rule = rules.statuses().of(response.getStatus());
        if (rule == Rule.RELEASE && inDoubt) {
            rule = endpoint().keepsUnknown() ? Rule.UNKNOWN : Rule.RECORD;
        }
        switch (rule) {
            case RELEASE -> {
                execution().release(null);
                response.send();
            }
            case UNKNOWN -> {
                execution().abandon();
                response.send();
            }
            case RECORD -> record();
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
            response.replay(answer);
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(RecordedResponse one, RecordedResponse other) {
        return one == other;
    }

    /** What is to be recorded; null if nothing is, and that is recorded. */
    private @Nullable RecordedResponse toRecord() {
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

    /** The request is over. */
    void end() {
        if (!isOpen()) {
            return;
        }
        if (pageAwaited) {
            // Tomcat says so at the end of an asynchronous dispatch, before it makes the page of an error that was sent
            // there, and
            // says it again after that.
            pageAwaited = false;
            return;
        }
        if (rules.statuses().of(response.getStatus()) == Rule.RELEASE && !inDoubt && !elsewhere) {
            execution().release(null);
        } else if (endpoint().keepsUnknown()) {
            execution().abandon();
        } else {
            execution().completeNotReplayable("its response was not made where it is recorded");
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
