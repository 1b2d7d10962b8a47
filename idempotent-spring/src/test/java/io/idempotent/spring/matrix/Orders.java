package io.idempotent.spring.matrix;

/** A service that takes orders and answers nothing. */
interface Orders {

    void order(PaymentRequest request);
}
