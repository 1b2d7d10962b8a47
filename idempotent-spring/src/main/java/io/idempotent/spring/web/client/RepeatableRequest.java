package io.idempotent.spring.web.client;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * One request, sent again by Spring Framework's {@link RetryTemplate} as its answers and failures allow. It is its own
 * policy, since how long to wait is what its last answer says. Used once, by one thread.
 */
final class RepeatableRequest implements Retryable<ClientHttpResponse>, RetryPolicy, BackOff, BackOffExecution {

    private final HttpRequest request;
    private final byte[] body;
    private final ClientHttpRequestExecution execution;
    private final Repetitions repetitions;

    // What was last answered, if that asks for a pause.
    private @Nullable PassingException passing;

    RepeatableRequest(HttpRequest request, byte[] body, ClientHttpRequestExecution execution, ClientRules rules) {
        this.request = request;
        this.body = body;
        this.execution = execution;
        this.repetitions = new Repetitions(rules);
    }

    /** Sends the request until it has its answer, or no repetition is left. */
    ClientHttpResponse send() throws IOException {
        try {
            return new RetryTemplate(this).execute(this);
        } catch (RetryException ended) {
            return lastOf(ended);
        }
    }

    /** The answer that was last, or the failure with earlier ones suppressed. */
    private static ClientHttpResponse lastOf(RetryException ended) throws IOException {
        Throwable last = ended.getLastException();
        if (last instanceof PassingException passing) {
            return passing.answer;
        }
        for (Throwable failure : ended.getExceptions()) {
            if (failure != last && failure instanceof IOException) {
                last.addSuppressed(failure);
            }
        }
        throw RepeatableRequest.<IOException>rethrown(last);
    }

    // Unchecked, since it was an execution that threw it, and all that is thrown there may be thrown here.
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <X extends Throwable> X rethrown(Throwable failure) throws X {
        throw (X) failure;
    }

    @Override
    public ClientHttpResponse execute() throws IOException, PassingException {
        if (passing != null) {
            // Only now: until its pause is over, the answer may have to be handed out.
            passing.answer.close();
        }
        ClientHttpResponse answer = execution.execute(request, body);
        int status = answer.getStatusCode().value();
        Duration pause = repetitions.pause(status, answer.getHeaders());
        if (pause != null) {
            throw new PassingException(answer, status, pause);
        }
        return answer;
    }

    @Override
    public boolean shouldRetry(Throwable failure) {
        passing = failure instanceof PassingException answered ? answered : null;
        return passing != null || failure instanceof IOException;
    }

    @Override
    public BackOff getBackOff() {
        return this;
    }

    @Override
    public BackOffExecution start() {
        return this;
    }

    @Override
    public long nextBackOff() {
        return passing == null ? repetitions.afterFailure() : repetitions.afterAnswer(passing.status, passing.pause);
    }

    /** An answer that will be another after a pause. It never leaves this class. */
    private static final class PassingException extends Exception {

        private static final long serialVersionUID = 1L;

        private final transient ClientHttpResponse answer;
        private final int status;
        private final Duration pause;

        PassingException(ClientHttpResponse answer, int status, Duration pause) {
            super("The answer is to be asked for again after " + pause, null, false, false);
            this.answer = answer;
            this.status = status;
            this.pause = pause;
        }
    }
}
