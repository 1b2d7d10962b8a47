package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.validation.Valid;

/** Carries the annotation. */
interface AnnotatedPayments {

    @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
    Receipt pay(@Valid PaymentRequest request);
}
