package io.idempotent.spring.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each exception of the library asks a container to do. */
class ListenerAnswerTest {

    private static final IdempotencyKey KEY = IdempotencyKey.of("operation", "key");

    static Stream<IdempotencyException> passing() {
        return Stream.of(
                new IdempotencyInProgressException(KEY, Reason.NOT_WAITING, Duration.ZERO),
                new IdempotencyClaimLostException(KEY, 1, "planted"),
                new IdempotencyStoreException("planted", KEY, new IllegalStateException()));
    }

    static Stream<IdempotencyException> lasting() {
        return Stream.of(
                new IdempotencyKeyException("operation", "planted"),
                new IdempotencyKeyReusedException(KEY),
                new IdempotencyOutcomeUnknownException(KEY, 1, Instant.EPOCH, false, null),
                new IdempotencyOutcomeException(KEY, "planted", null));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void whatPassesIsDeliveredAgain(IdempotencyException failure) {
        assertThat(ListenerAnswer.of(failure)).isEqualTo(ListenerAnswer.REDELIVER);
    }

    @ParameterizedTest
    @MethodSource("lasting")
    void whatNoRedeliveryChangesIsPutAside(IdempotencyException failure) {
        assertThat(ListenerAnswer.of(failure)).isEqualTo(ListenerAnswer.DEAD_LETTER);
    }

    @ParameterizedTest
    @MethodSource("passing")
    void theFirstOfOursAmongTheCausesDecides(IdempotencyException failure) {
        RuntimeException wrapped = new IllegalStateException("wrapped", new RuntimeException(failure));

        assertThat(ListenerAnswer.of(wrapped)).isEqualTo(ListenerAnswer.REDELIVER);
    }

    @Test
    void everythingElseIsTheContainers() {
        assertThat(List.of(
                        ListenerAnswer.of(new IllegalStateException("its own")),
                        ListenerAnswer.of(new OutOfMemoryError()),
                        ListenerAnswer.of(new IdempotencyConfigurationException("planted", "planted"))))
                .containsOnly(ListenerAnswer.POLICY);
    }

    @Test
    void causesThatGoRoundInACircleEnd() {
        RuntimeException one = new RuntimeException("one");
        RuntimeException other = new RuntimeException("other", one);
        one.initCause(other);

        assertThat(ListenerAnswer.of(one)).isEqualTo(ListenerAnswer.POLICY);
    }
}
