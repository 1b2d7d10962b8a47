package io.idempotent.benchmarks;

/** What every contestant does: give a receipt for a request. */
public interface Payments {

    /** Pays. */
    Receipt pay(PaymentRequest request);
}
