package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.Operation;
import io.idempotent.spring.settings.RetryBudgetSettings;
import io.idempotent.spring.settings.RetrySettings;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.util.backoff.BackOffExecution;

class RetriesTest {

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).build();

    private static RetrySettings settings(Duration delay, Double multiplier, Duration maxDelay, Duration jitter) {
        return new RetrySettings(5L, delay, multiplier, maxDelay, jitter, null, null, null, RetryBudgetSettings.UNSAID);
    }

    private static @Nullable Retries retries(RetrySettings settings) {
        return Retries.of(settings, PAY, new RetryBudgets(), List::of, null);
    }

    private static long[] pauses(RetryPolicy policy) {
        BackOffExecution execution = policy.getBackOff().start();
        long[] pauses = new long[6];
        for (int index = 0; index < pauses.length; index++) {
            pauses[index] = execution.nextBackOff();
        }
        return pauses;
    }

    @Test
    void overAThousandDrawsTheMeanPauseGrowsWithEachAttemptAndHardlyTwoAreAlike() {
        RetryPolicy policy = Retries.policy(settings(Duration.ofSeconds(1), 2.0, null, null), PAY);
        double[] sums = new double[5];
        Set<Long> distinct = new HashSet<>();
        for (int draw = 0; draw < 1_000; draw++) {
            long[] pauses = pauses(policy);
            for (int attempt = 0; attempt < sums.length; attempt++) {
                sums[attempt] += pauses[attempt];
            }
            distinct.add(pauses[0]);
            assertThat(pauses[5]).isEqualTo(BackOffExecution.STOP);
        }
        for (int attempt = 1; attempt < sums.length; attempt++) {
            // The jitter is as long as the pause, so that means are apart by half of it and more.
            assertThat(sums[attempt]).isGreaterThan(sums[attempt - 1] * 1.2);
        }
        assertThat(distinct).hasSizeGreaterThan(400);
    }

    @Test
    void theJitterIsAsLongAsTheDelayUnlessSaidOtherwise() {
        RetryPolicy policy = Retries.policy(RetrySettings.ofMaxRetries(3), PAY);
        Set<Long> distinct = new HashSet<>();
        for (int draw = 0; draw < 1_000; draw++) {
            long pause = pauses(policy)[0];
            assertThat(pause).isBetween(1_000L, 2_000L);
            distinct.add(pause);
        }
        assertThat(distinct).hasSizeGreaterThan(400);
    }

    @Test
    void withoutJitterThePausesAreExactAndBounded() {
        RetryPolicy policy =
                Retries.policy(settings(Duration.ofMillis(100), 3.0, Duration.ofMillis(500), Duration.ZERO), PAY);
        assertThat(pauses(policy)).containsExactly(100, 300, 500, 500, 500, BackOffExecution.STOP);
    }

    @Test
    void noDelayIsNoPause() {
        RetryPolicy policy = Retries.policy(settings(Duration.ZERO, null, null, null), PAY);
        assertThat(pauses(policy)).containsExactly(0, 0, 0, 0, 0, BackOffExecution.STOP);
    }

    @Test
    void aHintIsTheLeastPauseAndJitterComesOnTopOfIt() {
        Retries retries = retries(settings(Duration.ofMillis(50), 2.0, null, null));
        Set<Long> distinct = new HashSet<>();
        for (int draw = 0; draw < 1_000; draw++) {
            long pause = retries.pause(Duration.ofMillis(400).minusNanos(1));
            assertThat(pause).isBetween(400L, 449L);
            distinct.add(pause);
        }
        assertThat(distinct).hasSizeGreaterThan(40);
    }

    @Test
    void withoutJitterAHintIsThePauseUpToTheLongestOne() {
        Retries retries = retries(settings(Duration.ofMillis(50), 2.0, Duration.ofMillis(500), Duration.ZERO));
        assertThat(retries.pause(Duration.ZERO)).isZero();
        assertThat(retries.pause(Duration.ofMillis(-3))).isZero();
        assertThat(retries.pause(Duration.ofMillis(400))).isEqualTo(400);
        assertThat(retries.pause(Duration.ofMillis(501))).isEqualTo(500);
        assertThat(retries.pause(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(500);
    }

    @Test
    void jitterOnTopOfAHintDoesNotExceedTheLongestPause() {
        Retries limited = retries(settings(Duration.ofMillis(50), null, Duration.ofMillis(410), Duration.ofMillis(40)));
        Retries unlimited = retries(settings(Duration.ofMillis(50), null, null, null));
        for (int draw = 0; draw < 1_000; draw++) {
            assertThat(limited.pause(Duration.ofMillis(400))).isBetween(400L, 410L);
            assertThat(unlimited.pause(Duration.ofMillis(Long.MAX_VALUE - 1)))
                    .isGreaterThanOrEqualTo(Long.MAX_VALUE - 1);
        }
    }

    @Test
    void hintsAreAskedForOnlyWhereThereAreRetries() {
        assertThat(Retries.of(
                        RetrySettings.ofMaxRetries(0),
                        PAY,
                        new RetryBudgets(),
                        () -> {
                            throw new AssertionError("nothing is retried");
                        },
                        null))
                .isNull();
    }

    @Test
    void nothingIsRetriedUnlessSaid() {
        assertThat(retries(RetrySettings.UNSAID)).isNull();
        assertThat(retries(RetrySettings.ofMaxRetries(0))).isNull();
        assertThat(retries(RetrySettings.ofMaxRetries(1))).isNotNull();
    }

    @Test
    void whatSpringRefusesIsRefusedWithTheOperationsName() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> retries(settings(null, 0.5, null, null)))
                .satisfies(refusal -> {
                    assertThat(refusal.description())
                            .contains("The retry of operation 'pay' is invalid: ")
                            .contains("0.5")
                            .doesNotEndWith(".");
                    assertThat(refusal.action())
                            .contains("@Idempotent(retry = …)")
                            .contains("idempotent.operations.pay.retry");
                })
                .withCauseInstanceOf(IllegalArgumentException.class);
    }
}
