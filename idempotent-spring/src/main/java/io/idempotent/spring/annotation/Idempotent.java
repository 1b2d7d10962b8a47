package io.idempotent.spring.annotation;

import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenCancelled;
import io.idempotent.spring.operation.WhenStoreFails;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes the effects of a method happen once per key, however often it is called. The first call runs the method, and
 * later calls get its recorded outcome as long as that is retained.
 *
 * <pre>{@code
 * @Idempotent(key = "#request.id")
 * public Receipt pay(PaymentRequest request) { … }
 * }</pre>
 *
 * <p>It stands on methods of beans and of their interfaces, and on composed annotations, which may set its attributes
 * by {@link org.springframework.core.annotation.AliasFor @AliasFor}. A bean that calls its own method bypasses its
 * proxy, and so this annotation, unless its class is woven.
 *
 * <p>While the first call runs, others get an {@link io.idempotent.IdempotencyInProgressException}, or wait as
 * {@link #waitAtMost} says. A call with the key of another request gets an
 * {@link io.idempotent.IdempotencyKeyReusedException}. A key that is null or blank gets an
 * {@link io.idempotent.IdempotencyKeyException}, and a store that fails an
 * {@link io.idempotent.IdempotencyStoreException}. The method runs in none of these cases.
 *
 * <p>If the method throws, the caller gets the exception and the key is released: the next call runs the method again.
 * {@link #recordFailures} declares failures that are final instead.
 *
 * <p>If the method joins a transaction of its caller, its record follows that transaction. The key is completed when
 * the transaction commits, and free again after a rollback, including one to a savepoint from before the call. Until
 * then, calls with the same key in the same transaction get the outcome, and all others find the key in progress. A
 * method whose own transaction commits although it throws leaves its key abandoned, because its work stands and its
 * outcome is not known.
 *
 * <p>Strings take placeholders, <code>${…}</code>. Durations have a unit; only zero needs none. Expressions use the
 * Spring Expression Language. They see the parameters by name ({@code #request}) or position ({@code #p0}, {@code
 * #a0}), {@code #root.args}, {@code #root.method} and {@code #root.target}, and beans ({@code @tenants.current()}).
 * They are parsed and checked when the application starts.
 *
 * <p>A property {@code idempotent.operations.<name>.…} beats an attribute, and an attribute beats the property
 * {@code idempotent.…} for all operations.
 */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface Idempotent {

    /** The {@link #fingerprint} that says nothing of a request: {@value}. */
    String NONE = "NONE";

    /**
     * The expression of the key that the caller gives to its request. A list is a composite key:
     * {@code {#ruleId, #evaluatedAt}}. Its value has at most 255 characters.
     *
     * <p>Startup refuses an expression that is constant, random or the time, that names a property which a final type
     * does not have, or whose type cannot be a key, such as an {@code Optional} or an array.
     */
    String key();

    /**
     * The operation's name, by which its records are found and its properties are set: letters, digits, hyphens and
     * underscores. Defaults to the declaring class and the method, {@code payment-service-pay}; for a bean that is
     * proxied by its interfaces, to the interface and the method. Give a name if records are to outlive a renaming.
     */
    String operation() default "";

    /** The expression of what keeps callers apart, such as a tenant. Null is refused. Defaults to no scope. */
    String scope() default "";

    /**
     * The expression of what the request says, which detects a key that is used again for something else. {@link
     * #NONE} compares nothing. Defaults to all arguments that a framework does not fill in.
     *
     * <table>
     * <caption>What counts of an argument</caption>
     * <tr><td>fields, private ones too and those of superclasses</td><td>always, null or an empty {@code Optional} as
     * absent</td></tr>
     * <tr><td>what an annotation of Jackson, JPA or others hides, renames, formats, unwraps or merges</td><td>as the
     *     field holds it: no annotation changes what counts, not {@code @JsonIgnore} either</td></tr>
     * <tr><td>getters without a field</td><td>never</td></tr>
     * <tr><td>{@code transient} fields</td><td>as their getter says; a type where one has none is refused at
     * startup</td></tr>
     * <tr><td>order</td><td>of lists and arrays, not of sets and maps</td></tr>
     * <tr><td>values of the JDK</td><td>with all that tells them apart: nanoseconds, flags, zones, scale</td></tr>
     * <tr><td>a message, a record of Kafka, an {@code HttpEntity}, a file</td><td>its payload; never headers, ids,
     *     times, offsets</td></tr>
     * <tr><td>headers ({@code @Header}, {@code @RequestHeader}), cookies, sessions, principals, acknowledgments,
     *     servlet requests and responses, {@code Model}, {@code Errors}</td><td>never</td></tr>
     * </table>
     *
     * <p>Startup refuses a type that cannot be compared, such as one with a stream or a lock in it, until an expression
     * says what counts. If only the value shows that, the call is refused.
     */
    String fingerprint() default "";

    /**
     * The expression that is true for results that are not recorded and release the key. It sees {@code #result}, too.
     */
    String unless() default "";

    /** How long the outcome is kept: {@code "48h"}, {@code "PT48H"}. Defaults to 24 hours. */
    String retention() default "";

    /**
     * How long a claim is valid without renewal, and so how long a crash blocks its key. The claim is renewed in the
     * background while the method runs. Defaults to 30 seconds.
     */
    String lease() default "";

    /** How long a duplicate waits for the first call's outcome. Defaults to zero: it does not wait. */
    String waitAtMost() default "";

    /** The failures that are final, subtypes included: they are recorded, and thrown again. Defaults to none. */
    Class<? extends Throwable>[] recordFailures() default {};

    /**
     * The failures after which recorded {@linkplain io.idempotent.Steps steps} that declare how they are undone are
     * undone, in reverse order; subtypes included. Then the failure is recorded, and thrown again. Unlike those of
     * {@link #recordFailures}, which have such steps undone too, they are retried first if {@link #retry} says so, and
     * release the key if there is nothing to undo. Each undo is repeated as attempts are. Defaults to none.
     */
    Class<? extends Throwable>[] compensateOn() default {};

    /**
     * The failures after which nobody knows whether the method's work was done, such as a read timeout of a remote
     * call; subtypes and causes included. They abandon the key, whatever else is declared for them, and are never
     * retried. If there are some, {@link #whenAbandoned} must say what happens next. Defaults to none.
     */
    Class<? extends Throwable>[] unknownOn() default {};

    /** What to do for a key that is abandoned: its owner died, hangs, or gave up by {@link #unknownOn}. */
    WhenAbandoned whenAbandoned() default WhenAbandoned.INHERIT;

    /**
     * What becomes of the method's work when its caller cancels it after it has begun, as the subscriber of a {@code
     * Mono} can. A caller that cancels a future only stops waiting.
     */
    WhenCancelled whenCancelled() default WhenCancelled.INHERIT;

    /**
     * The name of the method that finds out whether the work of an abandoned execution was done; it implies {@code
     * RECONCILE}. The method belongs to the same bean, has any visibility, and is called past the bean's proxy. It
     * takes the same parameters, and an {@link io.idempotent.IdempotencyContext} after them if it wants one. It returns
     * an {@link io.idempotent.Reconciliation} of this method's result.
     */
    String reconcileWith() default "";

    /** What to do when the store cannot tell whether the key is free. */
    WhenStoreFails whenStoreFails() default WhenStoreFails.INHERIT;

    /**
     * Whether one transaction claims the key, runs the method and records its outcome, on the database of the store.
     * What the method writes to that database then happens exactly once, whatever crashes when. Defaults to false.
     *
     * <p>The transaction has the attributes of the method's own {@code @Transactional}. Every failure rolls it back,
     * including a checked one. Each attempt has a new transaction. A failure of {@link #recordFailures} is recorded
     * after the rollback. There is no lease: the lock of the record's row is the claim. A duplicate waits for it as
     * {@link #waitAtMost} says, without a connection.
     *
     * <p>A transaction that is marked rollback-only when the method returns ends in Spring's
     * {@code UnexpectedRollbackException}, whoever marked it: nothing is written, and nothing is recorded.
     *
     * <p>In a transaction of its caller, the method joins that. There is one attempt, a failure is never recorded and
     * leaves the transaction to be rolled back, and a duplicate that waits keeps the caller's connection. In a
     * transaction that reads a snapshot, a duplicate of a call that completed after the snapshot gets a transient
     * {@link io.idempotent.IdempotencyStoreException}: run the transaction again.
     *
     * <p>Startup refuses {@link #unknownOn}, {@link #whenAbandoned} and {@link #reconcileWith}, because nothing is left
     * of an execution that did not commit; {@link #whenStoreFails} with {@code RUN}; a store without transactions; a
     * transaction manager of another {@code DataSource} than the store's; and a method whose own transaction is
     * read-only, {@code REQUIRES_NEW}, {@code NESTED}, {@code NOT_SUPPORTED} or {@code NEVER}.
     */
    boolean atomic() default false;

    /**
     * The bean name of the transaction manager of an {@link #atomic} method that has no {@code @Transactional} of its
     * own. Defaults to the only one.
     */
    String transactionManager() default "";

    /**
     * The bean name of the store, with or without {@code IdempotencyStore} at its end. Defaults to the only store.
     */
    String store() default "";

    /** How failed attempts are repeated within the same claim. Defaults to no retry. */
    Retry retry() default @Retry;

    /**
     * Whether and when an abandoned execution is finished without its caller. Defaults to never: it waits for the next
     * call with its key.
     */
    Recover recover() default @Recover;

    /**
     * How failed attempts are repeated, in the words of Spring Framework's retry. It is on once {@code maxRetries} is
     * positive.
     *
     * <p>Each attempt passes the inner advice, and so has a transaction of its own. The caller gets the last failure,
     * and the earlier ones as suppressed by it. Errors, interruptions, this library's exceptions, {@link
     * #recordFailures} and violations of constraints on arguments are never retried. What an open circuit breaker of
     * Resilience4j refused is retried only if {@link Retry#includes} names its type.
     *
     * <p>If a failure says when to try again, by {@code Retry-After} or a {@link
     * io.idempotent.spring.operation.RetryHint}, that pause stands in for the delay. A pause that there is no time for
     * ends the call at once.
     */
    @Target({})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Retry {

        /** How many attempts may follow the first; -1 for what {@code idempotent.retry.max-retries} says. */
        long maxRetries() default -1;

        /** Like {@link #maxRetries()}, with placeholders. */
        String maxRetriesString() default "";

        /** The pause before the first retry: {@code "200ms"}. Defaults to one second. */
        String delay() default "";

        /**
         * How many times as long as the one before each pause is; 0 for what the property says, which defaults to 1.
         */
        double multiplier() default 0;

        /** Like {@link #multiplier()}, with placeholders. */
        String multiplierString() default "";

        /** The longest pause. Defaults to no limit. */
        String maxDelay() default "";

        /**
         * By how much a pause is longer or shorter at random; it is never shorter than the delay. Defaults to the
         * delay.
         */
        String jitter() default "";

        /** How long all attempts and pauses may take. Defaults to no limit. */
        String timeout() default "";

        /** The failures that are retried, subtypes included. Defaults to all. */
        Class<? extends Throwable>[] includes() default {};

        /** The failures that are not retried, subtypes included. Defaults to none. */
        Class<? extends Throwable>[] excludes() default {};

        /** How many retries there may be for how many successful calls. Defaults to no limit. */
        Budget budget() default @Budget;
    }

    /**
     * When an abandoned execution is finished without its caller: the application died or gave up while the method ran,
     * and nobody calls again. It is on once {@link #after} is said.
     *
     * <pre>{@code
     * @Idempotent(key = "#order.id", recover = @Idempotent.Recover(after = "1m"))
     * public Receipt place(Order order) { … }
     * }</pre>
     *
     * <p>The first call records its arguments, and the store keeps them until the key is completed, released or
     * forgotten. If the execution is abandoned, a node finds its record in the background and calls the bean again with
     * these arguments, under the recorded key. That is a call like any other: it takes over the claim, and
     * {@link Idempotent#whenAbandoned}, {@link Idempotent#reconcileWith}, {@link Idempotent#retry}, steps, transactions
     * and all other advice of the bean hold. Keys, scopes and fingerprints are the recorded ones, and their expressions
     * are not evaluated. What belonged to the caller is not there: no request, no principal, no locale, unless a
     * {@link io.idempotent.spring.operation.RecoveryContextCustomizer} brings it along. Arguments that a framework
     * fills in, such as a servlet request, are null. {@link io.idempotent.IdempotencyContext#recovered()} tells such a
     * call from others.
     *
     * <p>An outcome is recorded as always, and so is a failure of {@link Idempotent#recordFailures}. Any other failure
     * leaves the record abandoned, because no caller hears of it, and the method is called again after the same time.
     * Once a record has {@link #maxTakeovers} take-overs, it is left for a person.
     *
     * <p>A call in a transaction of its caller is not recovered: it cannot be finished without the rest of that
     * transaction. If an argument of a call cannot be recorded, the call runs all the same, and is not recovered; the
     * log says so once.
     *
     * <p>Where a suspending function's optional parameter was given null, the recovered call has its default.
     *
     * <p>Arguments are kept in the store as they are, unless there is a {@link
     * io.idempotent.spring.operation.RequestEncryption}.
     *
     * <p>Startup refuses arguments that cannot be encoded and read back, stores that do not keep them, the transaction
     * attribute {@code MANDATORY}, {@code whenAbandoned = REFUSE}, an {@link Idempotent#atomic} method, of whose
     * executions nothing is left to be finished, a method that listens to messages, which its broker delivers again,
     * and an operation of several methods or beans.
     */
    @Target({})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Recover {

        /**
         * How long after the end of its lease an execution is finished without its caller, by the store's clock: {@code
         * "1m"}. Defaults to never.
         */
        String after() default "";

        /** How many take-overs a record may have until it is left for a person. */
        int maxTakeovers() default 5;

        /** Like {@link #maxTakeovers()}, with placeholders. */
        String maxTakeoversString() default "";

        /**
         * The expression of what is recorded in place of all arguments, such as {@code "#order.id"}. Needs
         * {@link #loadWith}. Defaults to the arguments themselves.
         */
        String arguments() default "";

        /**
         * The name of the method that makes the arguments of what {@link #arguments} recorded. The method belongs to
         * the same bean, has any visibility, and is called past the bean's proxy, before the key is taken over. It
         * takes the recorded value; the type of its parameter says what is decoded. It returns the argument, or an
         * {@code Object[]} of all arguments if there are several that no framework fills in. If it returns null, the
         * record is left for a person; if it throws, it is called again later.
         */
        String loadWith() default "";
    }

    /**
     * How many retries there may be for how many successful calls, so that an outage of what the method calls is not
     * made longer by retries. A retry takes a token, and a call that succeeds gives some back. Where none is left,
     * failed attempts are not repeated. Each JVM counts for itself. It is on once {@code tokens} is positive.
     */
    @Target({})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Budget {

        /**
         * How many retries may follow each other while no call succeeds; -1 for what {@code
         * idempotent.retry.budget.tokens} says, 0 for no limit.
         */
        int tokens() default -1;

        /** Like {@link #tokens()}, with placeholders. */
        String tokensString() default "";

        /**
         * How many retries each successful call allows again; 0 for what the property says, which defaults to 0.2: one
         * retry for five calls.
         */
        double perSuccess() default 0;

        /** Like {@link #perSuccess()}, with placeholders. */
        String perSuccessString() default "";

        /** The budget's name, which operations that say the same one share. Defaults to the operation's name. */
        String name() default "";
    }
}
