package io.idempotent.sample;

import jakarta.validation.Valid;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Payments over HTTP. What the library refuses, its own advice answers. */
@RestController
class PaymentController {

    private final PaymentService payments;

    PaymentController(PaymentService payments) {
        this.payments = payments;
    }

    @PostMapping(path = "/payments", produces = MediaType.APPLICATION_JSON_VALUE)
    Receipt pay(@Valid @RequestBody PaymentRequest request) {
        return payments.pay(request);
    }
}
