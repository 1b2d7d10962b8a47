package io.idempotent.sample.page;

import io.idempotent.IdempotencyContext;
import io.idempotent.Outcome;
import io.idempotent.sample.PaymentRequest;
import io.idempotent.sample.Receipt;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code POST /payments}, or one recovery that nobody called, written by the thread that serves it and read
 * by those that show it.
 */
final class Call {

    private static final int LONGEST_TEXT = 255;

    private final long number;
    private final Instant arrivedAt = Instant.now();
    private final long startedAt = System.nanoTime();

    private CallOutcome outcome = CallOutcome.WAITING;
    private @Nullable String requestId;
    private @Nullable String amount;
    private @Nullable IdempotencyContext execution;
    private @Nullable Duration took;
    private @Nullable Integer status;
    private @Nullable String receiptId;
    private boolean recovered;

    Call(long number) {
        this.number = number;
    }

    /** The request could be read. */
    synchronized void asks(PaymentRequest request) {
        // Not validated yet, whatever its types say.
        @Nullable String id = request.id();
        @Nullable BigDecimal money = request.amount();
        @Nullable String currency = request.currency();
        requestId = id == null ? null : shortened(id);
        amount = money == null ? null : shortened(currency == null ? money.toString() : money + " " + currency);
    }

    /** Nobody calls: what a crash cut off is finished. */
    synchronized void recovers(String requestId, @Nullable String amount) {
        recovered = true;
        this.requestId = shortened(requestId);
        this.amount = amount;
    }

    /** The amount and its currency; null if the request has none, or could not be read. */
    synchronized @Nullable String amount() {
        return amount;
    }

    /** The call holds its key. */
    synchronized void runs(IdempotencyContext execution) {
        this.execution = execution;
        outcome = CallOutcome.RUNNING;
    }

    /** It was found out that the payment was made before; the method does not run. */
    synchronized void isReconciled() {
        execution = null;
        outcome = CallOutcome.RECONCILED;
    }

    /** The receipt is recorded, whether the method ran or not. */
    synchronized void completes(Outcome recorded) {
        if (recorded instanceof Outcome.Value value) {
            shows(value.value());
        }
        if (outcome != CallOutcome.RECONCILED) {
            outcome = CallOutcome.EXECUTED;
        }
    }

    /** The library says how the call ends. */
    synchronized void ends(CallOutcome outcome) {
        this.outcome = outcome;
    }

    /** The call is answered. Only the first time counts. */
    synchronized void answered(int status, @Nullable Object body) {
        if (this.status != null) {
            return;
        }
        this.status = status;
        took = Duration.ofNanos(System.nanoTime() - startedAt);
        shows(body);
        if (outcome == CallOutcome.WAITING || outcome == CallOutcome.RUNNING) {
            // The library had no say: the call did not get as far, or it is switched off.
            outcome = status < 400 ? CallOutcome.EXECUTED : status < 500 ? CallOutcome.REFUSED : CallOutcome.FAILED;
        }
    }

    /** The recovery is over, whatever came of it. */
    synchronized void recoveryEnds() {
        took = Duration.ofNanos(System.nanoTime() - startedAt);
        if (outcome == CallOutcome.WAITING || outcome == CallOutcome.RUNNING) {
            outcome = CallOutcome.FAILED;
        }
    }

    /** The call as it stands. */
    synchronized CallRow row() {
        Duration since = took == null ? Duration.ofNanos(System.nanoTime() - startedAt) : took;
        Integer attempts = execution == null ? null : execution.attempt();
        return new CallRow(
                number,
                arrivedAt,
                requestId,
                amount,
                outcome,
                attempts,
                since.toMillis(),
                status,
                receiptId,
                recovered);
    }

    private void shows(@Nullable Object body) {
        if (body instanceof Receipt receipt) {
            receiptId = receipt.receiptId().toString();
        }
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "…";
    }
}
