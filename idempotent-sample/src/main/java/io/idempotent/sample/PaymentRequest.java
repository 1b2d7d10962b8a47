package io.idempotent.sample;

import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import java.math.BigDecimal;

/**
 * What a client asks for. Its constraints are checked before the service is called, except for the id's: whether that
 * is an acceptable key is the library's business.
 *
 * @param id the client's own name for this payment, the same each time the request is repeated
 * @param account what to charge
 * @param amount how much; its scale is kept
 * @param currency of the amount, by its three letters
 */
public record PaymentRequest(
        String id,
        @NotBlank @Pattern(regexp = "\\P{Cntrl}{1,64}") String account,

        @NotNull @Positive @Digits(integer = 12, fraction = 4)
        BigDecimal amount,

        @NotNull @Pattern(regexp = "[A-Z]{3}") String currency) {}
