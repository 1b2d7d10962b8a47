package io.idempotent.spring.web.client;

import io.idempotent.IdempotencyContext;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Counts how often each request was made within the running attempt of each execution, by all clients, since two of
 * them may call the same server.
 */
final class RequestCounts {

    // Executions are equal only to themselves; what they made is forgotten with them.
    private static final Map<IdempotencyContext, Attempt> ATTEMPTS = new WeakHashMap<>();

    private RequestCounts() {}

    /** Counts a request, and tells how many there were of it within this attempt, this one included. */
    static int next(IdempotencyContext context, String request) {
        int number = context.attempt();
        synchronized (ATTEMPTS) {
            Attempt attempt = ATTEMPTS.get(context);
            if (attempt == null || attempt.number != number) {
                attempt = new Attempt(number, new HashMap<>());
                ATTEMPTS.put(context, attempt);
            }
            return attempt.counts.merge(request, 1, Integer::sum);
        }
    }

    private record Attempt(int number, Map<String, Integer> counts) {}
}
