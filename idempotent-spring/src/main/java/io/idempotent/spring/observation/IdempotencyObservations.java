package io.idempotent.spring.observation;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.operation.CallObserver;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.operation.OperationObserver;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes one observation of each call, with one outcome. Spring Boot configures it where there is an {@link
 * ObservationRegistry}. Without Spring Boot, declare a bean of this type.
 *
 * <ol>
 *   <li>An observation begins before the key is known, so that a bad key and a wait are part of it. It is current in
 *       the thread that makes the call, so that what the operation does is observed as part of it.
 *   <li>Events are the call's that the thread works on. After it was claimed, a call is known by its execution, in any
 *       thread.
 *   <li>It ends when the call is answered. If the call is part of a transaction of its caller's, it ends when that
 *       does, since its outcome is not known before. An endpoint's ends when the response does, in whichever thread.
 *   <li>Retries are events of it: {@code retry}, {@code retry.exhausted}, and {@code retry.budget.exhausted}.
 *   <li>What a registry, a handler or a convention throws is logged, and changes no call.
 * </ol>
 *
 * <p>With a no-op registry calls are not observed, and cost what they cost without this bean. Safe for use by many
 * threads.
 */
public final class IdempotencyObservations implements CallObserver, IdempotencyListener {

    private static final Log LOG = LogFactory.getLog(IdempotencyObservations.class);

    private static final ThreadLocal<@Nullable Call> CURRENT = new ThreadLocal<>();

    private static final Observation.Event RETRY = Observation.Event.of("retry");

    private static final Observation.Event RETRIES_EXHAUSTED = Observation.Event.of("retry.exhausted");

    private static final Observation.Event RETRY_BUDGET_EXHAUSTED = Observation.Event.of("retry.budget.exhausted");

    private final ObservationRegistry registry;

    private final IdempotencyObservationConvention convention;

    // By identity. A call that waits for its transaction holds its execution weakly, so that one whose end nobody tells
    // goes with it.
    private final Cache<IdempotencyContext, Call> claimed =
            Caffeine.newBuilder().weakKeys().build();

    /**
     * Makes observations.
     *
     * @param registry where to
     * @param convention names them
     */
    public IdempotencyObservations(ObservationRegistry registry, IdempotencyObservationConvention convention) {
        this.registry = registry;
        this.convention = new LenientConvention(convention, IdempotencyObservations::log);
    }

    @Override
    public OperationObserver of(String operation, String store) {
        return () -> registry.isNoop() ? null : begin(new IdempotencyObservationContext(operation, store));
    }

    private @Nullable ObservedCall begin(IdempotencyObservationContext context) {
        try {
            Observation observation = Observation.createNotStarted(convention, () -> context, registry);
            if (observation.isNoop()) {
                return null;
            }
            // If one handler throws at the start, the call is observed by the others all the same.
            safely(observation::start);
            return new Call(context, observation);
        } catch (RuntimeException | Error failure) {
            log(failure);
            return null;
        }
    }

    private static void log(Throwable failure) {
        LOG.error("A call of an idempotent operation could not be observed; the call is not affected", failure);
    }

    private static void safely(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error failure) {
            log(failure);
        }
    }

    private void tell(IdempotencyKey key, Consumer<CallFacts> event) {
        Call call = CURRENT.get();
        if (call != null && call.has(key)) {
            call.told(event);
        }
    }

    private void tell(IdempotencyContext execution, Consumer<CallFacts> event) {
        Call call = claimed.getIfPresent(execution);
        if (call != null) {
            call.told(event);
        }
    }

    @Override
    public void waiting(IdempotencyKey key) {
        tell(key, CallFacts::waited);
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        Call call = CURRENT.get();
        if (call != null && call.has(key)) {
            call.context.firstTraceId(traceId);
            call.told(CallFacts::replayed);
        }
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        tell(key, facts -> facts.refused(refusal));
    }

    @Override
    public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
        tell(key, CallFacts::unprotected);
    }

    @Override
    public void claimed(IdempotencyContext execution) {
        Call call = CURRENT.get();
        if (call != null && call.has(execution.key())) {
            call.context.execution(execution);
            claimed.put(execution, call);
            call.told(facts -> facts.claimed(execution));
        }
    }

    @Override
    public void reconciled(IdempotencyContext execution, Reconciliation<?> found) {
        if (found instanceof Reconciliation.Completed) {
            tell(execution, CallFacts::reconciled);
        }
    }

    @Override
    public void completed(IdempotencyContext execution, Outcome outcome, Duration took) {
        tell(execution, facts -> facts.completed(outcome));
    }

    @Override
    public void released(IdempotencyContext execution, @Nullable Throwable failure, Duration took) {
        tell(execution, CallFacts::released);
    }

    @Override
    public void abandoned(IdempotencyContext execution) {
        tell(execution, CallFacts::abandoned);
    }

    @Override
    public void completionFailed(IdempotencyContext execution, IdempotencyStoreException failure) {
        tell(execution, CallFacts::abandoned);
    }

    @Override
    public void pending(IdempotencyContext execution) {
        tell(execution, CallFacts::pending);
    }

    @Override
    public void leaseLost(IdempotencyContext execution) {
        tell(execution, CallFacts::lost);
    }

    /** One call, from its beginning to its answer, or to its transaction's end. */
    private final class Call implements ObservedCall {

        private final IdempotencyObservationContext context;
        private final Observation observation;
        private final CallFacts facts = new CallFacts();
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile @Nullable Throwable failure;
        private volatile boolean answered;

        Call(IdempotencyObservationContext context, Observation observation) {
            this.context = context;
            this.observation = observation;
        }

        @Override
        public void identifiedBy(IdempotencyKey key) {
            context.key(key);
        }

        /** Tells whether an event of a key is this call's, and not that of a call that nobody observes. */
        boolean has(IdempotencyKey key) {
            return key.equals(context.key());
        }

        void told(Consumer<CallFacts> event) {
            event.accept(facts);
            if (answered) {
                endIfKnown();
            }
        }

        @Override
        public Scope enter() {
            Call before = CURRENT.get();
            CURRENT.set(this);
            Observation.Scope outer = registry.getCurrentObservationScope();
            Observation.Scope scope = openScope(outer);
            return () -> {
                CURRENT.set(before);
                if (scope != null) {
                    closeScope(scope, outer);
                }
            };
        }

        private Observation.@Nullable Scope openScope(Observation.@Nullable Scope outer) {
            try {
                return observation.openScope();
            } catch (RuntimeException | Error thrown) {
                log(thrown);
                // A handler that throws leaves it open.
                registry.setCurrentObservationScope(outer);
                return null;
            }
        }

        private void closeScope(Observation.Scope scope, Observation.@Nullable Scope outer) {
            try {
                scope.close();
            } catch (RuntimeException | Error thrown) {
                log(thrown);
                registry.setCurrentObservationScope(outer);
            }
        }

        @Override
        public void retried() {
            safely(() -> observation.event(RETRY));
        }

        @Override
        public void retriesExhausted() {
            safely(() -> observation.event(RETRIES_EXHAUSTED));
        }

        @Override
        public void retryBudgetExhausted() {
            safely(() -> observation.event(RETRY_BUDGET_EXHAUSTED));
        }

        @Override
        public void answered(@Nullable Throwable thrown) {
            failure = thrown;
            answered = true;
            endIfKnown();
        }

        private void endIfKnown() {
            Throwable thrown = failure;
            CallOutcome outcome = facts.outcome(thrown);
            if (outcome == null) {
                context.pend();
                return;
            }
            if (!ended.compareAndSet(false, true)) {
                return;
            }
            IdempotencyContext execution = context.execution();
            if (execution != null) {
                claimed.invalidate(execution);
            }
            context.outcome(outcome);
            if (thrown != null) {
                safely(() -> observation.error(thrown));
            }
            safely(observation::stop);
        }
    }
}
