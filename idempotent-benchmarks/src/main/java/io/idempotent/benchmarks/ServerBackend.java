package io.idempotent.benchmarks;

/** A server with a store on it. */
interface ServerBackend extends Backend {

    /** One that does the same as the store by hand. */
    Claimant byHand();
}
