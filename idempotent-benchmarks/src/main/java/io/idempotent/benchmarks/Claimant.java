package io.idempotent.benchmarks;

/** Claims keys that are free. */
public interface Claimant {

    /**
     * Claims a key, and completes it.
     *
     * @param value the key's value, which nobody used before
     * @return the fencing token
     */
    long claimAndComplete(String value) throws Exception;
}
