package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;

/** Carries the annotation, without a retry of its own. */
interface RetriedPayments {

    @Idempotent(key = "#request.id")
    Receipt pay(PaymentRequest request);
}
