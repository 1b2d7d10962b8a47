package io.idempotent.spring.operation;

/**
 * Observes the calls of operations, for metrics and traces. Declare at most one bean of this type. It throws nothing,
 * since a call must not depend on who watches it. Safe for use by many threads.
 */
public interface CallObserver {

    /**
     * Returns what observes the calls of one operation. Asked once for each method or endpoint.
     *
     * @param operation the operation's name
     * @param store the name of its store's bean, without {@value IdempotencyEngines#STORE_SUFFIX}
     */
    OperationObserver of(String operation, String store);
}
