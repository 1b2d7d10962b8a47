package io.idempotent.sample;

import io.idempotent.IdempotencyContext;
import io.idempotent.sample.gateway.PaymentGateway;
import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;
import org.springframework.stereotype.Service;

/** Pays, once per request id, however often it is asked. */
@Service
class PaymentService {

    private final PaymentGateway gateway;

    PaymentService(PaymentGateway gateway) {
        this.gateway = gateway;
    }

    /** Charges the account and writes a receipt; a repetition of the request gets the receipt of the first time. */
    @Idempotent(key = "#request.id")
    public Receipt pay(PaymentRequest request) {
        gateway.charge(request.id(), request.account(), request.amount(), request.currency());
        return new Receipt(request.id(), UUID.randomUUID(), request.amount(), request.currency(), attempt());
    }

    private static int attempt() {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        // Null with idempotent.enabled=false, which shows what happens without the library.
        return context == null ? 1 : context.attempt();
    }
}
