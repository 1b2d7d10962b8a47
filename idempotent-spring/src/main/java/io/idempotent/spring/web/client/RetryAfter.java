package io.idempotent.spring.web.client;

import java.time.Duration;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Reads the field {@code Retry-After} of RFC 9110, section 10.2.3: seconds, or a date in a form that {@link
 * HttpHeaders} knows.
 */
final class RetryAfter {

    // More digits make no number, and would be 30 billion years.
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,18}");

    private RetryAfter() {}

    /**
     * The pause that an answer asks for.
     *
     * @param headers the answer's
     * @param clock asked only where the answer names a date, and not its own
     * @return zero or more, in whole milliseconds, rounded up; null if it asks for none that can be read
     */
    static @Nullable Duration pause(HttpHeaders headers, InstantSource clock) {
        String value = headers.getFirst(HttpHeaders.RETRY_AFTER);
        if (value == null) {
            return null;
        }
        if (SECONDS.matcher(value).matches()) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            ZonedDateTime end = headers.getFirstZonedDateTime(HttpHeaders.RETRY_AFTER);
            // By the server's clock, which it means: ours may be ahead, and the pause too short.
            ZonedDateTime begin = headers.getFirstZonedDateTime(HttpHeaders.DATE);
            Duration pause = Duration.between(begin == null ? clock.instant() : begin.toInstant(), end);
            return pause.isNegative() ? Duration.ZERO : pause.plusNanos(999_999).truncatedTo(ChronoUnit.MILLIS);
        } catch (IllegalArgumentException unreadable) {
            return null;
        }
    }
}
