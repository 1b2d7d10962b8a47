package io.idempotent.spring.matrix;

/** A service that answers. */
interface Payments {

    Receipt pay(PaymentRequest request);
}
