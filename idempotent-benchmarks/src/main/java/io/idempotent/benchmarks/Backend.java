package io.idempotent.benchmarks;

import java.util.List;

/** A server with a store on it. */
interface Backend {

    /** Those that claim by the store. */
    StoreClaimant store();

    /** One that does the same by hand. */
    Claimant byHand();

    /** Adds completed records of the values {@code "1"}, {@code "2"} and so on. */
    void fill(int records) throws Exception;

    /** Removes records, as if they had never been. */
    void remove(List<String> values) throws Exception;

    /** Closes the connections; the server ends with the JVM. */
    void close();
}
