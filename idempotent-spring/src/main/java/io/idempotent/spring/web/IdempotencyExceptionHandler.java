package io.idempotent.spring.web;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.spring.settings.WebSettings;
import java.lang.reflect.Method;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.MessageSource;
import org.springframework.context.MessageSourceAware;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;

/**
 * Answers this library's exceptions by problem details of RFC 9457: 400 without an acceptable key, or for a request
 * that cannot be read, 403 for a key of nobody knows
 * whom, 409 while the first request is in progress or when it is not known what became of it, 413 for a body that is
 * too long, 422 for a key that is used again for something else, 503 when the store fails.
 *
 * <p>The type of a problem is stable: {@code idempotent.web.problem-base} and its name. Each answer links its
 * documentation, as {@code Link: <…>; rel="describedby"}: {@code idempotent.web.documentation}, or the type itself.
 * Title and detail are taken from the application's messages where it has them for Spring's codes {@code
 * problemDetail.title.}, {@code problemDetail.type.} and {@code problemDetail.} with the exception's class; the seconds
 * to wait are their argument 0.
 *
 * <p>Comes before advice that handles exceptions of every kind, and after all if any advice of the application names
 * one of these exceptions. Handlers in a controller itself come first, as ever. Details name the problem, not the key,
 * which may be another tenant's business.
 */
@ControllerAdvice
public class IdempotencyExceptionHandler implements MessageSourceAware, ApplicationContextAware, Ordered {

    /** After how many seconds to come back when the store fails. */
    private static final Duration STORE_PAUSE = Duration.ofSeconds(5);

    private final URI base;

    private final @Nullable URI documentation;

    private @Nullable MessageSource messages;

    private @Nullable ApplicationContext context;

    /** Makes the advice with the default settings. */
    public IdempotencyExceptionHandler() {
        this(WebSettings.DEFAULTS);
    }

    /** Makes the advice with these settings. */
    public IdempotencyExceptionHandler(WebSettings settings) {
        this.base = settings.problemBase();
        this.documentation = settings.documentation();
    }

    @Override
    public void setMessageSource(MessageSource messageSource) {
        this.messages = messageSource;
    }

    @Override
    public void setApplicationContext(ApplicationContext applicationContext) {
        this.context = applicationContext;
    }

    /** The highest, or the lowest if any other advice names one of this library's exceptions. */
    @Override
    public int getOrder() {
        return context != null
                        && Arrays.stream(BeanFactoryUtils.beanNamesForAnnotationIncludingAncestors(
                                        context, ControllerAdvice.class))
                                .map(name -> context.getType(name, false))
                                .anyMatch(IdempotencyExceptionHandler::namesOurs)
                ? LOWEST_PRECEDENCE
                : HIGHEST_PRECEDENCE;
    }

    private static boolean namesOurs(@Nullable Class<?> advice) {
        return advice != null
                && !IdempotencyExceptionHandler.class.isAssignableFrom(advice)
                && Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(ClassUtils.getUserClass(advice)))
                        .anyMatch(IdempotencyExceptionHandler::isOfOurs);
    }

    private static boolean isOfOurs(Method method) {
        ExceptionHandler annotation = AnnotatedElementUtils.findMergedAnnotation(method, ExceptionHandler.class);
        return annotation != null
                && Stream.of(annotation.value(), method.getParameterTypes())
                        .flatMap(Arrays::stream)
                        .anyMatch(IdempotencyException.class::isAssignableFrom);
    }

    /** No acceptable key: 400. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyKeyException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.BAD_REQUEST,
                "key-missing",
                "Idempotency key missing or malformed",
                "The request needs an idempotency key of 1 to 255 characters without control characters.");
    }

    /** Not to be read: 400. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(UnreadableRequestException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.BAD_REQUEST,
                "request-unreadable",
                "Request unreadable",
                "The request has an idempotency key, and its body or its parameters cannot be read.");
    }

    /** A key of nobody knows whom: 403. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(UnknownCallerException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.FORBIDDEN,
                "caller-unknown",
                "Caller unknown",
                "An idempotency key belongs to its caller, and this request does not say whose it is.");
    }

    /** Still in progress: 409, with the time after which to repeat the request. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyInProgressException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.CONFLICT,
                "in-progress",
                "Request in progress",
                "A request with this idempotency key is being processed; repeat it later to get its result.",
                exception.retryAfter());
    }

    /** Longer than can be compared: 413. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(RequestTooLargeException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.CONTENT_TOO_LARGE,
                "request-too-large",
                "Request too large",
                "The body of a request with an idempotency key has at most " + exception.maximum() + " bytes.");
    }

    /** Used for something else: 422. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyKeyReusedException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.UNPROCESSABLE_CONTENT,
                "key-reused",
                "Idempotency key reused",
                "This idempotency key was used for a request with other content; use a new key for a new request.");
    }

    /** The claim was lost: 409, to be repeated. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyClaimLostException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.CONFLICT,
                "not-confirmed",
                "Request not confirmed",
                "The request took too long, and its result was not recorded; repeat it later with the same"
                        + " idempotency key.",
                STORE_PAUSE);
    }

    /** Nobody knows whether it was done: 409, and repeating does not help by itself. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyOutcomeUnknownException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.CONFLICT,
                "outcome-unknown",
                "Request outcome unknown",
                "An earlier request with this idempotency key was interrupted, and it is not known whether it was"
                        + " processed.");
    }

    /** Done, but its outcome cannot be given: 500. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyOutcomeException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.INTERNAL_SERVER_ERROR,
                "result-not-available",
                "Result not available",
                "The request was processed, but its result cannot be given again.");
    }

    /** The store failed: 503. */
    @ExceptionHandler
    ResponseEntity<ProblemDetail> handle(IdempotencyStoreException exception, Locale locale) {
        return answer(
                exception,
                locale,
                HttpStatus.SERVICE_UNAVAILABLE,
                "store-not-available",
                "Idempotency store not available",
                "The request was not processed; repeat it later with the same idempotency key.",
                STORE_PAUSE);
    }

    private ResponseEntity<ProblemDetail> answer(
            IdempotencyException exception,
            Locale locale,
            HttpStatus status,
            String name,
            String title,
            String detail) {
        return answer(exception, locale, status, name, title, detail, null);
    }

    private ResponseEntity<ProblemDetail> answer(
            IdempotencyException exception,
            Locale locale,
            HttpStatus status,
            String name,
            String title,
            String detail,
            @Nullable Duration retryAfter) {
        URI type = URI.create(base + name);
        ErrorResponse.Builder builder = ErrorResponse.builder(exception, status, detail)
                .type(type)
                .title(title)
                .header(
                        HttpHeaders.LINK,
                        "<" + (documentation == null ? type : documentation) + ">; rel=\"describedby\"");
        if (retryAfter != null) {
            // Whole seconds, rounded up, and never none: a client that comes back too early would be refused again.
            String seconds =
                    Long.toString(Math.max(1, retryAfter.toSeconds() + (retryAfter.toNanosPart() == 0 ? 0 : 1)));
            builder.header(HttpHeaders.RETRY_AFTER, seconds).detailMessageArguments(seconds);
        }
        ErrorResponse response = builder.build();
        return ResponseEntity.status(status)
                .headers(response.getHeaders())
                .body(messages == null ? response.getBody() : response.updateAndGetBody(messages, locale));
    }
}
