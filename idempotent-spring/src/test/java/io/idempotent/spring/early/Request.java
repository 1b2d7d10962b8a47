package io.idempotent.spring.early;

/**
 * What is asked for; public, since expressions read it.
 *
 * @param id its key
 */
public record Request(String id) {}
