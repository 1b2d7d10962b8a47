package io.idempotent.spring.aot;

import io.idempotent.spring.web.IdempotentEndpoint;
import java.util.List;
import java.util.UUID;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** An endpoint whose responses are recorded. */
@RestController
class Endpoint {

    @PostMapping("/payments")
    @IdempotentEndpoint(operation = "endpoint", store = "jdbc", scope = IdempotentEndpoint.Scope.SHARED)
    ResponseEntity<Receipt> pay(@RequestBody Request request) {
        return ResponseEntity.status(201)
                .body(new Receipt(UUID.randomUUID().toString(), List.of(new Receipt.Line(request.amount()))));
    }
}
