package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.engine.AtomicWork;
import io.idempotent.engine.Execution;
import io.idempotent.engine.Operation;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.settings.RetrySettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.util.StringUtils;

/**
 * Attempts a call again within its claim, by Spring Framework's {@link RetryTemplate}.
 *
 * <p>Never retried, whatever is included: an {@link Error}, an {@link InterruptedException}, this library's own
 * exceptions, a failure that the operation records or after which its outcome is unknown, a violation of constraints on
 * the arguments, and anything once the lease is lost or the caller's transaction can only be rolled back. The caller
 * gets the last failure, with the earlier ones suppressed by it.
 */
final class Retries {

    // Named, not referred to: bean validation need not be there.
    private static final String CONSTRAINT_VIOLATION = "jakarta.validation.ConstraintViolationException";

    private final String operation;

    private final RetryTemplate template;

    private Retries(String operation, RetryTemplate template) {
        this.operation = operation;
        this.template = template;
    }

    /**
     * Makes the retries of an operation.
     *
     * @return null if it does not retry
     */
    static @Nullable Retries of(RetrySettings settings, Operation<?> operation) {
        if (settings.isUnsaid()) {
            return null;
        }
        try {
            // Checked even when it is off, since a mistake must not wait until somebody switches it on.
            RetryPolicy policy = policy(settings, operation);
            boolean on = settings.maxRetries() != null && settings.maxRetries() > 0;
            return on ? new Retries(operation.name(), new RetryTemplate(policy)) : null;
        } catch (IllegalArgumentException refusal) {
            throw new IdempotencyConfigurationException(
                    "The retry of operation '" + operation.name() + "' is invalid: "
                            + StringUtils.trimTrailingCharacter(String.valueOf(refusal.getMessage()), '.'),
                    "Correct it at the method's @Idempotent(retry = …) or at idempotent.retry and"
                            + " idempotent.operations." + operation.name() + ".retry",
                    refusal);
        }
    }

    /** The policy alone, for those who want to look at its back-off. */
    static RetryPolicy policy(RetrySettings settings, Operation<?> operation) {
        RetryPolicy.Builder policy = RetryPolicy.builder();
        Duration delay =
                settings.delay() == null ? Duration.ofMillis(RetryPolicy.Builder.DEFAULT_DELAY) : settings.delay();
        policy.delay(delay);
        // Without jitter, callers that failed together come back together.
        policy.jitter(settings.jitter() == null ? delay : settings.jitter());
        if (settings.maxRetries() != null) {
            policy.maxRetries(settings.maxRetries());
        }
        if (settings.multiplier() != null) {
            policy.multiplier(settings.multiplier());
        }
        if (settings.maxDelay() != null) {
            policy.maxDelay(settings.maxDelay());
        }
        if (settings.timeout() != null) {
            policy.timeout(settings.timeout());
        }
        if (settings.includes() != null) {
            policy.includes(settings.includes());
        }
        if (settings.excludes() != null) {
            policy.excludes(settings.excludes());
        }
        return policy.predicate(failure -> isRetryable(failure, operation)).build();
    }

    private static boolean isRetryable(Throwable failure, Operation<?> operation) {
        if (failure instanceof Error
                || failure instanceof IdempotencyException
                || failure instanceof InterruptedException
                || operation.type().records(failure)
                || operation.isUnknownOn(failure)) {
            return false;
        }
        for (Class<?> next = failure.getClass(); next != null; next = next.getSuperclass()) {
            if (next.getName().equals(CONSTRAINT_VIOLATION)) {
                return false;
            }
        }
        return !(IdempotencyContext.currentOrNull() instanceof Execution execution) || execution.mayAttemptAgain();
    }

    /**
     * Attempts a call.
     *
     * @param observed is told of retries; null if nobody observes the call
     */
    @Nullable
    Object run(AtomicWork.Attempt<@Nullable Object> attempt, Execution execution, @Nullable ObservedCall observed)
            throws Throwable {
        try {
            return template.execute(new Named(operation, observed == null ? attempt : new Observed(attempt, observed)));
        } catch (RetryException exhausted) {
            if (observed != null && template.getRetryPolicy().shouldRetry(exhausted.getLastException())) {
                observed.retriesExhausted();
            }
            throw lastOf(exhausted, execution);
        }
    }

    private static Throwable lastOf(RetryException exhausted, Execution execution) {
        List<Throwable> failures = exhausted.getExceptions();
        Throwable last = exhausted.getLastException();
        if (failures.size() > 1
                && last instanceof IdempotencyException ours
                && execution.key().equals(ours.key())) {
            // What the library says after the operation failed does not stand in for that.
            last = failures.get(failures.size() - 2);
        }
        for (Throwable failure : failures) {
            if (failure != last && !List.of(last.getSuppressed()).contains(failure)) {
                last.addSuppressed(failure);
            }
        }
        return last;
    }

    /** Tells of each attempt but the first. */
    private static final class Observed implements AtomicWork.Attempt<@Nullable Object> {

        private final AtomicWork.Attempt<@Nullable Object> attempt;
        private final ObservedCall observed;
        private boolean begun;

        Observed(AtomicWork.Attempt<@Nullable Object> attempt, ObservedCall observed) {
            this.attempt = attempt;
            this.observed = observed;
        }

        // The type argument says @Nullable, which javac 17 does not read from class files.
        @Override
        @SuppressWarnings("NullAway")
        public @Nullable Object run() throws Throwable {
            if (begun) {
                observed.retried();
            }
            begun = true;
            return attempt.run();
        }
    }

    private record Named(String operation, AtomicWork.Attempt<@Nullable Object> attempt)
            implements Retryable<@Nullable Object> {

        // The type argument says @Nullable, which javac 17 does not read from class files.
        @Override
        @SuppressWarnings("NullAway")
        public @Nullable Object execute() throws Throwable {
            return attempt.run();
        }

        @Override
        public String getName() {
            return operation;
        }
    }
}
