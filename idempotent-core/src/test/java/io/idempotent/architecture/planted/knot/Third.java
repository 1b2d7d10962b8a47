package io.idempotent.architecture.planted.knot;

/** Part of the knot. */
public final class Third {

    Fourth next;
}
