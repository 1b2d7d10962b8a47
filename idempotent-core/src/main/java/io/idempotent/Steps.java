package io.idempotent;

import java.io.Serializable;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The steps of an execution: parts of an operation whose outcome is recorded once each. No later attempt runs them
 * again, whether it is a retry, a call after the operation threw, or one that takes over after a crash.
 *
 * <pre>{@code
 * Reservation reservation = steps.run("reserve", () -> stock.reserve(order));
 * Charge charge = steps.run("charge", () -> gateway.charge(steps.keyFor("charge"), order.total()));
 * return steps.run("confirm", () -> mail.confirm(order, reservation, charge));
 * }</pre>
 *
 * <p><b>What is promised.</b> A step whose outcome is recorded does not run again: its value comes from the record, as
 * long as the operation's retention, and until the operation is completed. A step that throws is not recorded, and runs
 * again with the next attempt. An execution that was taken over records no step any more, and begins none once its
 * lease is lost. A step runs more than once only if its process dies or halts past its lease, or the store fails for
 * long, between its effect and its record, or between the last look at the lease and its effect. Give the other side a
 * {@linkplain #keyFor key} that tells such repetitions, or let the step run {@linkplain #atMostOnce() at most once}.
 *
 * <p><b>What is not.</b> A step is no transaction, and its record is not part of one either: a step's effects should
 * stand when it returns. What a step writes to a database in a transaction that goes on after it, the operation's or
 * the caller's, is lost if that is rolled back, while the step stays recorded. Begin a transaction in the step instead.
 *
 * <p>Names tell steps apart. They are unique within an attempt, and stay the same from one version of the code to the
 * next. What runs between steps runs with each attempt. A step may run inside of a step.
 *
 * <p><b>Undoing.</b> A step may declare beside it how it is undone, its <i>compensation</i>:
 *
 * <pre>{@code
 * Reservation reservation = steps.run("reserve", () -> stock.reserve(order), reserved -> stock.cancel(reserved));
 * Charge charge = steps.run("charge", () -> gateway.charge(order.total()), charged -> gateway.refund(charged));
 * return steps.run("ship", () -> carrier.ship(order, reservation));
 * }</pre>
 *
 * <p>If the operation fails for good, with a failure that it declares as final or as one to compensate, the recorded
 * steps that have a compensation are undone before that failure is recorded: the last one first. Each undo is a step of
 * its own, with the name of its step after {@code compensate:}, and is repeated as the operation's attempts are. From
 * the moment that this begins, the key goes backward only. After a crash, the operation is run again so that its
 * recorded steps declare their compensations anew: no further step begins, whatever the operation then returns or
 * throws, and the undoing goes on where it was. So declare compensations unconditionally, and in the same order. If an
 * undo fails for good, or a step that is to be undone is not asked for any more, the key is abandoned as it is, for a
 * person; a later call, if its operation allows one, tries again to undo the rest.
 *
 * <p>A step that threw is not recorded, and so is not undone: it has to leave nothing behind, or run {@linkplain
 * #atMostOnce() at most once} with a reconciler, which is asked first. An undo runs more than once under the same
 * circumstances as any step does: give the other side {@code keyFor("compensate:reserve")}. Others may see what a step
 * did until it is undone. Where the operation runs unprotected, its steps are undone too, and nothing of that is
 * recorded. In a caller's transaction they are undone at once, as they were done.
 *
 * <p><b>Renaming.</b> An execution that is {@linkplain IdempotencyContext#recovered() recovered} without its caller
 * begins no further step before it has asked for all steps that earlier executions recorded: what they did may have
 * another name by now, and would be done again. Steps that run in parallel or in changing order, and steps inside of a
 * recorded step, are refused then too, and wait for a caller or a person.
 *
 * <p><b>Types.</b> Where a store keeps bytes, a step's value is decoded to the type that the lambda expression was
 * compiled to return, which is an erased one. Give a step that returns a generic type, such as {@code List<Item>}, that
 * type explicitly, and write <code>() -> { … ; }</code> if you do not need what it returns.
 *
 * <p>Each step costs the store one request, and operations without steps cost nothing. Safe for use by many threads;
 * within an attempt each name is for one of them.
 */
public interface Steps {

    /**
     * Runs a step, or returns what it recorded.
     *
     * @param name the step's name: 1 to 255 characters, not blank, and not beginning with {@code compensate:}
     * @param work the step; a lambda expression, or an object whose class says what it returns
     * @return what it returned, now or when it ran
     * @throws X what the step throws; nothing is recorded then
     * @throws IllegalStateException if a step of this name was run in this attempt already, or is running, or the
     *     operation has ended or is atomic
     * @throws IllegalArgumentException if the name is not acceptable, or what the step returns cannot be told or kept
     * @throws IdempotencyClaimLostException if the claim is lost: the step did not begin, or is not recorded
     * @throws IdempotencyOutcomeException if the step was done before, and what it returned cannot be given
     * @throws IdempotencyOutcomeUnknownException if the step began before as one that runs at most once
     */
    <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X;

    /**
     * Runs a step that returns nothing, unless it is recorded. Like {@link #run(String, Work)} otherwise.
     *
     * @param name the step's name
     * @param action the step
     * @throws X what the step throws; nothing is recorded then
     */
    <X extends Throwable> void run(String name, Action<X> action) throws X;

    /**
     * Runs a step that returns a generic type, or returns what it recorded. Like {@link #run(String, Work)} otherwise.
     *
     * @param name the step's name
     * @param type what the step returns; the caller vouches that {@code T} is that type
     * @param work the step
     * @return what it returned, now or when it ran
     * @throws X what the step throws; nothing is recorded then
     */
    <T extends @Nullable Object, X extends Throwable> T run(String name, Type type, Work<T, X> work) throws X;

    /**
     * Runs a step that can be undone, or returns what it recorded. Like {@link #run(String, Work)} otherwise.
     *
     * @param name the step's name: 1 to 244 characters
     * @param work the step
     * @param compensation undoes the step if it is recorded and the operation fails for good
     * @return what it returned, now or when it ran
     * @throws X what the step throws; nothing is recorded then, and nothing is undone
     * @throws IllegalStateException also if whoever ends the execution undoes nothing, as for HTTP endpoints
     */
    <T extends @Nullable Object, X extends Throwable> T run(
            String name, Work<T, X> work, Compensation<? super T> compensation) throws X;

    /**
     * Runs a step that returns nothing and can be undone, unless it is recorded. Like {@link #run(String, Work,
     * Compensation)} otherwise.
     *
     * @param name the step's name
     * @param action the step
     * @param undo undoes the step if it is recorded and the operation fails for good
     * @throws X what the step throws; nothing is recorded then, and nothing is undone
     */
    <X extends Throwable> void run(String name, Action<X> action, Action<? extends Exception> undo) throws X;

    /**
     * Runs a step that returns a generic type and can be undone, or returns what it recorded. Like {@link #run(String,
     * Work, Compensation)} otherwise.
     *
     * @param name the step's name
     * @param type what the step returns; the caller vouches that {@code T} is that type
     * @param work the step
     * @param compensation undoes the step if it is recorded and the operation fails for good
     * @return what it returned, now or when it ran
     * @throws X what the step throws; nothing is recorded then, and nothing is undone
     */
    <T extends @Nullable Object, X extends Throwable> T run(
            String name, Type type, Work<T, X> work, Compensation<? super T> compensation) throws X;

    /**
     * Returns steps that never run again once they began, unless they are known not to have been done: for what the
     * other side cannot tell repetitions of. The beginning of such a step is recorded first, which costs one more
     * request.
     */
    AtMostOnce atMostOnce();

    /** Like {@link IdempotencyContext#keyFor}: the same on every attempt. */
    String keyFor(String name);

    /** Like {@link IdempotencyContext#uuid}: the same on every attempt. */
    UUID uuid(String name);

    /**
     * Like {@link IdempotencyContext#firstClaimedAt}: the same on every attempt of a claim, after a crash, and, once a
     * step is recorded, after the operation threw.
     */
    Instant firstClaimedAt();

    /**
     * Steps that run at most once.
     *
     * <p>A step that began before and has no outcome is <i>unknown</i>: its process died in it, or it threw, and nobody
     * knows how far it got. Its reconciler is asked then. If the step was done, what the reconciler says is recorded as
     * its outcome; if not, the step runs. If there is no reconciler, or it cannot tell, the step is refused, and the
     * operation's key is abandoned unless the operation returns, or throws what it declares final, all the same.
     * Without a reconciler the step stays unknown until a person completes or forgets the record as a whole.
     *
     * <p>No such step runs while its operation runs unprotected.
     */
    interface AtMostOnce {

        /** Like {@link #run(String, Work, Reconciler)}, without anybody to ask. */
        <T extends @Nullable Object, X extends Throwable> T run(String name, Work<T, X> work) throws X;

        /** Like {@link #run(String, Action, Reconciler)}, without anybody to ask. */
        <X extends Throwable> void run(String name, Action<X> action) throws X;

        /**
         * Runs a step at most once, or returns what it recorded. Like {@link Steps#run(String, Work)} otherwise.
         *
         * @param name the step's name
         * @param work the step
         * @param reconciler asked if the step is unknown
         * @return what it returned, now or when it ran
         * @throws X what the step throws; it is unknown then
         * @throws IdempotencyOutcomeUnknownException if the step is unknown, and stays so
         * @throws IdempotencyStoreException if the step's beginning could not be recorded: it does not begin
         */
        <T extends @Nullable Object, X extends Throwable> T run(
                String name, Work<T, X> work, Reconciler<? extends T> reconciler) throws X;

        /**
         * Runs a step that returns nothing at most once. Like {@link #run(String, Work, Reconciler)} otherwise.
         *
         * @param name the step's name
         * @param action the step
         * @param reconciler asked if the step is unknown; if it was done, its value does not matter
         * @throws X what the step throws; it is unknown then
         */
        <X extends Throwable> void run(String name, Action<X> action, Reconciler<?> reconciler) throws X;

        /**
         * Runs a step that returns a generic type at most once. Like {@link #run(String, Work, Reconciler)} otherwise.
         *
         * @param name the step's name
         * @param type what the step returns; the caller vouches that {@code T} is that type
         * @param work the step
         * @param reconciler asked if the step is unknown
         * @return what it returned, now or when it ran
         * @throws X what the step throws; it is unknown then
         */
        <T extends @Nullable Object, X extends Throwable> T run(
                String name, Type type, Work<T, X> work, Reconciler<? extends T> reconciler) throws X;

        /**
         * Runs a step at most once that can be undone, or returns what it recorded. Like {@link #run(String, Work,
         * Reconciler)} and {@link Steps#run(String, Work, Compensation)} otherwise.
         *
         * @param name the step's name
         * @param work the step
         * @param reconciler asked if the step is unknown, before it runs again and before it is undone: one that was
         *     not done is not undone
         * @param compensation undoes the step if it was done and the operation fails for good
         * @return what it returned, now or when it ran
         * @throws X what the step throws; it is unknown then
         */
        <T extends @Nullable Object, X extends Throwable> T run(
                String name, Work<T, X> work, Reconciler<? extends T> reconciler, Compensation<? super T> compensation)
                throws X;

        /**
         * Runs a step that returns nothing at most once, and that can be undone. Like {@link #run(String, Work,
         * Reconciler, Compensation)} otherwise.
         *
         * @param name the step's name
         * @param action the step
         * @param reconciler asked if the step is unknown; if it was done, its value does not matter
         * @param undo undoes the step if it was done and the operation fails for good
         * @throws X what the step throws; it is unknown then
         */
        <X extends Throwable> void run(
                String name, Action<X> action, Reconciler<?> reconciler, Action<? extends Exception> undo) throws X;

        /**
         * Runs a step that returns a generic type at most once, and that can be undone. Like {@link #run(String, Work,
         * Reconciler, Compensation)} otherwise.
         *
         * @param name the step's name
         * @param type what the step returns; the caller vouches that {@code T} is that type
         * @param work the step
         * @param reconciler asked if the step is unknown
         * @param compensation undoes the step if it was done and the operation fails for good
         * @return what it returned, now or when it ran
         * @throws X what the step throws; it is unknown then
         */
        <T extends @Nullable Object, X extends Throwable> T run(
                String name,
                Type type,
                Work<T, X> work,
                Reconciler<? extends T> reconciler,
                Compensation<? super T> compensation)
                throws X;
    }

    /**
     * What a step does. Serializable only so that a lambda expression tells what it returns; it is never written
     * anywhere.
     *
     * @param <T> what it returns
     * @param <X> what it throws
     */
    @FunctionalInterface
    interface Work<T extends @Nullable Object, X extends Throwable> extends Serializable {

        /** Does it. */
        T run() throws X;
    }

    /**
     * What a step does that returns nothing.
     *
     * @param <X> what it throws
     */
    @FunctionalInterface
    interface Action<X extends Throwable> {

        /** Does it. */
        void run() throws X;
    }

    /**
     * Finds out what became of a step that began.
     *
     * @param <T> what the step returns
     */
    @FunctionalInterface
    interface Reconciler<T extends @Nullable Object> {

        /**
         * Tells whether the step was done.
         *
         * @throws Exception if it cannot be told
         */
        Reconciliation<T> reconcile() throws Exception;
    }

    /**
     * Undoes a step.
     *
     * @param <T> what the step returns
     */
    @FunctionalInterface
    interface Compensation<T extends @Nullable Object> {

        /**
         * Undoes it.
         *
         * @param outcome what the step returned, now or when it ran
         * @throws Exception if it could not be undone
         */
        void compensate(T outcome) throws Exception;
    }
}
