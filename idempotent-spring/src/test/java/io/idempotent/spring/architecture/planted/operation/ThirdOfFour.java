package io.idempotent.spring.architecture.planted.operation;

/** Breaks, with three others: no knot of more than three classes. */
public final class ThirdOfFour {

    FourthOfFour next;
}
