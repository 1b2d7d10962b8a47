package io.idempotent.spring.slice;

import io.idempotent.spring.web.IdempotentEndpoint;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@RestController
class PaymentController {

    private int runs;

    @PostMapping("/payments")
    @IdempotentEndpoint(operation = "slice-endpoint", scope = IdempotentEndpoint.Scope.SHARED)
    String pay(@RequestBody String body) {
        return "ran " + ++runs;
    }
}
