package io.idempotent.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.server.TcpProxy;
import io.idempotent.server.TcpProxy.Fault;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What becomes of calls when the network fails at any of their requests: for every store with a server, on a real one.
 *
 * <ol>
 *   <li>A call is made while the fault is in force at its first request; the same with its second, and so on until it
 *       has no such request.
 *   <li>The call ends with its answer, or with an {@link IdempotencyStoreException} and has not run.
 *   <li>With the network whole again, and whatever is late having arrived, another node's call is answered alike if the
 *       first was.
 *   <li>After the lease, the key is not stuck, and it has run once.
 * </ol>
 */
public abstract class NetworkFaultContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final Duration IMPATIENCE = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).lease(LEASE).build();

    private final AtomicInteger runs = new AtomicInteger();

    private TcpProxy proxy;
    private IdempotencyStore store;
    private IdempotencyEngine engine;
    private IdempotencyEngine otherEngine;
    private boolean exhausted;

    /** Begins to stand in front of the store's server. */
    protected abstract TcpProxy newProxy();

    /** A node whose requests go through a proxy, and fail when they have waited for an answer for that long. */
    protected abstract IdempotencyStore connect(TcpProxy proxy, Duration patience);

    /** A node on the same server that has no proxy in its way. */
    protected abstract IdempotencyStore otherNode();

    /** Lets the store's time pass. */
    protected abstract void elapse(Duration time);

    /** Waits until connections that broke are replaced, where they are replaced beside the calls. */
    protected void awaitConnections() {}

    private void open(Duration patience) {
        proxy = newProxy();
        store = connect(proxy, patience);
        engine = engine(store);
        otherEngine = engine(otherNode());
        // What a driver asks only once is not part of a call, and may take its time.
        await().pollDelay(Duration.ZERO)
                .ignoreExceptionsInstanceOf(IdempotencyStoreException.class)
                .untilAsserted(() -> {
                    Claim claim = claimed(store, newValue());
                    assertThat(store.renew(List.of(claim), LEASE).renewed()).hasSize(1);
                    assertThat(store.complete(claim, receipt("first"), RETENTION))
                            .isTrue();
                });
    }

    private static IdempotencyEngine engine(IdempotencyStore store) {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .completionTimeout(Duration.ofSeconds(1))
                .errorHandler((message, failure) -> {})
                .build();
    }

    private void open(Fault fault) {
        // Whoever waits in vain does not wait long; nobody else gives up because the machine is slow.
        open(fault.isSilent() ? IMPATIENCE : PATIENCE);
    }

    @AfterEach
    void close() {
        engine.close();
        otherEngine.close();
        proxy.close();
    }

    // calls

    @ParameterizedTest
    @EnumSource
    void aCallThatMeetsAFaultAtAnyRequestRunsOnceAndItsKeyIsNotStuck(Fault fault) throws Exception {
        open(fault);
        atEachRequest(fault, 2, value -> {
            Throwable refusal =
                    catchThrowable(() -> assertThat(pay(engine, value)).isEqualTo("receipt-1"));
            if (refusal != null) {
                requireRefusedInDoubt(value, refusal, fault);
            }
            passThrough();
            if (refusal == null) {
                assertThat(pay(otherEngine, value)).isEqualTo("receipt-1");
            } else {
                requireAnsweredOrInProgress(value);
            }
            elapse(LEASE);
            assertThat(pay(otherEngine, value)).isEqualTo("receipt-1");
            assertThat(runs).hasValue(1);
        });
    }

    @ParameterizedTest
    @EnumSource
    void aCallThatFailsAndMeetsAFaultAtAnyRequestFreesItsKey(Fault fault) throws Exception {
        open(fault);
        atEachRequest(fault, 2, value -> {
            Throwable failure = catchThrowable(() -> decline(value));
            boolean declined = failure instanceof Declined;
            if (!declined) {
                requireRefusedInDoubt(value, failure, fault);
            }
            passThrough();
            if (declined && fault != Fault.LATE_REQUEST) {
                assertThat(pay(otherEngine, value)).isEqualTo("receipt-2");
            } else {
                // A claim that arrives when its call is over holds the key for nobody.
                requireAnsweredOrInProgress(value);
            }
            elapse(LEASE);
            assertThat(pay(otherEngine, value)).isEqualTo(declined ? "receipt-2" : "receipt-1");
        });
    }

    @ParameterizedTest
    @EnumSource
    void aRenewalThatMeetsAFaultAtAnyRequestIsGrantedOrCanBeMadeAgain(Fault fault) throws Exception {
        open(fault);
        for (int claims = 1; claims <= 2; claims++) {
            int several = claims;
            atEachRequest(fault, 1, value -> {
                List<Claim> held = Stream.of(value, newValue())
                        .limit(several)
                        .map(next -> claimed(otherNode(), next))
                        .toList();
                try {
                    assertThat(store.renew(held, LEASE).renewed()).containsExactlyInAnyOrderElementsOf(held);
                } catch (IdempotencyStoreException inDoubt) {
                    assertThat(inDoubt.key()).isNull();
                }
                passThrough();
                assertThat(otherNode().renew(held, LEASE).renewed()).containsExactlyInAnyOrderElementsOf(held);
                for (Claim claim : held) {
                    assertThat(otherNode().complete(claim, receipt("renewed"), RETENTION))
                            .isTrue();
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void aStepThatMeetsAFaultAtAnyRequestIsRecordedOrCanBeRecordedAgain(Fault fault) throws Exception {
        open(fault);
        atEachRequest(fault, 1, value -> {
            Claim claim = claimed(otherNode(), value);
            RecordedStep step = new RecordedStep("reserve", receipt("reservation"));
            Throwable refusal = catchThrowable(
                    () -> assertThat(store.recordStep(claim, step)).isTrue());
            if (refusal != null) {
                assertThat(refusal)
                        .isInstanceOfSatisfying(
                                IdempotencyStoreException.class,
                                inDoubt -> assertThat(inDoubt.key()).isEqualTo(claim.key()));
            }
            passThrough();
            List<RecordedStep> recorded = otherNode().findSteps(claim.key());
            assertThat(recorded).isEqualTo(refusal == null || !recorded.isEmpty() ? List.of(step) : List.of());
            assertThat(otherNode().recordStep(claim, step)).isTrue();
            assertThat(otherNode().findSteps(claim.key())).containsExactly(step);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"LATE_REQUEST", "LATE_ANSWER"})
    void whatIsLateButInTimeIsAsIfNothingWas(Fault fault) throws Exception {
        open(PATIENCE);
        atEachRequest(fault, 2, value -> {
            proxy.lateBy(Duration.ofMillis(100));
            assertThat(pay(engine, value)).isEqualTo("receipt-1");
            passThrough();
            assertThat(pay(otherEngine, value)).isEqualTo("receipt-1");
        });
        atEachRequest(fault, 2, value -> {
            proxy.lateBy(Duration.ofMillis(100));
            assertThatExceptionOfType(Declined.class)
                    .isThrownBy(() -> decline(value))
                    .satisfies(declined -> assertThat(declined.getSuppressed()).isEmpty());
            passThrough();
            assertThat(pay(otherEngine, value)).isEqualTo("receipt-2");
        });
    }

    // what arrives after its time

    @Test
    void aCompletionThatArrivesWhenItsClaimWasTakenOverChangesNothing() {
        open(IMPATIENCE);
        IdempotencyStore other = otherNode();
        String value = newValue();
        Claim first = claimed(other, value);
        awaitConnections();
        proxy.atRequest(1, Fault.LATE_REQUEST);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> store.complete(first, receipt("of the first"), RETENTION))
                .satisfies(inDoubt -> assertThat(inDoubt.key()).isEqualTo(first.key()));
        assertThat(other.abandon(first)).isTrue();
        Claim second = claimed(other, value);

        passThrough();

        assertThat(other.complete(second, receipt("of the second"), RETENTION)).isTrue();
        assertThat(other.find(second.key()).outcome()).isEqualTo(receipt("of the second"));
    }

    // words

    private interface Call {
        void with(String value) throws Exception;
    }

    /**
     * Makes a call with a fault at its first request, another with one at its second, and so on until one has no such.
     */
    private void atEachRequest(Fault fault, int requestsAtLeast, Call call) throws Exception {
        exhausted = false;
        for (int request = 1; !exhausted; request++) {
            runs.set(0);
            awaitConnections();
            proxy.atRequest(request, fault);
            try {
                call.with(newValue());
            } catch (Throwable failure) {
                throw new AssertionError(fault + " at request " + request + ": " + failure.getMessage(), failure);
            }
            if (exhausted) {
                assertThat(request).as("a request that a call has not").isGreaterThan(requestsAtLeast);
            }
        }
    }

    /** The network is whole again, and nothing is late any more. */
    private void passThrough() {
        exhausted = proxy.isArmed();
        proxy.passThrough();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2)).until(() -> !proxy.isLate());
    }

    private String pay(IdempotencyEngine engine, String value) throws Exception {
        return engine.execute(PAY, value, Fingerprint.none(), () -> "receipt-" + runs.incrementAndGet());
    }

    private void decline(String value) throws Exception {
        var unused = engine.execute(PAY, value, Fingerprint.none(), () -> {
            runs.incrementAndGet();
            throw new Declined();
        });
    }

    private static final class Declined extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A connection that breaks is no reason to refuse: the claim is asked for once more. */
    private void requireRefusedInDoubt(String value, Throwable refusal, Fault fault) {
        assertThat(refusal)
                .isInstanceOfSatisfying(
                        IdempotencyStoreException.class,
                        inDoubt -> assertThat(inDoubt.key()).isEqualTo(IdempotencyKey.of("pay", value)));
        assertThat(fault.isSilent()).as("%s", refusal).isTrue();
        assertThat(runs).hasValue(0);
    }

    private void requireAnsweredOrInProgress(String value) throws Exception {
        try {
            assertThat(pay(otherEngine, value)).isEqualTo("receipt-" + runs);
        } catch (IdempotencyInProgressException held) {
            assertThat(held.leaseRemaining()).isLessThanOrEqualTo(LEASE);
        }
    }

    private static String newValue() {
        return UUID.randomUUID().toString();
    }

    private static Claim claimed(IdempotencyStore store, String value) {
        return ((ClaimResult.Claimed) store.claim(new ClaimRequest(
                        IdempotencyKey.of("pay", value), UUID.randomUUID(), Fingerprint.none(), LEASE, true)))
                .claim();
    }

    private static RecordedOutcome receipt(String text) {
        return new RecordedOutcome.Encoded(
                RecordedOutcome.Encoded.Kind.VALUE, ('"' + text + '"').getBytes(StandardCharsets.UTF_8));
    }
}
