package io.idempotent.spring.annotation;

import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenStoreFails;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The effects of the annotated method happen once per key, however often it is called: the first call runs the method,
 * and later calls get its recorded outcome, as long as it is retained.
 *
 * <pre>{@code
 * @Idempotent(key = "#request.id")
 * public Receipt pay(PaymentRequest request) { … }
 * }</pre>
 *
 * <p>On methods of beans, of their interfaces, and on annotations that are composed of it, whose attributes stand for
 * its own by {@link org.springframework.core.annotation.AliasFor @AliasFor}. A bean that calls its own method bypasses
 * its proxy, and so this annotation, unless its class is woven.
 *
 * <p>While the first call runs, others get an {@link io.idempotent.IdempotencyInProgressException}, or wait as
 * {@link #waitAtMost} says. A call with the key of another request gets an
 * {@link io.idempotent.IdempotencyKeyReusedException}. A key that is null or blank gets an
 * {@link io.idempotent.IdempotencyKeyException}, and a store that fails an
 * {@link io.idempotent.IdempotencyStoreException}. In none of these cases the method runs.
 *
 * <p>If the method throws, its key is released: the exception is the caller's, and the next call runs the method again,
 * unless {@link #recordFailures} says that such a failure is final.
 *
 * <p>Called in a transaction of its caller's that the method joins, its record follows that transaction: it is
 * completed when the transaction commits, and the key is free again when it is rolled back, be it to a savepoint that
 * was made before the call. A call with the same key in the same transaction gets the outcome meanwhile, others find it
 * in progress. A method whose own transaction commits although it throws leaves its key abandoned: what it did stands,
 * and is not known.
 *
 * <p>Strings take placeholders, <code>${…}</code>. Durations have a unit; only zero needs none. Expressions are of the
 * Spring Expression Language, over the parameters by name ({@code #request}) or position ({@code #p0}, {@code #a0}),
 * {@code #root.args}, {@code #root.method} and {@code #root.target}, and beans ({@code @tenants.current()}). They are
 * parsed and checked when the application starts.
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
     * <p>Refused at startup: an expression that is constant, random or the time, that names a property which a final
     * type has not, or whose type can be no key, an {@code Optional} or an array say.
     */
    String key();

    /**
     * The operation's name, by which its records are found and its properties are set; letters, digits, hyphens and
     * underscores. Unless said otherwise, it is made of the declaring class, the interface for a bean that is proxied
     * by its interfaces, and the method: {@code payment-service-pay}. Name it where records outlive a renaming.
     */
    String operation() default "";

    /** The expression of what keeps callers apart, a tenant say. None unless said otherwise; null is refused. */
    String scope() default "";

    /**
     * The expression of what the request says, so that a key that is used again for something else is noticed; {@link
     * #NONE} for nothing. Defaults to all arguments that a framework does not fill in.
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
     * <p>A type that cannot be compared, one with a stream or a lock in it say, is refused at startup until an
     * expression says what counts; so is the call, if only the value shows it.
     */
    String fingerprint() default "";

    /** The expression, over {@code #result} too, that is true for results that release the key and are not recorded. */
    String unless() default "";

    /** How long the outcome is kept: {@code "24h"}, {@code "PT24H"}. 24 hours unless said otherwise. */
    String retention() default "";

    /**
     * How long a claim is valid without renewal, and so how long a crash blocks its key. 30 seconds unless said
     * otherwise; it is renewed in the background while the method runs.
     */
    String lease() default "";

    /** How long a duplicate waits for the first call's outcome. Not at all unless said otherwise. */
    String waitAtMost() default "";

    /** The failures that are final: recorded and thrown again, subtypes included. None unless said otherwise. */
    Class<? extends Throwable>[] recordFailures() default {};

    /**
     * The failures after which nobody knows whether the method's work was done, a read timeout of a remote call say;
     * subtypes and causes included. They abandon the key, whatever else is declared for them, and are never retried.
     * None unless said otherwise; where some are, {@link #whenAbandoned} has to say what then.
     */
    Class<? extends Throwable>[] unknownOn() default {};

    /** What to do for a key that is abandoned: its owner died, hangs, or gave up by {@link #unknownOn}. */
    WhenAbandoned whenAbandoned() default WhenAbandoned.INHERIT;

    /**
     * The name of the method that finds out whether the work of an abandoned execution was done, and so {@code
     * RECONCILE}. It is of the same bean, and called past its proxy, takes the same parameters, or an {@link
     * io.idempotent.IdempotencyContext} after them, and returns an {@link io.idempotent.Reconciliation} of this
     * method's result. Any visibility will do.
     */
    String reconcileWith() default "";

    /** What to do when the store cannot tell whether the key is free. */
    WhenStoreFails whenStoreFails() default WhenStoreFails.INHERIT;

    /**
     * Whether the key is claimed, the method runs and its outcome is recorded in one transaction, on the database that
     * the store keeps its records in: what the method writes there happens exactly once, whatever crashes when. Not
     * unless said otherwise.
     *
     * <p>The transaction is as the method's own {@code @Transactional} says. Every failure rolls it back, checked ones
     * too; each attempt has a new one; a failure of {@link #recordFailures} is recorded after the rollback. There is no
     * lease: the row's lock is the claim, and while one runs another waits for it, as {@link #waitAtMost} says, without
     * a connection.
     *
     * <p>A transaction that is marked rollback-only when the method returns ends in Spring's
     * {@code UnexpectedRollbackException}, whoever marked it: nothing was written, and nothing is recorded.
     *
     * <p>Called in a transaction of its caller's, it joins that: there is one attempt, a failure leaves that
     * transaction to be rolled back and is never recorded, and waiting keeps the caller's connection. In a transaction
     * that reads a snapshot, a duplicate that was completed after it began gets a transient {@link
     * io.idempotent.IdempotencyStoreException}: the transaction is to be run again.
     *
     * <p>Refused at startup: {@link #unknownOn}, {@link #whenAbandoned} and {@link #reconcileWith}, since nothing is
     * left of an execution that did not commit; {@link #whenStoreFails} with {@code RUN}; a store without transactions,
     * a transaction manager that is not that of the store's own {@code DataSource}, and a method whose own transaction
     * is read-only, {@code REQUIRES_NEW}, {@code NESTED}, {@code NOT_SUPPORTED} or {@code NEVER}.
     */
    boolean atomic() default false;

    /**
     * The bean name of the transaction manager, of an {@link #atomic} method that has no {@code @Transactional} of its
     * own. The only one unless said otherwise.
     */
    String transactionManager() default "";

    /**
     * The bean name of the store, or that name without {@code IdempotencyStore}. The only store unless said otherwise.
     */
    String store() default "";

    /** How a failed attempt is followed by others, within the same claim. Not at all unless said otherwise. */
    Retry retry() default @Retry;

    /**
     * How a failed attempt is followed by others, in the words of Spring Framework's retry. On, once there are retries.
     *
     * <p>Each attempt passes the advice inside, so that it has a transaction of its own. The caller gets the last
     * failure, with the earlier ones suppressed by it. Never retried: errors, interruptions, this library's exceptions,
     * {@link #recordFailures} and violations of constraints on arguments.
     */
    @Target({})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Retry {

        /** How many attempts may follow the first; -1 for what {@code idempotent.retry.max-retries} says. */
        long maxRetries() default -1;

        /** Like {@link #maxRetries()}, with placeholders. */
        String maxRetriesString() default "";

        /** The pause before the first retry: {@code "200ms"}. One second unless said otherwise. */
        String delay() default "";

        /**
         * By how much each pause is longer than the one before; 0 for what the property says, which is 1 by default.
         */
        double multiplier() default 0;

        /** Like {@link #multiplier()}, with placeholders. */
        String multiplierString() default "";

        /** The longest pause. Without limit unless said otherwise. */
        String maxDelay() default "";

        /**
         * By how much a pause may be longer or shorter at random, never shorter than the delay. As much as the delay
         * unless said otherwise.
         */
        String jitter() default "";

        /** How long all attempts and pauses may take. Without limit unless said otherwise. */
        String timeout() default "";

        /** The failures that are retried, subtypes included. All unless said otherwise. */
        Class<? extends Throwable>[] includes() default {};

        /** The failures that are not retried, subtypes included. None unless said otherwise. */
        Class<? extends Throwable>[] excludes() default {};
    }
}
