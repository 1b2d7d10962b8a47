package io.idempotent.kill;

/** One JVM's end of the operation that is to have its effect once per key. Safe for use by many threads. */
public interface Node extends AutoCloseable {

    /**
     * Pays, unless it is paid already.
     *
     * @return the receipt of the payment, now made or replayed
     * @throws Throwable whatever keeps the caller from an answer; it tries again
     */
    String pay(String key) throws Throwable;

    @Override
    void close();
}
