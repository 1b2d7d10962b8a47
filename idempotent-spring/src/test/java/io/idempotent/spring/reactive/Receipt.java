package io.idempotent.spring.reactive;

/** What payments produce. */
public record Receipt(String id, int amount) {}
