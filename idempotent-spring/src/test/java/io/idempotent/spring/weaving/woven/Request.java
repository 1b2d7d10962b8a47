package io.idempotent.spring.weaving.woven;

/**
 * What is asked for; public, since expressions read it.
 *
 * @param id its key
 */
public record Request(String id) {}
