package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Reconciliation;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that finish an abandoned execution without its caller. */
final class RecoveredCallTest {

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .recordFailures(List.of(IllegalStateException.class))
            .whenStoreFails(WhenStoreFails.RUN)
            .build();
    private static final IdempotencyKey KEY = PAY.key("4711");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final List<@Nullable RecordedRequest> requests = new ArrayList<>();
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = IdempotencyEngine.builder(new ForwardingIdempotencyStore(store) {
                @Override
                public ClaimResult claim(ClaimRequest request) {
                    requests.add(request.request());
                    return super.claim(request);
                }
            })
            .ticker(ticker)
            .listener(events)
            .errorHandler(events)
            .build();

    @AfterEach
    void close() {
        engine.close();
    }

    /** What is called: {@code recovers} is the record that is to be finished. */
    private record Work(
            IdempotentWork<String> body,
            @Nullable RecordedRequest request,
            @Nullable IdempotencyRecord recovers,
            @Nullable EnclosingTransaction enclosingTransaction)
            implements IdempotentWork<String> {

        @Override
        public String run(Execution execution) throws Throwable {
            return body.run(execution);
        }
    }

    private enum Way {
        BLOCKING {
            @Override
            String call(IdempotencyEngine engine, Work work) throws Throwable {
                return engine.execute(PAY, KEY, Fingerprint.none(), work);
            }
        },
        WITHOUT_A_THREAD {
            @Override
            String call(IdempotencyEngine engine, Work work) throws Throwable {
                try {
                    return engine.executeAsync(PAY, KEY, Fingerprint.none(), new StageWork<>() {
                                @Override
                                public CompletionStage<String> begin(Execution execution) throws Throwable {
                                    return CompletableFuture.completedFuture(work.run(execution));
                                }

                                @Override
                                public Reconciliation<String> reconcile(Execution execution) throws Throwable {
                                    return work.reconcile(execution);
                                }

                                @Override
                                public @Nullable RecordedRequest request() {
                                    return work.request();
                                }

                                @Override
                                public @Nullable IdempotencyRecord recovers() {
                                    return work.recovers();
                                }
                            })
                            .future()
                            .get();
                } catch (ExecutionException failed) {
                    throw failed.getCause();
                }
            }
        };

        abstract String call(IdempotencyEngine engine, Work work) throws Throwable;
    }

    private static Work recovering(IdempotencyRecord seen, IdempotentWork<String> body) {
        return new Work(body, null, seen, null);
    }

    private IdempotencyRecord abandoned() {
        OpenExecution<String> open = opened();
        open.abandon();
        events.forget();
        return seen();
    }

    @SuppressWarnings("unchecked")
    private OpenExecution<String> opened() {
        try {
            return (OpenExecution<String>)
                    engine.open(PAY, KEY, Fingerprint.none(), execution -> Reconciliation.unknown());
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private IdempotencyRecord seen() {
        return Objects.requireNonNull(store.find(KEY));
    }

    @ParameterizedTest
    @EnumSource
    void takesOverTheRecordThatWasSeen(Way way) throws Throwable {
        IdempotencyRecord seen = abandoned();

        String result = way.call(
                engine,
                recovering(
                        seen,
                        execution -> execution.recovered() + ", take-over " + execution.takeovers() + ", "
                                + (execution.fencingToken() > seen.fencingToken())));

        assertThat(result).isEqualTo("true, take-over 1, true");
        assertThat(events.names()).containsExactly("claimed", "completed");
        assertThat(seen().outcome()).isNotNull();
    }

    @ParameterizedTest
    @EnumSource
    void replaysWhatWasRecordedMeanwhile(Way way) throws Throwable {
        IdempotencyRecord seen = abandoned();
        opened().complete("paid");

        assertThat(way.call(engine, recovering(seen, execution -> "again"))).isEqualTo("paid");
    }

    @ParameterizedTest
    @EnumSource
    void isRefusedIfTheRecordIsAnotherByNow(Way way) {
        IdempotencyRecord seen = abandoned();
        OpenExecution<String> another = opened();

        assertThat(catchThrowable(() -> way.call(engine, recovering(seen, execution -> "again"))))
                .isInstanceOf(IdempotencyClaimLostException.class);
        another.abandon();
        assertThat(catchThrowable(() -> way.call(engine, recovering(seen, execution -> "again"))))
                .isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(seen().isAbandoned()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void doesNotClaimAKeyThatIsFreeByNow(Way way) {
        IdempotencyRecord seen = abandoned();
        opened().release(null);

        assertThat(catchThrowable(() -> way.call(engine, recovering(seen, execution -> "again"))))
                .isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(store.find(KEY)).isNull();
    }

    @ParameterizedTest
    @EnumSource
    void abandonsInPlaceOfReleasingAndRecordsWhatIsFinal(Way way) {
        IOException failure = new IOException("not now");
        IdempotencyRecord seen = abandoned();

        assertThat(catchThrowable(() -> way.call(engine, recovering(seen, execution -> {
                    throw failure;
                }))))
                .isSameAs(failure);
        assertThat(events.names()).containsExactly("claimed", "abandoned");
        assertThat(seen().isAbandoned()).isTrue();
        assertThat(seen().takeovers()).isEqualTo(1);

        IllegalStateException last = new IllegalStateException("never");
        assertThat(catchThrowable(() -> way.call(engine, recovering(seen(), execution -> {
                    throw last;
                }))))
                .isSameAs(last);
        assertThat(seen().outcome()).isNotNull();
    }

    @ParameterizedTest
    @EnumSource
    void abandonsInPlaceOfReleasingIfItsResultIsNotToBeRecordedOrItWasRolledBack(Way way) throws Throwable {
        for (boolean rolledBack : List.of(true, false)) {
            IdempotencyRecord seen = abandoned();
            String result = way == Way.BLOCKING
                    ? engine.execute(PAY, KEY, Fingerprint.none(), new IdempotentWork<>() {
                        @Override
                        public String run(Execution execution) {
                            return "not yet";
                        }

                        @Override
                        public boolean releases(String value) {
                            return !rolledBack;
                        }

                        @Override
                        public Remains remains() {
                            return rolledBack ? Remains.NOTHING : Remains.ALL;
                        }

                        @Override
                        public IdempotencyRecord recovers() {
                            return seen;
                        }
                    })
                    : engine.executeAsync(PAY, KEY, Fingerprint.none(), new StageWork<String>() {
                                @Override
                                public CompletionStage<String> begin(Execution execution) {
                                    return CompletableFuture.completedFuture("not yet");
                                }

                                @Override
                                public boolean releases(String value) {
                                    return true;
                                }

                                @Override
                                public IdempotencyRecord recovers() {
                                    return seen;
                                }
                            })
                            .future()
                            .get();

            assertThat(result).isEqualTo("not yet");
            assertThat(events.names()).containsExactly("claimed", "abandoned");
            assertThat(seen().isAbandoned()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void staysAbandonedIfItDoesNotBegin(Way way) {
        IdempotencyRecord seen = abandoned();
        store.meet(Request.CLAIM, made -> {
            Object answer = made.get();
            ticker.elapse(PAY.lease());
            return answer;
        });

        Throwable refusal = catchThrowable(() -> way.call(engine, recovering(seen, execution -> "too late")));

        assertThat(refusal).isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(seen().isAbandoned()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void isNeverUnprotected(Way way) {
        IdempotencyRecord seen = abandoned();
        store.fail(Request.CLAIM);

        assertThat(catchThrowable(() -> way.call(engine, recovering(seen, execution -> "again"))))
                .isInstanceOf(IdempotencyStoreException.class);
        assertThat(events.names()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void theStoreIsHandedWhatACallAsksFor(Way way) throws Throwable {
        RecordedRequest request = new RecordedRequest("12.50".getBytes(StandardCharsets.UTF_8));

        assertThat(way.call(engine, new Work(execution -> "paid", request, null, null)))
                .isEqualTo("paid");

        assertThat(requests).containsExactly(request);
    }

    @ParameterizedTest
    @EnumSource(names = "BLOCKING")
    void whatIsPartOfATransactionAsksForNothingThatOthersCouldFinish(Way way) throws Throwable {
        RecordedRequest request = new RecordedRequest(new byte[] {1});
        EnclosingTransaction transaction = new EnclosingTransaction() {
            @Override
            public void enlist(PendingEnding ending) {
                ending.committed();
            }

            @Override
            public void flush() {}

            @Override
            public boolean isRollbackOnly() {
                return false;
            }
        };

        assertThat(way.call(engine, new Work(execution -> "paid", request, null, transaction)))
                .isEqualTo("paid");

        assertThat(requests).hasSize(1).containsOnlyNulls();
    }
}
