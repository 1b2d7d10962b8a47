package io.idempotent.sample.page;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyListener;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Notes on the current {@link Call} what the library says becomes of it. */
@Component
class CallListener implements IdempotencyListener {

    @Override
    public void claimed(IdempotencyContext context) {
        tell(call -> call.runs(context));
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        tell(call -> call.completes(outcome));
    }

    @Override
    public void reconciled(IdempotencyContext context, Reconciliation<?> found) {
        if (found instanceof Reconciliation.Completed<?>) {
            tell(Call::isReconciled);
        }
    }

    @Override
    public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
        ends(failure == null ? CallOutcome.EXECUTED : CallOutcome.FAILED);
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        ends(CallOutcome.REPLAYED);
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        ends(refusal instanceof IdempotencyInProgressException ? CallOutcome.IN_PROGRESS : CallOutcome.REFUSED);
    }

    private static void ends(CallOutcome outcome) {
        tell(call -> call.ends(outcome));
    }

    private static void tell(Consumer<Call> what) {
        Call call = CallTracking.current();
        if (call != null) {
            what.accept(call);
        }
    }
}
