package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RedactedException;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeCodecException;
import io.idempotent.codec.OutcomeType;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ReplayTest {

    private static final Operation<String> PAY =
            Operation.builder("payment-service-pay", String.class).build();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(new ReferenceOutcomeCodec());
    private final AtomicInteger runs = new AtomicInteger();

    private IdempotencyEngine engine(OutcomeCodec codec) {
        return IdempotencyEngine.builder(store)
                .codec(codec)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .build();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private <T extends @Nullable Object> T call(Operation<T> operation, T produced) throws Exception {
        return engine.execute(operation, "4711", Fingerprint.none(), () -> {
            runs.incrementAndGet();
            return produced;
        });
    }

    private Throwable fail(Operation<?> operation, Throwable failure) {
        return catchThrowable(() -> engine.execute(operation, operation.key("4711"), Fingerprint.none(), execution -> {
            runs.incrementAndGet();
            throw failure;
        }));
    }

    // replay

    @Test
    void aValueIsReplayedAndTheOperationDoesNotRunAgain() throws Exception {
        assertThat(call(PAY, "receipt 1")).isEqualTo("receipt 1");
        assertThat(call(PAY, "receipt 2")).isEqualTo("receipt 1");

        assertThat(runs).hasValue(1);
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aReplayTellsTheTraceOfTheCallThatRan() throws Exception {
        List<@Nullable String> told = new ArrayList<>();
        AtomicReference<@Nullable String> trace = new AtomicReference<>("0af7651916cd43dd8448eb211c80319c");
        try (IdempotencyEngine traced = IdempotencyEngine.builder(store)
                .codec(new ReferenceOutcomeCodec())
                .ticker(ticker)
                .traceId(trace::get)
                .listener(new IdempotencyListener() {
                    @Override
                    public void replayed(IdempotencyKey key, @Nullable String traceId) {
                        told.add(traceId);
                    }
                })
                .build()) {
            traced.execute(PAY, "4711", Fingerprint.none(), () -> "receipt");
            trace.set("ffffffffffffffffffffffffffffffff");
            traced.execute(PAY, "4711", Fingerprint.none(), () -> "another");

            trace.set(null);
            traced.execute(PAY, "4712", Fingerprint.none(), () -> "receipt");
            traced.execute(PAY, "4712", Fingerprint.none(), () -> "another");
        }
        assertThat(told).containsExactly("0af7651916cd43dd8448eb211c80319c", null);
    }

    @Test
    void aTraceThatIsNoneOrCannotBeToldBreaksNoCall() throws Exception {
        List<String> problems = new ArrayList<>();
        AtomicReference<@Nullable String> trace = new AtomicReference<>("not a trace");
        try (IdempotencyEngine traced = IdempotencyEngine.builder(store)
                .codec(new ReferenceOutcomeCodec())
                .ticker(ticker)
                .traceId(() -> Objects.requireNonNull(trace.get()))
                .errorHandler((message, failure) -> problems.add(message))
                .build()) {
            assertThat(traced.execute(PAY, "4711", Fingerprint.none(), () -> "receipt"))
                    .isEqualTo("receipt");
            assertThat(problems).isEmpty();

            trace.set(null);
            assertThat(traced.execute(PAY, "4712", Fingerprint.none(), () -> "receipt"))
                    .isEqualTo("receipt");
        }
        assertThat(problems).containsExactly("The current trace is not known; the call is not affected");
        assertThat(Objects.requireNonNull(store.find(PAY.key("4711"))).traceId())
                .isNull();
    }

    @Test
    void aReplayGivesTheVeryObjectOfTheFirstCall() throws Exception {
        Operation<List<String>> list =
                Operation.<List<String>>builder("list", (Type) List.class).build();
        List<String> first = List.of("a");
        assertThat(call(list, first)).isSameAs(first);
        assertThat(call(list, List.of("b"))).isSameAs(first);
    }

    @Test
    void nullIsReplayedAsNull() throws Exception {
        Operation<@Nullable String> find =
                Operation.<@Nullable String>builder("find", (Type) String.class).build();
        assertThat(call(find, null)).isNull();
        assertThat(call(find, "something")).isNull();
        assertThat(runs).hasValue(1);
    }

    @Test
    void voidIsReplayedAsNothing() throws Exception {
        Operation<@Nullable Object> ship =
                Operation.<@Nullable Object>builder("ship", (Type) void.class).build();
        assertThat(call(ship, null)).isNull();
        assertThat(call(ship, null)).isNull();
        assertThat(runs).hasValue(1);
    }

    @Test
    void anOptionalIsReplayedFullAndEmpty() throws Exception {
        Operation<Optional<String>> find = Operation.<Optional<String>>builder("find", (Type) Optional.class)
                .build();
        Operation<Optional<String>> other = Operation.<Optional<String>>builder("other", (Type) Optional.class)
                .build();
        call(find, Optional.of("a"));
        call(other, Optional.empty());
        assertThat(call(find, Optional.empty())).contains("a");
        assertThat(call(other, Optional.of("b"))).isEmpty();
        assertThat(runs).hasValue(2);
    }

    @Test
    void aPrimitiveIsReplayed() throws Exception {
        Operation<Long> count =
                Operation.<Long>builder("count", (Type) long.class).build();
        assertThat(call(count, 42L)).isEqualTo(42L);
        assertThat(call(count, 43L)).isEqualTo(42L);
        assertThat(runs).hasValue(1);
    }

    @Test
    void anOutcomeIsKeptForTheRetentionAndNotLonger() throws Exception {
        Operation<String> brief = Operation.builder("brief", String.class)
                .retention(Duration.ofMinutes(5))
                .build();
        call(brief, "first");
        ticker.elapse(Duration.ofMinutes(5).minusNanos(1));
        assertThat(call(brief, "second")).isEqualTo("first");
        ticker.elapse(Duration.ofNanos(1));
        assertThat(call(brief, "third")).isEqualTo("third");
        assertThat(runs).hasValue(2);
    }

    @Test
    void otherKeysScopesAndOperationsRunOnTheirOwn() throws Throwable {
        List<IdempotencyKey> keys = List.of(
                new IdempotencyKey("pay", "", "1"),
                new IdempotencyKey("pay", "", "2"),
                new IdempotencyKey("pay", "acme", "1"),
                new IdempotencyKey("refund", "", "1"));
        for (int round = 0; round < 2; round++) {
            for (IdempotencyKey key : keys) {
                assertThat(engine.execute(PAY, key, Fingerprint.none(), execution -> {
                            runs.incrementAndGet();
                            return key.toString();
                        }))
                        .isEqualTo(key.toString());
            }
        }
        assertThat(runs).hasValue(4);
    }

    // failures

    @Test
    void aFailureThatIsDeclaredFinalIsRecordedAndReplayed() {
        Operation<String> operation = Operation.builder("pay", String.class)
                .recordFailures(List.of(IOException.class))
                .build();
        IOException declined = new IOException("declined");
        assertThat(fail(operation, declined)).isSameAs(declined);
        assertThat(fail(operation, new IOException("another"))).isSameAs(declined);

        assertThat(runs).hasValue(1);
        assertThat(declined).hasNoSuppressedExceptions();
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
        assertThat(events.all().get(1).detail()).isEqualTo(new Outcome.Failure(declined));
    }

    @Test
    void aSubtypeOfAFailureThatIsDeclaredFinalIsRecordedToo() {
        Operation<String> operation = Operation.builder("pay", String.class)
                .recordFailures(List.of(IOException.class))
                .build();
        FileNotFoundException missing = new FileNotFoundException("missing");
        assertThat(fail(operation, missing)).isSameAs(missing);
        assertThat(fail(operation, new IOException("another"))).isSameAs(missing);
        assertThat(runs).hasValue(1);
    }

    @Test
    void aFailureThatIsNotDeclaredReleasesTheKey() throws Exception {
        Operation<String> operation = Operation.builder("payment-service-pay", String.class)
                .recordFailures(List.of(FileNotFoundException.class))
                .build();
        IOException timeout = new IOException("a supertype of the declared one");
        assertThat(fail(operation, timeout)).isSameAs(timeout);
        assertThat(timeout).hasNoSuppressedExceptions();
        assertThat(store.find(operation.key("4711"))).isNull();

        assertThat(call(operation, "receipt")).isEqualTo("receipt");
        assertThat(runs).hasValue(2);
        assertThat(events.names()).containsExactly("claimed", "released", "claimed", "completed");
        assertThat(events.all().get(1).detail()).isSameAs(timeout);
    }

    @Test
    void anErrorReleasesTheKeyAndPropagates() throws Exception {
        AssertionError error = new AssertionError("a bug");
        assertThat(fail(PAY, error)).isSameAs(error);
        assertThat(call(PAY, "receipt")).isEqualTo("receipt");
        assertThat(runs).hasValue(2);
    }

    @Test
    void aThrowableThatIsNeitherExceptionNorErrorPropagatesAsItIs() {
        Throwable odd = new Throwable("odd");
        assertThat(fail(PAY, odd)).isSameAs(odd);
        assertThat(store.find(PAY.key("4711"))).isNull();
    }

    // results that are not recorded

    private IdempotentWork<String> releasing(String value, @Nullable Throwable failure) {
        return new IdempotentWork<>() {
            @Override
            public String run(Execution execution) {
                runs.incrementAndGet();
                return value;
            }

            @Override
            public boolean releases(String result) {
                assertThat(result).isEqualTo(value);
                if (failure != null) {
                    throw Sneaky.raise(failure);
                }
                return true;
            }
        };
    }

    @Test
    void aResultThatIsNotToBeRecordedReleasesTheKey() throws Throwable {
        assertThat(engine.execute(PAY, PAY.key("4711"), Fingerprint.none(), releasing("pending", null)))
                .isEqualTo("pending");
        assertThat(store.find(PAY.key("4711"))).isNull();
        assertThat(call(PAY, "done")).isEqualTo("done");
        assertThat(runs).hasValue(2);
        assertThat(events.names()).containsExactly("claimed", "released", "claimed", "completed");
        assertThat(events.all().get(1).detail()).isNull();
    }

    @Test
    void whereItCannotBeToldWhetherToRecordAResultItIsRecorded() throws Throwable {
        assertRecordedInSpiteOf(new IllegalStateException("#result has no such property"));
    }

    @Test
    void anErrorInTellingWhetherToRecordAResultDoesNotKeepItFromBeingRecorded() throws Throwable {
        assertRecordedInSpiteOf(new NoClassDefFoundError("Receipt"));
    }

    private void assertRecordedInSpiteOf(Throwable failure) throws Throwable {
        assertThat(engine.execute(PAY, PAY.key("4711"), Fingerprint.none(), releasing("receipt", failure)))
                .isEqualTo("receipt");
        assertThat(call(PAY, "another")).isEqualTo("receipt");
        assertThat(runs).hasValue(1);
        assertThat(events.errors()).singleElement().satisfies(error -> {
            assertThat(error.failure())
                    .isInstanceOf(RedactedException.class)
                    .hasMessageStartingWith(failure.getClass().getName())
                    .hasStackTraceContaining("ReplayTest");
            assertThat(error.failure().getMessage()).doesNotContain(String.valueOf(failure.getMessage()));
            assertThat(error.message()).contains("'payment-service-pay:4711'").doesNotContain("receipt");
        });
    }

    @Test
    void whatThisLibrarySaysOfACallInsideIsNeverFinalWhateverIsDeclared() throws Exception {
        Operation<String> outer = Operation.builder("outer", String.class)
                .recordFailures(List.of(RuntimeException.class))
                .build();
        IdempotencyKeyReusedException inner = new IdempotencyKeyReusedException(PAY.key("4711"));
        assertThat(catchThrowable(() -> engine.execute(outer, "o", Fingerprint.none(), () -> {
                    throw inner;
                })))
                .isSameAs(inner);
        assertThat(engine.execute(outer, "o", Fingerprint.none(), () -> "done")).isEqualTo("done");
    }

    // the key is used for something else

    private String pay(Fingerprint fingerprint) throws Exception {
        return engine.execute(PAY, "4711", fingerprint, () -> "receipt " + runs.incrementAndGet());
    }

    @Test
    void aCompletedKeyIsRefusedToARequestThatSaysSomethingElse() throws Exception {
        pay(Fingerprint.ofContent("12.50"));
        IdempotencyRecord before = store.find(PAY.key("4711"));
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> pay(Fingerprint.ofContent("13.50")))
                .withMessage(
                        "Idempotency key 'payment-service-pay:4711' has been used for a request with other content;"
                                + " nothing was run: use a new key for a new request, or repeat the first request"
                                + " unchanged")
                .satisfies(refusal -> {
                    assertThat(refusal.key()).isEqualTo(PAY.key("4711"));
                    assertThat(events.named("refused"))
                            .singleElement()
                            .satisfies(event -> assertThat(event.detail()).isSameAs(refusal));
                });
        assertThat(store.find(PAY.key("4711"))).isEqualTo(before);
        assertThat(pay(Fingerprint.ofContent("12.50"))).isEqualTo("receipt 1");
        assertThat(runs).hasValue(1);
    }

    @Test
    void aKeyInProgressIsRefusedToARequestThatSaysSomethingElse() throws Throwable {
        Operation<String> waits = Operation.builder("payment-service-pay", String.class)
                .waitAtMost(Duration.ofHours(1))
                .build();
        try (Callers callers = new Callers()) {
            Callers.Gate gate = new Callers.Gate();
            var first = callers.call(
                    () -> engine.execute(PAY, "4711", Fingerprint.ofContent("12.50"), () -> gate.pass("receipt")));
            gate.awaitEntered();
            for (Operation<String> operation : List.of(PAY, waits)) {
                assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                        .isThrownBy(
                                () -> engine.execute(operation, "4711", Fingerprint.ofContent("13.50"), () -> "never"));
            }
            gate.open();
            assertThat(Callers.get(first)).isEqualTo("receipt");
        }
    }

    @Test
    void anAbandonedKeyIsRefusedToARequestThatSaysSomethingElse() throws Exception {
        store.claim(new ClaimRequest(
                PAY.key("4711"), UUID.randomUUID(), Fingerprint.ofContent("12.50"), PAY.lease(), false));
        ticker.elapse(PAY.lease());
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> pay(Fingerprint.ofContent("13.50")));
        assertThat(runs).hasValue(0);
        assertThat(pay(Fingerprint.ofContent("12.50"))).isEqualTo("receipt 1");
    }

    @Test
    void aFingerprintThatSaysNothingContradictsNone() throws Exception {
        pay(Fingerprint.ofContent("12.50"));
        assertThat(pay(Fingerprint.none())).isEqualTo("receipt 1");

        engine.execute(PAY, "4712", Fingerprint.none(), () -> "other");
        assertThat(engine.execute(PAY, "4712", Fingerprint.ofContent("12.50"), () -> "never"))
                .isEqualTo("other");
        assertThat(runs).hasValue(1);
    }

    @Test
    void anAbandonedKeyIsTakenOverWhereEitherFingerprintSaysNothing() throws Exception {
        store.claim(new ClaimRequest(
                PAY.key("4711"), UUID.randomUUID(), Fingerprint.ofContent("12.50"), PAY.lease(), false));
        ticker.elapse(PAY.lease());
        assertThat(pay(Fingerprint.none())).isEqualTo("receipt 1");
    }

    // outcomes that cannot be kept, or read

    /** Keeps references, but fails where it is told to. */
    private static final class BrokenCodec implements OutcomeCodec {

        private final OutcomeCodec codec = new ReferenceOutcomeCodec();
        private @Nullable Throwable encoding;
        private @Nullable Throwable decoding;

        @Override
        public void check(OutcomeType type) {
            codec.check(type);
        }

        @Override
        public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
            if (encoding != null) {
                throw Sneaky.raise(encoding);
            }
            return codec.encode(outcome, type);
        }

        @Override
        public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
            if (decoding != null) {
                throw Sneaky.raise(decoding);
            }
            return codec.decode(recorded, type);
        }
    }

    private void assertNotReplayable(Throwable failure) throws Exception {
        BrokenCodec codec = new BrokenCodec();
        codec.encoding = failure;
        try (IdempotencyEngine broken = engine(codec)) {
            assertThat(broken.execute(PAY, "4711", Fingerprint.none(), () -> "receipt"))
                    .isEqualTo("receipt");
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> broken.execute(PAY, "4711", Fingerprint.none(), () -> "never"))
                    .withMessage("Idempotency key 'payment-service-pay:4711' is completed, but its outcome cannot be"
                            + " replayed: the codec failed with "
                            + failure.getClass().getName()
                            + "; the operation was not run again: read its result from where it left it")
                    .satisfies(refusal -> assertThat(refusal.key()).isEqualTo(PAY.key("4711")));
        }
        assertThat(events.names()).containsExactly("claimed", "notReplayable", "completed", "refused");
        assertThat(events.errors()).singleElement().satisfies(error -> {
            assertThat(error.failure())
                    .isInstanceOf(RedactedException.class)
                    .hasMessageStartingWith(failure.getClass().getName());
            assertThat(error.failure().getMessage()).doesNotContain("secret");
            assertThat(error.message()).contains("'payment-service-pay:4711'");
        });
        assertThat(store.find(PAY.key("4711")).outcome()).isInstanceOf(RecordedOutcome.NotReplayable.class);
    }

    @Test
    void whatCannotBeEncodedIsRecordedAsNotReplayableAndGivenToItsCaller() throws Exception {
        assertNotReplayable(new IllegalStateException("secret"));
    }

    @Test
    void whatMakesTheCodecFailWithAnErrorIsRecordedAsNotReplayable() throws Exception {
        assertNotReplayable(new NoClassDefFoundError("Receipt"));
    }

    @Test
    void whatRefersToItselfWithoutEndIsRecordedAsNotReplayable() throws Exception {
        assertNotReplayable(new StackOverflowError());
    }

    @Test
    void aFailureThatCannotBeEncodedIsThrownOnceAndNotRunAgain() {
        Operation<String> operation = Operation.builder("pay", String.class)
                .recordFailures(List.of(IOException.class))
                .build();
        BrokenCodec codec = new BrokenCodec();
        codec.encoding = new IllegalStateException("secret");
        try (IdempotencyEngine broken = engine(codec)) {
            IOException declined = new IOException("declined");
            assertThat(catchThrowable(() -> broken.execute(operation, "4711", Fingerprint.none(), () -> {
                        throw declined;
                    })))
                    .isSameAs(declined);
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> broken.execute(operation, "4711", Fingerprint.none(), () -> "never"));
        }
    }

    @Test
    void whatCannotBeDecodedIsRefusedAndNotRunAgain() throws Exception {
        OutcomeCodecException unreadable = new OutcomeCodecException("the class Receipt has changed", null);
        BrokenCodec codec = new BrokenCodec();
        try (IdempotencyEngine broken = engine(codec)) {
            broken.execute(PAY, "4711", Fingerprint.none(), () -> "receipt");
            codec.decoding = unreadable;
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> broken.execute(PAY, "4711", Fingerprint.none(), () -> "never"))
                    .withMessageContaining("the class Receipt has changed")
                    .withCause(unreadable);
        }
        assertThat(store.count(Request.COMPLETE)).isEqualTo(1);
    }

    @Test
    void whateverTheCodecThrowsWhenItDecodesIsARefusalThatShowsNothingOfTheOutcome() throws Exception {
        for (Throwable failure : List.of(new IllegalStateException("secret"), new NoClassDefFoundError("Receipt"))) {
            BrokenCodec codec = new BrokenCodec();
            try (IdempotencyEngine broken = engine(codec)) {
                broken.execute(PAY, "4711", Fingerprint.none(), () -> "receipt");
                codec.decoding = failure;
                assertThatExceptionOfType(IdempotencyOutcomeException.class)
                        .isThrownBy(() -> broken.execute(PAY, "4711", Fingerprint.none(), () -> "never"))
                        .withMessage(
                                "Idempotency key 'payment-service-pay:4711' is completed, but its outcome cannot be"
                                        + " replayed: the codec failed with "
                                        + failure.getClass().getName()
                                        + "; the operation was not run again: read its result from where it left it")
                        .withCauseInstanceOf(RedactedException.class)
                        .satisfies(refusal -> assertThat(refusal).hasStackTraceContaining("ReplayTest"))
                        .satisfies(refusal ->
                                assertThat(refusal.getCause().getMessage()).doesNotContain("secret"))
                        .satisfies(refusal -> assertThat(events.named("refused"))
                                .last()
                                .satisfies(event -> assertThat(event.detail()).isSameAs(refusal)));
            }
        }
    }

    @Test
    void anOutcomeOfAnotherKindOfCodecIsRefusedAndNotRunAgain() throws Exception {
        IdempotencyKey key = PAY.key("4711");
        ClaimResult.Claimed claimed = (ClaimResult.Claimed)
                store.claim(new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), PAY.lease(), false));
        store.complete(
                claimed.claim(),
                new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, new byte[] {1}),
                PAY.retention());
        assertThatExceptionOfType(IdempotencyOutcomeException.class)
                .isThrownBy(() -> call(PAY, "never"))
                .withMessageContaining("it was recorded as bytes, and this codec reads references only");
        assertThat(runs).hasValue(0);
    }
}
