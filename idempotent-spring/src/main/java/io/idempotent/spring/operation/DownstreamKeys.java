package io.idempotent.spring.operation;

import io.idempotent.IdempotencyContext;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Derives the keys of what an execution sends, requests and messages: the same on every attempt and every later
 * execution of its key. Counts how often each was sent within the running attempt, by whatever client, since two of
 * them may send to the same place.
 */
public final class DownstreamKeys {

    // Executions are equal only to themselves; what they made is forgotten with them.
    private static final Map<IdempotencyContext, Attempt> ATTEMPTS = new WeakHashMap<>();

    private DownstreamKeys() {}

    /**
     * Derives the key of the next of those that are sent to one place.
     *
     * @param context the execution that sends
     * @param prefix keeps what is derived apart from what others derive
     * @param place where it is sent
     */
    public static String next(IdempotencyContext context, String prefix, String place) {
        return context.keyFor(prefix + count(context, place) + " " + place);
    }

    /** Counts what is sent to a place, and tells how often that was within this attempt, this time included. */
    private static int count(IdempotencyContext context, String place) {
        int number = context.attempt();
        synchronized (ATTEMPTS) {
            Attempt attempt = ATTEMPTS.get(context);
            if (attempt == null || attempt.number != number) {
                attempt = new Attempt(number, new HashMap<>());
                ATTEMPTS.put(context, attempt);
            }
            return attempt.counts.merge(place, 1, Integer::sum);
        }
    }

    private record Attempt(int number, Map<String, Integer> counts) {}
}
