package io.idempotent.spring.actuate;

import java.util.Map;

/**
 * Why a request is refused, in the words of RFC 9457.
 *
 * @param title the meaning of the status
 * @param status the HTTP status
 * @param detail what happened, to which key, and what to do
 */
public record Problem(String title, int status, String detail) {

    private static final Map<Integer, String> TITLES = Map.of(
            400, "Bad Request",
            403, "Forbidden",
            404, "Not Found",
            409, "Conflict",
            503, "Service Unavailable");

    static Problem of(int status, String detail) {
        return new Problem(TITLES.getOrDefault(status, "Refused"), status, detail);
    }
}
