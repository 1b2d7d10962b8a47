package io.idempotent.spring.web.client;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
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

    // In progress; too early; too many; not available. Anything else stays what it is, however often it is asked for.
    private static final Set<Integer> PASSING = Set.of(409, 425, 429, 503);

    private static final int CONFLICT = 409;

    private final HttpRequest request;
    private final byte[] body;
    private final ClientHttpRequestExecution execution;
    private final BackOffExecution delays;
    private final Duration maximumPause;

    // How long may still be waited for a request that is in progress elsewhere, without its repetitions being counted.
    private Duration patience;

    // What was last answered, if that asks for a pause.
    private @Nullable PassingException passing;

    RepeatableRequest(
            HttpRequest request,
            byte[] body,
            ClientHttpRequestExecution execution,
            BackOff delays,
            Duration maximumPause,
            Duration patience) {
        this.request = request;
        this.body = body;
        this.execution = execution;
        this.delays = delays.start();
        this.maximumPause = maximumPause;
        this.patience = patience;
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
        if (PASSING.contains(status)) {
            Duration pause = RetryAfter.pause(answer.getHeaders(), InstantSource.system());
            if (pause != null && pause.compareTo(maximumPause) <= 0) {
                throw new PassingException(answer, status == CONFLICT, pause);
            }
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
        if (passing != null && passing.isOfOneInProgress() && passing.pause.compareTo(patience) <= 0) {
            patience = patience.minus(passing.pause);
            return passing.pause.toMillis();
        }
        // Asked in any case, since it counts the repetitions.
        long delay = delays.nextBackOff();
        return passing == null || delay == STOP ? delay : passing.pause.toMillis();
    }

    /** An answer that will be another after a pause. It never leaves this class. */
    private static final class PassingException extends Exception {

        private static final long serialVersionUID = 1L;

        private final transient ClientHttpResponse answer;
        private final boolean inProgress;
        private final Duration pause;

        PassingException(ClientHttpResponse answer, boolean inProgress, Duration pause) {
            super("The answer is to be asked for again after " + pause, null, false, false);
            this.answer = answer;
            this.inProgress = inProgress;
            this.pause = pause;
        }

        /**
         * Whether another request holds the key. One that may come back at once is counted, or there would be no end.
         */
        boolean isOfOneInProgress() {
            return inProgress && !pause.isZero();
        }
    }
}
