package io.idempotent.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void eachPauseIsDueTwiceAsLongAsTheOneBeforeUpToTheLongest() {
        Backoff backoff = Backoff.of(Duration.ofNanos(1_000), Duration.ofNanos(5_000));

        for (long due : new long[] {1_000, 2_000, 4_000, 5_000, 5_000}) {
            assertThat(backoff.nextNanos()).isBetween(due / 2, due);
        }
    }

    @Test
    void pausesOfThoseWhoFailTogetherDiffer() {
        Random random = new Random(7);

        LongStream firsts = LongStream.range(0, 100)
                .map(one ->
                        Backoff.of(Duration.ofMillis(1), Duration.ofMillis(9)).nextNanos(random));

        assertThat(firsts.distinct().count()).isGreaterThan(90);
    }

    @Test
    void aPauseIsNeverZero() {
        Backoff backoff = Backoff.of(Duration.ofNanos(1), Duration.ofNanos(1));

        assertThat(backoff.nextNanos()).isEqualTo(1);
        assertThat(backoff.nextNanos()).isEqualTo(1);
    }

    @Test
    void aPauseThatGrowsBeyondAllBoundsStaysTheLongest() {
        Backoff backoff = Backoff.of(Duration.ofDays(60_000), Duration.ofDays(100_000));

        for (int tries = 0; tries < 4; tries++) {
            assertThat(backoff.nextNanos())
                    .isBetween(
                            Duration.ofDays(30_000).toNanos(),
                            Duration.ofDays(100_000).toNanos());
        }
    }

    @Test
    void aFirstPauseThatIsNotPositiveOrLongerThanTheLongestIsRefused() {
        assertThatThrownBy(() -> Backoff.of(Duration.ZERO, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT0S");
        assertThatThrownBy(() -> Backoff.of(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT2S");
    }
}
