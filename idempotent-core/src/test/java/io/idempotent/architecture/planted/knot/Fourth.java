package io.idempotent.architecture.planted.knot;

/** Part of the knot. */
public final class Fourth {

    First next;
}
