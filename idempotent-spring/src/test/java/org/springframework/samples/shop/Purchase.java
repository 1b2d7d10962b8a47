package org.springframework.samples.shop;

import java.util.List;

/**
 * What is bought.
 *
 * @param id the purchase
 * @param items its items
 */
public record Purchase(String id, List<Item> items) {

    /**
     * A part of a purchase.
     *
     * @param name its name
     */
    public record Item(String name) {}
}
