package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;

/** Carries the annotation. */
interface AnnotatedOrders {

    @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
    void order(PaymentRequest request);
}
