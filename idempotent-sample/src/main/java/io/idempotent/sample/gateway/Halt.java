package io.idempotent.sample.gateway;

/** When the gateway kills the process that it runs in. */
public enum Halt {
    /** It does not. */
    NEVER,
    /** Before it charges: the money has not moved, and nobody is told. */
    BEFORE_CHARGE,
    /** When its charge is on the ledger: the money has moved, and nobody is told. */
    AFTER_CHARGE
}
