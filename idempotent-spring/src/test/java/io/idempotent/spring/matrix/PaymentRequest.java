package io.idempotent.spring.matrix;

import jakarta.validation.constraints.Positive;

/**
 * What is asked for; public, since expressions read it.
 *
 * @param id its key
 * @param amount in cents
 */
public record PaymentRequest(String id, @Positive long amount) {}
