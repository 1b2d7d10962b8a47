package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.engine.AtomicWork;
import io.idempotent.engine.Execution;
import io.idempotent.engine.Operation;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.operation.RetryHint;
import io.idempotent.spring.settings.RetrySettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.util.StringUtils;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * Attempts a call again within its claim, by Spring Framework's {@link RetryTemplate}.
 *
 * <p>Never retried, whatever is included: an {@link Error}, an {@link InterruptedException}, this library's own
 * exceptions, a failure that the operation records or after which its outcome is unknown, a violation of constraints on
 * the arguments, and anything once the lease is lost or the caller's transaction can only be rolled back. What an open
 * circuit breaker refused is retried only if its type is included by name.
 *
 * <p>No further attempt is made either if the pause before it would end after what remains of the execution, or if the
 * budget has no token for it. The caller gets the last failure, with the earlier ones suppressed by it.
 */
final class Retries {

    // Named, not referred to: these libraries need not be there.
    private static final Set<String> CONSTRAINT_VIOLATIONS = Set.of("jakarta.validation.ConstraintViolationException");

    private static final Set<String> OPEN_CIRCUIT_BREAKERS =
            Set.of("io.github.resilience4j.circuitbreaker.CallNotPermittedException");

    // Causes may go round in a circle.
    private static final int LONGEST_CHAIN_OF_CAUSES = 100;

    private static final Duration WITHOUT_LIMIT = Duration.ofMillis(Long.MAX_VALUE);

    private static final RetryHint IN_PROGRESS =
            failure -> failure instanceof IdempotencyInProgressException inProgress ? inProgress.retryAfter() : null;

    private final Operation<?> operation;
    private final RetryPolicy policy;
    private final @Nullable Duration timeout;
    private final Duration maxDelay;
    private final long jitter;
    private final @Nullable RetryBudget budget;
    private final List<RetryHint> hints;
    private final @Nullable AsyncReturns async;

    private Retries(
            RetrySettings settings,
            Operation<?> operation,
            RetryPolicy policy,
            @Nullable RetryBudget budget,
            List<RetryHint> hints,
            @Nullable AsyncReturns async) {
        this.operation = operation;
        this.policy = policy;
        this.timeout = policy.getTimeout().isZero() ? null : policy.getTimeout();
        this.maxDelay = settings.maxDelay() == null ? WITHOUT_LIMIT : settings.maxDelay();
        this.jitter = jitter(settings).toMillis();
        this.budget = budget;
        this.hints = Stream.concat(Stream.of(IN_PROGRESS), hints.stream()).toList();
        this.async = async;
    }

    /**
     * Makes the retries of an operation.
     *
     * @param budgets those of all operations
     * @param hints tell how long to pause; asked for if there are retries
     * @param async repeats what ends later; null if nothing does
     * @return null if it does not retry
     */
    static @Nullable Retries of(
            RetrySettings settings,
            Operation<?> operation,
            RetryBudgets budgets,
            Supplier<List<RetryHint>> hints,
            @Nullable AsyncReturns async) {
        if (settings.isUnsaid()) {
            return null;
        }
        try {
            // Checked even when it is off, since a mistake must not wait until somebody switches it on.
            RetryPolicy policy = policy(settings, operation);
            RetryBudget budget = budgets.of(settings.budget(), operation.name());
            return areOn(settings) ? new Retries(settings, operation, policy, budget, hints.get(), async) : null;
        } catch (IllegalArgumentException refusal) {
            throw new IdempotencyConfigurationException(
                    "The retry of operation '" + operation.name() + "' is invalid: "
                            + StringUtils.trimTrailingCharacter(String.valueOf(refusal.getMessage()), '.'),
                    "Correct it at the method's @Idempotent(retry = …) or at idempotent.retry and"
                            + " idempotent.operations." + operation.name() + ".retry",
                    refusal);
        }
    }

    /** Tells whether failed attempts are repeated. */
    static boolean areOn(RetrySettings settings) {
        return settings.maxRetries() != null && settings.maxRetries() > 0;
    }

    /** The policy alone, for those who want to look at its back-off. */
    static RetryPolicy policy(RetrySettings settings, Operation<?> operation) {
        RetryPolicy.Builder policy = RetryPolicy.builder();
        policy.delay(delay(settings));
        policy.jitter(jitter(settings));
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
        boolean breakersIncluded = false;
        if (settings.includes() != null) {
            policy.includes(settings.includes());
            breakersIncluded = settings.includes().stream().anyMatch(type -> isOneOf(OPEN_CIRCUIT_BREAKERS, type));
        }
        if (settings.excludes() != null) {
            policy.excludes(settings.excludes());
        }
        Set<String> breakers = breakersIncluded ? Set.of() : OPEN_CIRCUIT_BREAKERS;
        return policy.predicate(failure -> isRetryable(failure, operation)
                        && causes(failure).stream().noneMatch(cause -> isOneOf(breakers, cause.getClass())))
                .build();
    }

    private static Duration delay(RetrySettings settings) {
        return settings.delay() == null ? Duration.ofMillis(RetryPolicy.Builder.DEFAULT_DELAY) : settings.delay();
    }

    // Without jitter, callers that failed together come back together.
    private static Duration jitter(RetrySettings settings) {
        return settings.jitter() == null ? delay(settings) : settings.jitter();
    }

    private static boolean isRetryable(Throwable failure, Operation<?> operation) {
        return !(failure instanceof Error
                || failure instanceof IdempotencyException
                || failure instanceof InterruptedException
                || operation.records(failure)
                || operation.isUnknownOn(failure)
                || isOneOf(CONSTRAINT_VIOLATIONS, failure.getClass()));
    }

    private static boolean isOneOf(Set<String> names, Class<?> type) {
        for (Class<?> next = type; next != null; next = next.getSuperclass()) {
            if (names.contains(next.getName())) {
                return true;
            }
        }
        return false;
    }

    /** A failure, and what caused it. */
    private static List<Throwable> causes(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable next = failure;
                next != null && causes.size() < LONGEST_CHAIN_OF_CAUSES;
                next = next.getCause()) {
            causes.add(next);
        }
        return causes;
    }

    /**
     * Attempts a call.
     *
     * @param observed is told of retries; null if nobody observes the call
     */
    @Nullable
    Object run(AtomicWork.Attempt<@Nullable Object> attempt, Execution execution, @Nullable ObservedCall observed)
            throws Throwable {
        if (timeout != null) {
            execution.limitAttempts(timeout);
        }
        Object result;
        try {
            result = attempt.run();
        } catch (Throwable failure) {
            // Nothing is made for a call that succeeds at once.
            result = new Repeat(attempt, new FailedCall(execution, observed), failure).repeat();
        }
        if (budget != null) {
            budget.succeeded();
        }
        return result;
    }

    /**
     * Like {@link #run}, for attempts that end later. It is checked before that there is something to repeat them.
     *
     * @param attempt begins an attempt; does not throw
     * @param failed is told of each failure before the next attempt begins
     * @return what cancels the attempt that runs if it is cancelled itself
     */
    CompletionStage<@Nullable Object> runAsync(
            Supplier<CompletionStage<@Nullable Object>> attempt,
            Consumer<Throwable> failed,
            Execution execution,
            @Nullable ObservedCall observed) {
        if (timeout != null) {
            execution.limitAttempts(timeout);
        }
        FailedCall call = new FailedCall(execution, observed);
        return Objects.requireNonNull(async).retry(new AsyncReturns.Attempts() {

            @Override
            public CompletionStage<@Nullable Object> begin() {
                return attempt.get();
            }

            @Override
            public void succeeded() {
                if (budget != null) {
                    budget.succeeded();
                }
            }

            @Override
            public long pauseAfter(Throwable failure) throws Throwable {
                failed.accept(failure);
                return call.pauseAfter(failure);
            }
        });
    }

    private static Throwable lastOf(List<Throwable> failures, Execution execution) {
        Throwable last = failures.get(failures.size() - 1);
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

    /** Repeats a call whose first attempt failed. Used once, by one thread. */
    private final class Repeat implements Retryable<@Nullable Object> {

        private final AtomicWork.Attempt<@Nullable Object> attempt;
        private final FailedCall failed;
        private final Throwable first;
        private boolean begun;

        Repeat(AtomicWork.Attempt<@Nullable Object> attempt, FailedCall failed, Throwable first) {
            this.attempt = attempt;
            this.failed = failed;
            this.first = first;
        }

        @Nullable
        Object repeat() throws Throwable {
            try {
                return new RetryTemplate(failed).execute(this);
            } catch (RetryException ended) {
                failed.exhausted();
                throw lastOf(ended.getExceptions(), failed.execution);
            }
        }

        /** The first time what has failed already, so that the template counts it. */
        // The type argument says @Nullable, which javac 17 does not read from class files.
        @Override
        @SuppressWarnings("NullAway")
        public @Nullable Object execute() throws Throwable {
            if (!begun) {
                begun = true;
                throw first;
            }
            failed.retried();
            return attempt.run();
        }

        @Override
        public String getName() {
            return operation.name();
        }
    }

    /**
     * A call that failed. It is its own policy, since whether and when to attempt again depends on what it threw last,
     * and on what is left of its time. Used for one call, by one thread after the other.
     */
    private final class FailedCall implements RetryPolicy, BackOff, BackOffExecution {

        private final Execution execution;
        private final @Nullable ObservedCall observed;
        private final BackOffExecution delays = policy.getBackOff().start();
        private final List<Throwable> failures = new ArrayList<>();
        private @Nullable Throwable failure;
        private boolean budgetExhausted;

        FailedCall(Execution execution, @Nullable ObservedCall observed) {
            this.execution = execution;
            this.observed = observed;
        }

        /**
         * Tells for how many milliseconds to pause after an attempt failed.
         *
         * @throws Throwable what the caller gets, if it was the last
         */
        long pauseAfter(Throwable thrown) throws Throwable {
            failures.add(thrown);
            long pause = shouldRetry(thrown) ? nextBackOff() : STOP;
            if (pause == STOP) {
                exhausted();
                throw lastOf(failures, execution);
            }
            retried();
            return pause;
        }

        void retried() {
            if (observed != null) {
                observed.retried();
            }
        }

        void exhausted() {
            if (observed != null && budgetExhausted) {
                observed.retryBudgetExhausted();
            } else if (observed != null && shouldRetry(last())) {
                observed.retriesExhausted();
            }
        }

        private Throwable last() {
            return Objects.requireNonNull(failure);
        }

        @Override
        public boolean shouldRetry(Throwable thrown) {
            failure = thrown;
            return policy.shouldRetry(thrown) && execution.mayAttemptAgain();
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
            // Asked in any case, since it counts the repetitions.
            long delay = delays.nextBackOff();
            if (delay == STOP) {
                return STOP;
            }
            Duration hint = hint();
            long pause = hint == null ? delay : pause(hint);
            Duration remaining = execution.remaining();
            // What has no lease and no timeout does not sleep for ever either, whatever a hint says.
            if (Duration.ofMillis(pause).compareTo(remaining == null ? operation.maxRun() : remaining) >= 0) {
                return STOP;
            }
            budgetExhausted = budget != null && !budget.take();
            return budgetExhausted ? STOP : pause;
        }

        /** How long to pause as the failure says, or what caused it; null if nothing does. */
        private @Nullable Duration hint() {
            Duration longest = null;
            for (Throwable cause : causes(last())) {
                for (RetryHint hint : hints) {
                    Duration said = said(hint, cause);
                    longest = said == null || (longest != null && longest.compareTo(said) > 0) ? longest : said;
                }
            }
            return longest;
        }

        private @Nullable Duration said(RetryHint hint, Throwable cause) {
            try {
                return hint.after(cause);
            } catch (RuntimeException | Error thrown) {
                if (thrown != last()) {
                    last().addSuppressed(thrown);
                }
                return null;
            }
        }
    }

    /** The pause in milliseconds: never less than the hint, but for the longest one that is allowed. */
    long pause(Duration hint) {
        long longest = maxDelay.toMillis();
        long least = hint.compareTo(maxDelay) >= 0
                ? longest
                : Math.max(0, hint.plusNanos(999_999).toMillis());
        long more = jitter == 0 ? 0 : ThreadLocalRandom.current().nextLong(jitter);
        return least + Math.min(more, longest - least);
    }
}
