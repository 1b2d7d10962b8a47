package io.idempotent.engine;

/**
 * What the thread that makes a call knows, such as the observation or the user that it is part of, for the threads that
 * work on the call in its place. Safe for use by many threads.
 */
@FunctionalInterface
public interface CallScope {

    /**
     * Runs a part of the call on this thread, with what the caller's thread knew. If it throws, the call goes on, and a
     * part that has not begun runs without it.
     */
    void run(Runnable part);
}
