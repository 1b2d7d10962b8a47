package io.idempotent.sample.order;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;

/**
 * What a customer asks for. What names the request is no part of it, but the header {@code Idempotency-Key}.
 *
 * @param item what is ordered
 * @param quantity how many of it
 */
record OrderRequest(
        @NotBlank @Pattern(regexp = "\\P{Cntrl}{1,64}") String item,

        @Positive int quantity) {}
