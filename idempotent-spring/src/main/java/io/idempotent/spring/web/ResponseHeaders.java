package io.idempotent.spring.web;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Decides which headers of a response are recorded and replayed. */
final class ResponseHeaders {

    /** Says that a response is a replay. */
    static final String REPLAYED = "Idempotency-Replayed";

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

    /** Whether a header is recorded, if these are chosen, or all that may be if none is. */
    static boolean isRecorded(String name, Set<String> chosen) {
        return chosen.isEmpty() ? isReplayed(name, chosen) : !NEVER_RECORDED.contains(name) && chosen.contains(name);
    }

    /** Whether a header that was recorded is sent: an earlier version, or another writer, may have recorded more. */
    static boolean isReplayed(String name, Set<String> chosen) {
        return !NEVER_RECORDED.contains(name) && (chosen.contains(name) || !NOT_RECORDED_BY_THEMSELVES.contains(name));
    }

    /** A set of names, whatever their case. */
    static Set<String> names(Collection<String> names) {
        Set<String> set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        set.addAll(names);
        return set;
    }
}
