package io.idempotent.architecture.planted.cycle.one;

import io.idempotent.architecture.planted.cycle.two.TwoHelper;

/** Breaks: no cycles. */
public final class One {

    TwoHelper two;
}
