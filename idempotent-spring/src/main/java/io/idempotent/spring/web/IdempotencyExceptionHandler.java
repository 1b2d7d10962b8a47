package io.idempotent.spring.web;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import java.time.Duration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;

/**
 * Answers this library's exceptions by problem details: 400 without an acceptable key, 409 while the first request is in
 * progress, 422 for a key that is used again for something else, 503 when the store fails.
 *
 * <p>Of the lowest precedence, so that any advice of the application that handles one of the exceptions comes first. Details
 * name the problem, not the key, which may be another tenant's business.
 */
@ControllerAdvice
@Order(Ordered.LOWEST_PRECEDENCE)
public class IdempotencyExceptionHandler {

    /** After how many seconds to come back when the store fails. */
    private static final Duration STORE_PAUSE = Duration.ofSeconds(5);

    /** Makes the advice. */
    public IdempotencyExceptionHandler() {}

    /** No acceptable key: 400. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyKeyException exception) {
        return answer(
                HttpStatus.BAD_REQUEST,
                "Idempotency key missing or malformed",
                "The request needs an idempotency key of 1 to 255 characters without control characters.");
    }

    /** Still in progress: 409, with the time after which to repeat the request. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyInProgressException exception) {
        return answer(
                HttpStatus.CONFLICT,
                "Request in progress",
                "A request with this idempotency key is being processed; repeat it later to get its result.",
                exception.retryAfter());
    }

    /** Used for something else: 422. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyKeyReusedException exception) {
        return answer(
                HttpStatus.UNPROCESSABLE_CONTENT,
                "Idempotency key reused",
                "This idempotency key was used for a request with other content; use a new key for a new request.");
    }

    /** The claim was lost: 409, to be repeated. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyClaimLostException exception) {
        return answer(
                HttpStatus.CONFLICT,
                "Request not confirmed",
                "The request took too long, and its result was not recorded; repeat it later with the same idempotency key.",
                STORE_PAUSE);
    }

    /** Nobody knows whether it was done: 409, and repeating does not help by itself. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyOutcomeUnknownException exception) {
        return answer(
                HttpStatus.CONFLICT,
                "Request outcome unknown",
                "An earlier request with this idempotency key was interrupted, and it is not known whether it was processed.");
    }

    /** Done, but its outcome cannot be given: 500. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyOutcomeException exception) {
        return answer(
                HttpStatus.INTERNAL_SERVER_ERROR,
                "Result not available",
                "The request was processed, but its result cannot be given again.");
    }

    /** The store failed: 503. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyStoreException exception) {
        return answer(
                HttpStatus.SERVICE_UNAVAILABLE,
                "Idempotency store not available",
                "The request was not processed; repeat it later with the same idempotency key.",
                STORE_PAUSE);
    }

    private static ResponseEntity<ProblemDetail> answer(HttpStatus status, String title, String detail) {
        return ResponseEntity.status(status).body(problem(status, title, detail));
    }

    private static ResponseEntity<ProblemDetail> answer(
            HttpStatus status, String title, String detail, Duration retryAfter) {
        // Whole seconds, rounded up: a client that comes back too early would be refused again.
        long seconds = Math.max(1, retryAfter.plusNanos(999_999_999).toSeconds());
        return ResponseEntity.status(status)
                .header(HttpHeaders.RETRY_AFTER, Long.toString(seconds))
                .body(problem(status, title, detail));
    }

    private static ProblemDetail problem(HttpStatus status, String title, String detail) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        problem.setTitle(title);
        return problem;
    }
}
