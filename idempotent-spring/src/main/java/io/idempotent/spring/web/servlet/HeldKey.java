package io.idempotent.spring.web.servlet;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.RedactedException;
import io.idempotent.engine.OpenExecution;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.web.Endpoint;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.spring.web.RecordingRules;
import io.idempotent.spring.web.SecurityFailure;
import io.idempotent.spring.web.StatusRules.Rule;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.HandlerExceptionResolver;

/**
 * A key that is held for the handler of a request, and what becomes of it. Used by one thread at a time.
 *
 * <ol>
 *   <li>The status of the response decides: the response is recorded, or the key is released or abandoned. The key is
 *       also released if the handler has not begun, if it met a conflict of another key that passes, or if security
 *       ended it and answers outside of the filter.
 *   <li>Work that may still go on, after its time ran out or its client went away, is never released. It is unknown
 *       where somebody finds out, once a callable has returned, and final elsewhere.
 *   <li>If a successor has recorded another response meanwhile, that one is sent.
 *   <li>If nobody has the response, it is not replayable, or the key is abandoned where somebody finds out.
 * </ol>
 */
final class HeldKey {

    private static final Log LOG = LogFactory.getLog(HeldKey.class);

    private final Endpoint endpoint;
    private final OpenExecution<RecordedResponse> execution;
    private final Invocation invocation;
    private final Rules rules;
    private final @Nullable ObservedCall observed;
    private final AsyncWork asyncWork;
    private boolean handedOver;
    private @Nullable Throwable refusal;

    /**
     * What is the same for all requests.
     *
     * @param recording what is done with responses
     * @param failures answers what is thrown here
     */
    record Rules(RecordingRules<HttpServletRequest> recording, HandlerExceptionResolver failures) {}

    HeldKey(
            Endpoint endpoint,
            OpenExecution<RecordedResponse> execution,
            Invocation invocation,
            Rules rules,
            @Nullable ObservedCall observed) {
        this.endpoint = endpoint;
        this.execution = execution;
        this.observed = observed;
        this.asyncWork = new AsyncWork(() -> endpoint.operation().bind(execution, observed));
        this.invocation = invocation;
        this.rules = rules;
    }

    boolean isOpen() {
        return execution.isOpen();
    }

    /** Whether the key is left to the callable that runs, which abandons it. */
    boolean isHandedOver() {
        return handedOver;
    }

    /** What the caller got instead of the handler's response; null if it got that. */
    @Nullable
    Throwable refusal() {
        return refusal;
    }

    Invocation invocation() {
        return invocation;
    }

    AsyncWork asyncWork() {
        return asyncWork;
    }

    /** Makes the execution the context of the calling thread. */
    OpenExecution.Binding bind() {
        return endpoint.operation().bind(execution, observed);
    }

    /** Ends it by a response, which is then sent. */
    void settle(RecordingRequest request, RecordingResponse response) throws IOException {
        switch (rule(request, response.getStatus())) {
            case RELEASE -> {
                release(null);
                response.send();
            }
            case UNKNOWN -> {
                abandon();
                response.send();
            }
            case RECORD -> record(request, response);
        }
    }

    /** Returns what is done with the key if the response has this status. */
    Rule rule(RecordingRequest request, int status) {
        if (asyncWork.isGivenUp()) {
            return endpoint.keepsUnknown() ? Rule.UNKNOWN : Rule.RECORD;
        }
        if (invocation.isUntouched()) {
            return Rule.RELEASE;
        }
        Object thrown = request.getAttribute(DispatcherServlet.EXCEPTION_ATTRIBUTE);
        return thrown instanceof IdempotencyInProgressException || thrown instanceof IdempotencyClaimLostException
                ? Rule.RELEASE
                : rules.recording().statuses().of(status);
    }

    /**
     * Abandons the key: not before the callable that runs has returned, or another request would find its work half
     * done.
     */
    private void abandon() {
        handedOver = asyncWork.whenReturned(execution::abandon);
        if (!handedOver) {
            execution.abandon();
        }
    }

    /** Ends an execution whose response nobody has. */
    void giveUp(String reason) {
        if (endpoint.keepsUnknown()) {
            abandon();
        } else {
            execution.completeNotReplayable(reason);
        }
    }

    private void record(RecordingRequest request, RecordingResponse response) throws IOException {
        RecordedResponse toRecord = toRecord(request, response);
        if (toRecord == null) {
            response.send();
            return;
        }
        RecordedResponse answer;
        try {
            answer = execution.complete(toRecord);
        } catch (Throwable failure) {
            refusal = failure;
            response.discard();
            refuse(failure, request, response);
            return;
        }
        if (isSame(answer, toRecord)) {
            response.send();
        } else {
            response.discard();
            response.replay(answer, rules.recording().headers());
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(RecordedResponse one, RecordedResponse other) {
        return one == other;
    }

    /** The response to record; null if it is recorded that there is none. */
    private @Nullable RecordedResponse toRecord(RecordingRequest request, RecordingResponse response) {
        if (asyncWork.isBroken()) {
            // What is there is no answer: there was nobody to make one for.
            execution.completeNotReplayable("its client was gone before its response was made");
            return null;
        }
        if (response.isTooLong()) {
            execution.completeNotReplayable(RecordingRules.TOO_LONG);
            return null;
        }
        return rules.recording()
                .<@Nullable RecordedResponse>customize(
                        response.recorded(rules.recording().headers()),
                        request,
                        execution.context().key(),
                        customized -> customized,
                        reason -> {
                            execution.completeNotReplayable(reason);
                            return null;
                        });
    }

    /** Answers what was thrown after the handler was done. */
    private void refuse(Throwable failure, RecordingRequest request, RecordingResponse response) throws IOException {
        if (failure instanceof IdempotencyException exception
                && rules.failures().resolveException(request, response, null, exception) != null) {
            return;
        }
        LOG.error(
                "The response for '" + execution.context().key() + "' cannot be given", RedactedException.of(failure));
        response.sendError(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
    }

    /** Nobody makes the page, nor tells when the request is over: what there is to record is the error's status. */
    void endWithoutPage(RecordingRequest request, int status) {
        switch (rule(request, status)) {
            case RELEASE -> release(null);
            case UNKNOWN -> abandon();
            case RECORD -> {
                try {
                    execution.complete(new RecordedResponse(status, List.of(), new byte[0]));
                } catch (Throwable failure) {
                    refusal = failure;
                    LOG.error(
                            "The response for '" + execution.context().key() + "' cannot be recorded",
                            RedactedException.of(failure));
                }
            }
        }
    }

    void release(@Nullable Throwable failure) {
        execution.release(failure);
    }

    /**
     * Whether a failure that leaves the filter says that the caller must not go on. Then the handler has not come to
     * its end, and whatever status is set outside is not its outcome.
     */
    boolean isEndedBy(Throwable failure) {
        return !asyncWork.isGivenUp() && !invocation.hasAnswered() && SecurityFailure.isIn(failure);
    }

    void endBy(Throwable failure) {
        if (endpoint.keepsUnknown() && !invocation.isUntouched()) {
            abandon();
        } else {
            execution.release(failure);
        }
    }
}
