package io.idempotent.spring.recovery.kill;

import java.util.List;

/**
 * What a caller asks for.
 *
 * @param number the order's number
 * @param items what is ordered
 */
public record PlacedOrder(int number, List<String> items) {}
