package io.idempotent.benchmarks;

/** A receipt. */
public record Receipt(String requestId, long number) {}
