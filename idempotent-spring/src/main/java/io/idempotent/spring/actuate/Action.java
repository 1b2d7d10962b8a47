package io.idempotent.spring.actuate;

import java.util.Locale;

/** What can be done to a record. */
public enum Action {
    /** The operation was done: record a value as its outcome. */
    COMPLETE,
    /** The operation was done, and failed finally: record a failure as its outcome. */
    FAIL,
    /** The operation was not done: the next call runs it, and has the steps that are recorded. */
    RELEASE,
    /** Nothing of the record matters: remove it with its steps. */
    FORGET,
    /** Nobody knows, and the operation is recovered: call it again with what was recorded, without its caller. */
    RECOVER;

    /** How it is written in requests and answers. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
