package io.idempotent.sample.gateway;

import java.math.BigDecimal;

/**
 * What the gateway did once.
 *
 * @param requestId what it was done for
 * @param account what was charged
 * @param amount how much; its scale is kept
 * @param currency of the amount
 */
public record Charge(String requestId, String account, BigDecimal amount, String currency) {}
