package io.idempotent.spring.operation;

import io.idempotent.store.IdempotencyStore;

/** Is told of each store that operations use. A bean of this type throws nothing. Safe for use by many threads. */
@FunctionalInterface
public interface StoreObserver {

    /**
     * Takes note of a store, once, when the first of its operations is made.
     *
     * @param name the name of its bean, without {@value IdempotencyEngines#STORE_SUFFIX}
     * @param store the store as operations use it, with the near cache in front of it if there is one
     */
    void used(String name, IdempotencyStore store);
}
