package io.idempotent.spring.web.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;

class RetryAfterTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-16T08:49:30.250000001Z"));

    private static @Nullable Duration pause(@Nullable String retryAfter, @Nullable String date) {
        HttpHeaders headers = new HttpHeaders();
        if (retryAfter != null) {
            headers.set(HttpHeaders.RETRY_AFTER, retryAfter);
        }
        if (date != null) {
            headers.set(HttpHeaders.DATE, date);
        }
        return RetryAfter.pause(headers, CLOCK);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "007, 7", "120, 120", "999999999999999999, 999999999999999999"})
    void readsSeconds(String value, long seconds) {
        assertThat(pause(value, null)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Mon, 16 Nov 2026 08:49:37 GMT", "Monday, 16-Nov-26 08:49:37 GMT", "Mon Nov 16 08:49:37 2026"})
    void readsEveryFormOfADate(String value) {
        assertThat(pause(value, null)).isEqualTo(Duration.ofMillis(6_750));
    }

    @Test
    void measuresADateByTheServersClock() {
        assertThat(pause("Mon, 16 Nov 2026 08:49:37 GMT", "Mon, 16 Nov 2026 08:47:37 GMT"))
                .isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void needsNoPauseAfterADateInThePast() {
        assertThat(pause("Mon, 16 Nov 2026 08:49:29 GMT", null)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", "1.5", "1s", "soon", "9999999999999999999", "Mon, 16 Nov 2026", "٣"})
    void readsNothingElse(String value) {
        assertThat(pause(value, null)).isNull();
    }

    @Test
    void readsNothingWhereNothingIsSaidOrTheServersDateCannotBeRead() {
        assertThat(pause(null, "Mon, 16 Nov 2026 08:49:37 GMT")).isNull();
        assertThat(pause("Mon, 16 Nov 2026 08:49:37 GMT", "today")).isNull();
    }
}
