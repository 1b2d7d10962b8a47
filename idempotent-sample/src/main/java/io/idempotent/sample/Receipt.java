package io.idempotent.sample;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.math.BigDecimal;
import java.util.UUID;

/**
 * Says that a payment was made.
 *
 * @param requestId the client's name for the payment
 * @param receiptId ours, another for each payment
 * @param amount how much was charged, as a text so that no reader takes it for a floating-point number
 * @param currency of the amount
 * @param attempts how often the gateway was asked until it charged; 0 if it was found to have charged for a call that
 *     died
 */
@JsonPropertyOrder({"requestId", "receiptId", "amount", "currency", "attempts"})
public record Receipt(
        String requestId,
        UUID receiptId,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal amount,
        String currency,
        int attempts) {}
