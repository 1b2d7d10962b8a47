package io.idempotent.spring.matrix;

import java.util.UUID;

/**
 * What a payment produced; no two are the same.
 *
 * @param number tells receipts apart
 * @param requestId what was paid
 */
public record Receipt(UUID number, String requestId) {}
