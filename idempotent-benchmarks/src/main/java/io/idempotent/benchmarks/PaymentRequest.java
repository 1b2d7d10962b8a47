package io.idempotent.benchmarks;

import java.math.BigDecimal;

/**
 * A request.
 *
 * @param id the caller's key
 */
public record PaymentRequest(String id, String account, BigDecimal amount, String currency) {

    /** A new request of this content: equal to every other with the same number, and never the same object. */
    public static PaymentRequest number(int number) {
        return new PaymentRequest("request-" + number, "account-7", new BigDecimal("12.50"), "EUR");
    }
}
