package io.idempotent.architecture.planted.knot;

/** Breaks, with the three others: no knots. */
public final class First {

    Second next;
}
