package io.idempotent.sample.gateway;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** A payment gateway that charges whenever it is asked to, counts, and can be told to be slow or to fail. */
@Component
public class PaymentGateway {

    private static final Logger log = LoggerFactory.getLogger(PaymentGateway.class);

    private final ConcurrentMap<String, Integer> charges = new ConcurrentHashMap<>();

    private final AtomicInteger failNext = new AtomicInteger();

    private volatile Duration latency = Duration.ZERO;

    /**
     * Charges an account. Asked twice it charges twice.
     *
     * @param requestId what the charge is for; charges are counted by it
     * @throws GatewayException if the gateway fails; it has not charged then
     */
    public void charge(String requestId, String account, BigDecimal amount, String currency) {
        boolean fails = failNext.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
        answerSlowly();
        if (fails) {
            throw new GatewayException("The payment gateway failed before charging");
        }
        int count = charges.merge(requestId, 1, Integer::sum);
        log.info("Charged {} {} to {} for request {}: charge {} of it", amount, currency, account, requestId, count);
    }

    /** How often a request was really charged. */
    public int charges(String requestId) {
        return charges.getOrDefault(requestId, 0);
    }

    /** How many of the next calls fail. */
    public int failNext() {
        return failNext.get();
    }

    /** How long each call takes. */
    public Duration latency() {
        return latency;
    }

    void failNext(int calls) {
        failNext.set(calls);
    }

    void latency(Duration latency) {
        this.latency = latency;
    }

    private void answerSlowly() {
        try {
            Thread.sleep(latency.toMillis());
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw new GatewayException(
                    "The call of the payment gateway was interrupted before it charged", interruption);
        }
    }
}
