package io.idempotent.spring.web;

import io.idempotent.spring.web.RecordedResponse.Header;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** Decides which headers of a response are recorded and replayed. */
public final class ResponseHeaders {

    /** Says that a response is a replay. */
    public static final String REPLAYED = "Idempotency-Replayed";

    /** About the connection or the moment, or a session of the first caller's: never recorded. */
    private static final Set<String> NEVER_RECORDED = names(List.of(
            "Connection",
            "Content-Length",
            "Date",
            "Keep-Alive",
            "Proxy-Connection",
            "Set-Cookie",
            "Set-Cookie2",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade"));

    /** Credentials, and what is said to the first caller's origin: recorded only where the settings name them. */
    private static final Set<String> NOT_RECORDED_BY_THEMSELVES = names(List.of(
            "Access-Control-Allow-Credentials",
            "Access-Control-Allow-Headers",
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Private-Network",
            "Access-Control-Expose-Headers",
            "Access-Control-Max-Age",
            "Authentication-Info",
            "Authorization",
            "Proxy-Authenticate",
            "Proxy-Authentication-Info",
            "Proxy-Authorization",
            "Timing-Allow-Origin",
            "X-Access-Token",
            "X-Amz-Security-Token",
            "X-API-Key",
            "X-Auth-Token",
            "X-CSRF-Token",
            "X-CSRFToken",
            "X-ID-Token",
            "X-Refresh-Token",
            "X-Session-Token",
            "X-XSRF-Token"));

    private ResponseHeaders() {}

    /**
     * The headers of a response that are recorded: those that were set or changed since recording began, and always the
     * encoding of the body.
     *
     * @param now all headers, in the order of their names
     * @param before those that were there when recording began
     * @param chosen the headers that are recorded, besides those that tell what the body is; all if there are none
     */
    public static List<Header> recorded(List<Header> now, List<Header> before, Set<String> chosen) {
        List<String> connection = values(now, HttpHeaders.CONNECTION);
        Set<String> ofConnection = connection == null
                ? Set.of()
                : names(connection.stream()
                        .flatMap(names -> Stream.of(names.split(",", -1)))
                        .map(String::strip)
                        .toList());
        List<Header> recorded = new ArrayList<>();
        for (Header header : now) {
            String name = header.name();
            boolean always = name.equalsIgnoreCase(HttpHeaders.CONTENT_ENCODING);
            boolean changed = always || !header.values().equals(values(before, name));
            boolean wanted = always || name.equalsIgnoreCase(HttpHeaders.CONTENT_TYPE) || isRecorded(name, chosen);
            if (changed && wanted && !ofConnection.contains(name)) {
                recorded.add(header);
            }
        }
        return recorded;
    }

    /** The values of a header; null if it is not there. There are few: to look at each is faster than a map. */
    public static @Nullable List<String> values(List<Header> headers, String name) {
        for (Header header : headers) {
            if (header.name().equalsIgnoreCase(name)) {
                return header.values();
            }
        }
        return null;
    }

    /** Whether a header is recorded, if these are chosen, or all that may be if none is. */
    private static boolean isRecorded(String name, Set<String> chosen) {
        return chosen.isEmpty() ? isReplayed(name, chosen) : !NEVER_RECORDED.contains(name) && chosen.contains(name);
    }

    /** Whether a header that was recorded is sent: an earlier version, or another writer, may have recorded more. */
    public static boolean isReplayed(String name, Set<String> chosen) {
        return !NEVER_RECORDED.contains(name) && (chosen.contains(name) || !NOT_RECORDED_BY_THEMSELVES.contains(name));
    }

    /** A set of names, whatever their case. */
    static Set<String> names(Collection<String> names) {
        Set<String> set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        set.addAll(names);
        return set;
    }
}
