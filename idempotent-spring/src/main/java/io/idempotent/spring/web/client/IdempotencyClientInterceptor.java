package io.idempotent.spring.web.client;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.util.backoff.BackOff;

/**
 * Sends an idempotency key with the requests of a {@code RestClient} or {@code RestTemplate}, and repeats them as their
 * answers allow, which the key makes safe with a server that honours it.
 *
 * <pre>{@code
 * RestClient bank = RestClient.builder()
 *         .requestInterceptor(IdempotencyClientInterceptor.builder().build())
 *         .build();
 * }</pre>
 *
 * <p><b>The key</b> goes with POST and PATCH, or the {@linkplain Builder#methods methods} configured, in the header
 * {@value #DEFAULT_HEADER}, or another {@linkplain Builder#header name}: as a string of structured fields, in double
 * quotes, unless configured {@linkplain Builder#quoted otherwise}. A request that has that header is sent with what it
 * has.
 *
 * <ul>
 *   <li>Outside of an execution the key is a random UUID, another for each call of the client.
 *   <li>On the thread that runs an {@code @Idempotent} operation it is derived from the {@linkplain
 *       IdempotencyContext#current() execution's} key, so that an attempt or execution that comes later sends the same
 *       keys, and the other side sees repetitions: from the name that the request has as attribute {@link #NAME}, or
 *       else from its method, its URI, and how many requests of that method and URI this attempt has made, by any
 *       client, this one included. The body is not part of it, on purpose: a later attempt that says something else
 *       under the same key is refused by the other side, with 422, which is safe, while under another key it would be
 *       done once more.
 * </ul>
 *
 * <p><b>Name</b> the requests, each differently within an execution, wherever a later attempt may make others before
 * them to the same URI, or in another order: where one stands in a recorded step, which a later attempt leaves out, in
 * a condition, or in a loop over what may change; where the method itself repeats a request; where a URI is not the
 * same each time; and where requests to one URI run concurrently. Threads that the operation hands work to know of no
 * execution: give their requests the header, with a key that {@link IdempotencyContext#keyFor} made before.
 *
 * <p><b>Repetitions</b> are made of requests with a key only, all with the same key and content, at most {@linkplain
 * Builder#maxRetries max-retries} of them:
 *
 * <ul>
 *   <li>after an answer of 409, 425, 429 or 503 with the field {@code Retry-After}, in seconds or as a date, when that
 *       pause is over and never before. One longer than the {@linkplain Builder#maximumPause maximum} is not waited
 *       for. Answers of 409 whose pauses together are no longer than that maximum are not counted: a server asks for
 *       short ones while the request that it works on is young.
 *   <li>after an {@link IOException}, when the {@linkplain Builder#delay delay} is over.
 * </ul>
 *
 * <p>The caller gets every other answer at once, 422 included, and when no repetition is left the last answer as it is,
 * or the last exception with earlier {@link IOException}s suppressed. An interrupt ends a pause: the flag stays set,
 * and the caller gets the answer or exception that it has by then. An answer stays open, and keeps its connection,
 * until its pause is over.
 *
 * <p>What fails while the caller reads the body of an answer comes too late to be repeated here; do that with the same
 * key: give the request its header, or call within an execution that is retried.
 *
 * <p>Interceptors that are added later run anew with each repetition, on the same request; those added earlier see one
 * call. Immutable, and safe for use by many threads and clients. {@link IdempotencyClientFilter} does the same for a
 * {@code WebClient}.
 */
public final class IdempotencyClientInterceptor implements ClientHttpRequestInterceptor {

    /** The request attribute for the name that an execution's key is derived from: a string that is not blank. */
    public static final String NAME = ClientRules.NAME;

    /** The header unless configured otherwise: {@value}. */
    public static final String DEFAULT_HEADER = "Idempotency-Key";

    private final ClientRules rules;

    // A test looks at it, since chance cannot be measured.
    final BackOff delays;

    private IdempotencyClientInterceptor(ClientRules rules) {
        this.rules = rules;
        this.delays = rules.delays();
    }

    /** Starts configuring an interceptor. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the request needs a key, and what it has as {@link #NAME} is no name
     */
    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution)
            throws IOException {
        HttpHeaders headers = request.getHeaders();
        if (!headers.containsHeader(rules.header())) {
            if (!rules.methods().contains(request.getMethod())) {
                return execution.execute(request, body);
            }
            headers.set(
                    rules.header(),
                    rules.key(
                            request.getMethod(),
                            request.getURI(),
                            request.getAttributes().get(NAME),
                            IdempotencyContext.currentOrNull()));
        }
        return new RepeatableRequest(request, body, execution, rules).send();
    }

    /** Configures an interceptor. Not safe for use by several threads. */
    public static final class Builder {

        // A token of RFC 9110, section 5.6.2.
        private static final Pattern TOKEN = Pattern.compile("[-!#$%&'*+.^_`|~0-9A-Za-z]+");

        private Set<HttpMethod> methods = Set.of(HttpMethod.POST, HttpMethod.PATCH);
        private String header = DEFAULT_HEADER;
        private boolean quoted = true;
        private long maxRetries = 3;
        private Duration delay = Duration.ofSeconds(1);
        private Duration maximumPause = Duration.ofSeconds(30);

        private Builder() {}

        /**
         * Sets the methods whose requests get a key. Defaults to POST and PATCH.
         *
         * @throws IdempotencyConfigurationException if there are none
         */
        public Builder methods(HttpMethod... methods) {
            if (methods.length == 0) {
                throw new IdempotencyConfigurationException(
                        "There are no methods whose requests get an idempotency key", "Name one at least");
            }
            this.methods = Set.copyOf(List.of(methods));
            return this;
        }

        /**
         * Sets the header that carries the key. Defaults to {@value #DEFAULT_HEADER}.
         *
         * @throws IdempotencyConfigurationException if HTTP allows no header of that name
         */
        public Builder header(String name) {
            if (!TOKEN.matcher(name).matches()) {
                throw new IdempotencyConfigurationException(
                        "The header for idempotency keys is named '" + name + "'", "It has to be a token of RFC 9110");
            }
            this.header = name;
            return this;
        }

        /**
         * Sets whether the key is sent in double quotes, as the draft of the header has it, or bare, as some providers
         * have it. Defaults to quotes.
         */
        public Builder quoted(boolean quoted) {
            this.quoted = quoted;
            return this;
        }

        /**
         * Sets how many repetitions may follow the first request. Zero switches them off. Defaults to three.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxRetries(long maxRetries) {
            if (maxRetries < 0) {
                throw new IdempotencyConfigurationException(
                        "max-retries is " + maxRetries, "It has to be zero or more");
            }
            this.maxRetries = maxRetries;
            return this;
        }

        /**
         * Sets the pause after an {@link IOException}. The pause is random, between this and twice as long, in whole
         * milliseconds. Defaults to one second.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder delay(Duration delay) {
            this.delay = notNegative("delay", delay);
            return this;
        }

        /**
         * Sets the longest pause that an answer may ask for. Defaults to thirty seconds.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maximumPause(Duration maximumPause) {
            this.maximumPause = notNegative("maximum pause", maximumPause);
            return this;
        }

        /** Makes the interceptor. */
        public IdempotencyClientInterceptor build() {
            return new IdempotencyClientInterceptor(rules());
        }

        /** Makes a filter of the same rules for a {@code WebClient}. Needs spring-webflux. */
        public IdempotencyClientFilter buildFilter() {
            return new IdempotencyClientFilter(rules());
        }

        private ClientRules rules() {
            BackOff delays = RetryPolicy.builder()
                    .maxRetries(maxRetries)
                    .delay(delay)
                    // Without jitter, callers that failed together come back together.
                    .jitter(delay)
                    .build()
                    .getBackOff();
            return new ClientRules(
                    methods, header, quoted, delays, maximumPause, maxRetries == 0 ? Duration.ZERO : maximumPause);
        }

        private static Duration notNegative(String setting, Duration duration) {
            if (duration.isNegative()) {
                throw new IdempotencyConfigurationException(
                        "The " + setting + " is " + duration, "It has to be zero or more");
            }
            return duration;
        }
    }
}
