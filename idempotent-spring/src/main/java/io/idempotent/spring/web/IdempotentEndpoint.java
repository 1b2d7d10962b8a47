package io.idempotent.spring.web;

import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenStoreFails;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a handler method of Spring MVC or WebFlux idempotent for HTTP clients: requests with the same {@code
 * Idempotency-Key} are handled once, and all get the same response, byte for byte. What is recorded is the HTTP
 * response: status, headers and body, however it was made; a replay has the header {@code Idempotency-Replayed: true}.
 * Follows the IETF draft <a
 * href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">idempotency-key-header</a>; the
 * package's page tells how.
 *
 * <p>The key is claimed before the handler's other interceptors and its arguments are asked for, and after filters of
 * smaller order than {@code IdempotencyFilter.ORDER}, Spring Security's among them. So a replay does not pass the
 * former, nor security of methods: it is given to the caller who was given the response at first.
 *
 * <p>A key belongs to its caller and to this endpoint. A request says, besides its key, its method, path, query and
 * body: another one with the same key is answered by 422. Not recorded, and the key released, are answers which say
 * that nothing was done: of the statuses 401, 403, 408, 425, 429 and 503, or those that {@code
 * idempotent.web.released-statuses} names, and of any status where the handler had not begun: an interceptor answered,
 * an argument could not be resolved or is not valid, or advice around the controller refused its arguments or its
 * caller. Neither is what Spring Security answers when its exception has left the filter. Every other answer is final,
 * failures among them, but a 409 that the handler ran into itself, by another key that was in progress. A response that
 * is longer than {@code idempotent.web.maximum-response-size} is sent, and later requests are answered by 500. Never
 * recorded are cookies, headers of the connection, and trailers. Credentials ({@code Authorization}, {@code
 * Authentication-Info}, {@code X-Auth-Token}, {@code X-CSRF-Token} and the like) and the headers {@code
 * Access-Control-*} that the handler writes itself are recorded only if {@code idempotent.web.recorded-headers} names
 * them; what Spring writes about origins it writes for each request anew. The Caffeine store keeps as many responses as
 * {@code idempotent.caffeine.maximum-size} and {@code maximum-weight} say, in memory.
 *
 * <p>Refused at startup: a method that is also annotated with {@code @Idempotent}, one that is no handler method of
 * what serves the application, and one that streams its response by its declared type (server-sent events, {@code
 * StreamingResponseBody}, reactive types of several values); behind {@code Object} or a wildcard, what is streamed is
 * kept back until it ends.
 *
 * <p>On Spring MVC, a {@code Callable}, {@code DeferredResult}, {@code CompletionStage} or reactive type of one value
 * is recorded when it is answered. If it times out or its client goes away, it may go on: what it is answered then is
 * final, or, with {@link #whenAbandoned} of {@code RECONCILE} or {@code REFUSE}, its outcome unknown, as soon as a
 * {@code Callable} has returned, and at once otherwise. On WebFlux, the handler goes on when its client goes away, and
 * its response is recorded.
 *
 * <p>{@link io.idempotent.IdempotencyContext} and steps are there while the handler runs, in the thread of a {@code
 * Callable} too.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
public @interface IdempotentEndpoint {

    /** Whether a request without a key is answered by 400. If not, it is handled, and unprotected. */
    boolean required() default true;

    /** Whose keys are kept apart. */
    Scope scope() default Scope.INHERIT;

    /** Whether a request that uses a key again for something else is refused. Else it gets the first one's response. */
    boolean fingerprint() default true;

    /**
     * The operation's name, of letters, digits, hyphens and underscores. It stays when the method is renamed. Defaults
     * to the names of class and method.
     */
    String operation() default "";

    /** How long responses are kept: {@code "24h"}, {@code "P7D"}. Defaults to 24 hours. */
    String retention() default "";

    /**
     * How long a claim is valid without renewal, and so how long a crash blocks its key. Defaults to 30
     * seconds.
     */
    String lease() default "";

    /**
     * How long a repeated request waits for the first one's response before it is answered by 409. Defaults to not at
     * all.
     */
    String waitAtMost() default "";

    /**
     * What to do for a key that is abandoned: its handler's JVM died, or it is unknown what was done. {@code RECONCILE}
     * asks the bean of type {@link io.idempotent.spring.operation.Reconciler} that supports the operation: its argument
     * is the {@code HttpServletRequest}, or on WebFlux the {@code ServerWebExchange}, and its result a {@link
     * RecordedResponse}. {@code REFUSE} answers every request by 409, with an {@link
     * IdempotencyOutcomeUnknownException}, until somebody decides.
     */
    WhenAbandoned whenAbandoned() default WhenAbandoned.INHERIT;

    /**
     * What to do when the store cannot tell whether the key is free. {@code REFUSE} answers by 503, and {@code RUN}
     * handles the request unprotected, and tells log and listeners.
     */
    WhenStoreFails whenStoreFails() default WhenStoreFails.INHERIT;

    /**
     * The bean name of the store, or that name without {@code IdempotencyStore}. Defaults to the only store.
     */
    String store() default "";

    /** Whose keys are kept apart. */
    enum Scope {
        /** What {@code idempotent.web.scope} says, which defaults to {@link #CALLER}. */
        INHERIT,
        /**
         * Each caller's: what the {@link IdempotencyScopeResolver} says if there is one, else the name of the request's
         * authenticated principal: its name alone, whoever issued it and whichever host it came to. A request without
         * either is refused with an {@link UnknownCallerException}.
         */
        CALLER,
        /** Nobody's: all callers share keys, and get each other's responses. */
        SHARED
    }
}
