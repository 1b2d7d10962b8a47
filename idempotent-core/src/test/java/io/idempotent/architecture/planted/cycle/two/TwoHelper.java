package io.idempotent.architecture.planted.cycle.two;

import io.idempotent.architecture.planted.cycle.one.One;

/** Breaks: no cycles, no empty names, no monitors, and its package is not marked. */
public final class TwoHelper {

    One one;

    synchronized One one() {
        return one;
    }
}
