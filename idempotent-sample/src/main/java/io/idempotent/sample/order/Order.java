package io.idempotent.sample.order;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.UUID;

/**
 * An order that was placed.
 *
 * @param orderId another for each order
 * @param item what is ordered
 * @param quantity how many of it
 */
@JsonPropertyOrder({"orderId", "item", "quantity"})
record Order(UUID orderId, String item, int quantity) {}
