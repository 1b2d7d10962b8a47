package io.idempotent.sample;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.sample.gateway.Charge;
import io.idempotent.sample.gateway.PaymentGateway;
import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/** Pays, once per request id, however often it is asked and wherever the process was killed. */
@Service
class PaymentService {

    private static final String RECEIPT = "receipt";

    private final PaymentGateway gateway;

    PaymentService(PaymentGateway gateway) {
        this.gateway = gateway;
    }

    /** Charges the account and writes a receipt; a repetition of the request gets the receipt of the first time. */
    @Idempotent(key = "#request.id", reconcileWith = "findCharge")
    public Receipt pay(PaymentRequest request) {
        gateway.charge(request.id(), request.account(), request.amount(), request.currency());
        // Null with idempotent.enabled=false, which shows what happens without the library.
        @Nullable IdempotencyContext context = IdempotencyContext.currentOrNull();
        return new Receipt(
                request.id(),
                context == null ? UUID.randomUUID() : context.uuid(RECEIPT),
                request.amount(),
                request.currency(),
                context == null ? 1 : context.attempt());
    }

    /** Asks the gateway what became of a payment whose process died, and writes the receipt that it did not get to. */
    Reconciliation<Receipt> findCharge(PaymentRequest request, IdempotencyContext context) {
        Charge charge = gateway.find(request.id());
        return charge == null
                ? Reconciliation.notDone()
                : Reconciliation.completed(
                        new Receipt(charge.requestId(), context.uuid(RECEIPT), charge.amount(), charge.currency(), 0));
    }
}
