package io.idempotent.spring.architecture.planted.autoconfigure;

import io.idempotent.spring.architecture.planted.aspect.AspectOnAutoconfigure;
import io.idempotent.spring.architecture.planted.test.TestOnTransactions;

/** Breaks: no cycles, nobody depends on test support, no empty names, no monitors, and its package is not marked. */
public final class AutoconfigureHelper {

    AspectOnAutoconfigure cycle;

    TestOnTransactions test;

    synchronized AspectOnAutoconfigure cycle() {
        return cycle;
    }
}
