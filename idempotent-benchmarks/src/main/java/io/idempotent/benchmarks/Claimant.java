package io.idempotent.benchmarks;

/** Claims keys. */
public interface Claimant {

    /**
     * Claims a key, and completes it.
     *
     * @param value the key's value, which nobody used before
     * @return the fencing token
     */
    long claimAndComplete(String value) throws Exception;

    /**
     * Claims a key in vain.
     *
     * @param value the key's value, which is completed
     * @return the outcome
     */
    byte[] replay(String value) throws Exception;
}
