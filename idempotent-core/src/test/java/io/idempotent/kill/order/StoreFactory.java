package io.idempotent.kill.order;

import io.idempotent.store.IdempotencyStore;
import java.util.List;

/** Opens the store under test in a JVM that was just started; has a public constructor without parameters. */
public interface StoreFactory {

    /**
     * Connects to the store.
     *
     * @param arguments where it is, as the test gave them
     */
    IdempotencyStore open(List<String> arguments) throws Exception;

    /** Makes the factory of that name and opens its store. */
    static IdempotencyStore open(String factory, List<String> arguments) throws Exception {
        return Class.forName(factory)
                .asSubclass(StoreFactory.class)
                .getConstructor()
                .newInstance()
                .open(arguments);
    }
}
