package io.idempotent.sample.gateway;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * A payment gateway that charges whenever it is asked to, keeps a ledger, and can be told to be slow, to fail, or to
 * kill the process in the middle of a charge.
 */
@Component
public class PaymentGateway {

    private static final Logger log = LoggerFactory.getLogger(PaymentGateway.class);

    /** The exit code of a process that was killed with SIGKILL. */
    private static final int KILLED = 137;

    private final Ledger ledger;

    private final AtomicInteger failNext = new AtomicInteger();

    private volatile Duration latency = Duration.ZERO;

    private volatile Halt haltNext = Halt.NEVER;

    /**
     * Opens the gateway.
     *
     * @param ledger the file of its ledger; null for one in memory
     */
    PaymentGateway(@Value("${sample.ledger:#{null}}") @Nullable Path ledger) {
        this.ledger = new Ledger(ledger);
    }

    /**
     * Charges an account. Asked twice it charges twice.
     *
     * @param requestId what the charge is for; charges are found by it
     * @throws GatewayException if the gateway fails; it has not charged then
     */
    public void charge(String requestId, String account, BigDecimal amount, String currency) {
        boolean fails = failNext.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
        answerSlowly();
        if (fails) {
            throw new GatewayException("The payment gateway failed before charging");
        }
        haltIfArmed(Halt.BEFORE_CHARGE);
        try {
            ledger.add(new Charge(requestId, account, amount, currency));
        } catch (IOException failure) {
            throw new GatewayException("The payment gateway could not write its ledger", failure);
        }
        haltIfArmed(Halt.AFTER_CHARGE);
        log.info(
                "Charged {} {} to {} for request {}: charge {} of it",
                amount,
                currency,
                account,
                requestId,
                charges(requestId));
    }

    /**
     * Looks up what was charged for a request; as slow as a charge.
     *
     * @return the first charge; null if there is none
     */
    public @Nullable Charge find(String requestId) {
        answerSlowly();
        List<Charge> charges = ledger.charges(requestId);
        return charges.isEmpty() ? null : charges.get(0);
    }

    /** Approves of an order that is charged later; as slow as a charge. */
    public void approve() {
        answerSlowly();
    }

    /** How often a request was really charged. */
    public int charges(String requestId) {
        return ledger.charges(requestId).size();
    }

    /** Whether the charges outlive the process. */
    public boolean isDurable() {
        return ledger.isDurable();
    }

    /** How many of the next calls fail. */
    public int failNext() {
        return failNext.get();
    }

    /** How long each call takes. */
    public Duration latency() {
        return latency;
    }

    /** When in the next charge the process is killed. */
    public Halt haltNext() {
        return haltNext;
    }

    void failNext(int calls) {
        failNext.set(calls);
    }

    void latency(Duration latency) {
        this.latency = latency;
    }

    void haltNext(Halt halt) {
        haltNext = halt;
    }

    private void haltIfArmed(Halt here) {
        if (haltNext == here) {
            log.error("Killing this process, as it was armed to: {}", here);
            // No shutdown hook runs and nothing is closed or released, as with SIGKILL.
            Runtime.getRuntime().halt(KILLED);
        }
    }

    private void answerSlowly() {
        try {
            Thread.sleep(latency.toMillis());
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw new GatewayException("The call of the payment gateway was interrupted", interruption);
        }
    }
}
