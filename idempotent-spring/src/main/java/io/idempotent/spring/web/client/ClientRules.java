package io.idempotent.spring.web.client;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.operation.DownstreamKeys;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.util.backoff.BackOff;

/**
 * Which requests get which key, and how often they are repeated, whatever client sends them.
 *
 * @param methods the methods whose requests get a key
 * @param header the header that carries it
 * @param quoted whether it is sent in double quotes
 * @param delays the pauses after failures, and how many there are
 * @param maximumPause the longest pause that an answer may ask for
 * @param patience how long a request may be waited for that is in progress elsewhere, without being counted
 */
record ClientRules(
        Set<HttpMethod> methods,
        String header,
        boolean quoted,
        BackOff delays,
        Duration maximumPause,
        Duration patience) {

    /** The request attribute for the name that an execution's key is derived from. */
    static final String NAME = "io.idempotent.spring.web.client.IdempotencyClientInterceptor.name";

    // Keeps what is derived here apart from what operations derive, and must stay as it is: another would undo that a
    // later version of an application sends the keys of an earlier one.
    private static final String DERIVED = "idempotent http client: ";

    /**
     * The key of a request, as it is sent: letters, digits and hyphens, which need no escaping between quotes.
     *
     * @param name the name that the request has; null if it has none
     * @param context the execution that sends it; null outside of one
     * @throws IllegalArgumentException if what it has is no name
     */
    String key(HttpMethod method, URI uri, @Nullable Object name, @Nullable IdempotencyContext context) {
        String key = derived(method, uri, name, context);
        return quoted ? '"' + key + '"' : key;
    }

    private static String derived(
            HttpMethod method, URI uri, @Nullable Object name, @Nullable IdempotencyContext context) {
        if (name != null && (!(name instanceof String text) || text.isBlank())) {
            throw new IllegalArgumentException("The attribute '" + NAME
                    + "' of a request to " + uri.getHost() + " is no name; "
                    + "give it a string that is not blank, and the same with each attempt");
        }
        if (context == null) {
            return UUID.randomUUID().toString();
        }
        return name != null
                ? context.keyFor(DERIVED + "named " + name)
                : DownstreamKeys.next(context, DERIVED, method + " " + uri);
    }
}
