package io.idempotent.spring.aot;

import java.math.BigDecimal;

/**
 * A request to pay.
 *
 * @param id names it
 * @param amount how much
 */
record Request(String id, BigDecimal amount) {}
