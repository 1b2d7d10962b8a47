package io.idempotent.store.caffeine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import com.sun.management.ThreadMXBean;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded.Kind;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import io.idempotent.store.RandomHistory;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.ReferenceStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class CompletedRecordCacheTest extends IdempotencyStoreContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(24);
    private static final Duration TIME_TO_LIVE = Duration.ofHours(2);
    private static final Duration NANOSECOND = Duration.ofNanos(1);
    private static final Fingerprint PAYMENT = Fingerprint.ofDigest("1:payment");
    private static final RecordedOutcome RECEIPT = outcome("receipt");
    private static final RecordedOutcome OTHER_RECEIPT = outcome("other receipt");
    private static final IdempotencyKey KEY = key("4711");

    // Begins below zero, where a System.nanoTime may be, and passes zero.
    private final AtomicLong nanoseconds = new AtomicLong(-1_000_000);
    private final DistantStore distant = new DistantStore();
    private final CompletedRecordCache cache = cache(100_000);
    private final CompletedRecordCache otherNode = cache(100_000);

    private CompletedRecordCache cache(long maximumSize) {
        return CompletedRecordCache.builder(distant)
                .maximumSize(maximumSize)
                .timeToLive(TIME_TO_LIVE)
                .ticker(nanoseconds::get)
                .build();
    }

    /** A store behind a line: counts requests, and lets things happen before a request arrives and after its answer. */
    private static final class DistantStore extends ReferenceStore {

        private int requests;
        private Runnable before = () -> {};
        private Runnable after = () -> {};

        private <T extends @Nullable Object> T ask(Supplier<T> request) {
            requests++;
            Runnable first = before;
            before = () -> {};
            first.run();
            T answer = request.get();
            Runnable last = after;
            after = () -> {};
            last.run();
            return answer;
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            return ask(() -> super.claim(request));
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            return ask(() -> super.complete(claim, outcome, retention));
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            return ask(() -> super.find(key));
        }

        @Override
        public boolean forget(IdempotencyKey key, long expectedToken) {
            return ask(() -> super.forget(key, expectedToken));
        }
    }

    private static void fail() {
        throw new IdempotencyStoreException("The line is down", null, new IOException("connection reset"));
    }

    @Override
    protected IdempotencyStore store() {
        return cache;
    }

    @Override
    protected IdempotencyStore otherNode() {
        return otherNode;
    }

    @Override
    protected boolean keepsRequests() {
        return true;
    }

    @Override
    protected boolean answersNearby() {
        return true;
    }

    @Override
    protected void elapse(Duration time) {
        distant.elapse(time);
        nanoseconds.addAndGet(time.toNanos());
    }

    // what fills it

    @Test
    void aReplayCostsNoRequestAfterTheCompletionByThisNode() {
        completed(cache, RETENTION);
        int before = distant.requests;

        assertNearby(cache, PAYMENT, RECEIPT);

        assertThat(distant.requests).isEqualTo(before);
        assertThat(otherNode.findNearby(KEY)).isNull();
    }

    @Test
    void aReplayCostsNoRequestAfterTheFirstOfWhatAnotherNodeCompleted() {
        completed(otherNode, RETENTION);

        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);

        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void whatWasFoundCompletedIsNearby() {
        completed(otherNode, RETENTION);

        assertThat(cache.find(KEY)).isNotNull();

        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void thatAnOutcomeCannotBeReplayedIsNearbyToo() {
        RecordedOutcome notReplayable = new RecordedOutcome.NotReplayable("too large");
        assertThat(cache.complete(claim(cache), notReplayable, RETENTION)).isTrue();

        assertNearby(cache, PAYMENT, notReplayable);
    }

    @Test
    void aCompletionThatIsRefusedFillsNothing() {
        Claim stale = claim(cache);
        elapse(LEASE);
        claim(otherNode);

        assertThat(cache.complete(stale, RECEIPT, RETENTION)).isFalse();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void aCompletionWhoseAnswerWasLostFillsNothingAndNeitherDoesItsRepetition() {
        Claim claim = claim(cache);
        distant.after = CompletedRecordCacheTest::fail;
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> cache.complete(claim, RECEIPT, RETENTION));
        assertThat(cache.findNearby(KEY)).isNull();

        // The record is as old as the first, and says what that said.
        elapse(Duration.ofHours(1));
        assertThat(cache.complete(claim, OTHER_RECEIPT, RETENTION)).isTrue();
        assertThat(cache.findNearby(KEY)).isNull();

        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);
        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void aCompletionRepeatedWithAnotherOutcomeChangesNothing() {
        Claim claim = completed(cache, RETENTION);

        assertThat(cache.complete(claim, OTHER_RECEIPT, RETENTION.multipliedBy(2)))
                .isTrue();

        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void aTakeOverIsNearbyWithTheFingerprintOfTheFirstRequest() {
        expectClaimed(otherNode.claim(request(Fingerprint.none())));
        elapse(LEASE);
        Claim claim = claim(cache);
        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();
        assertThat(cache.findNearby(KEY)).isNull();

        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);

        assertNearby(cache, Fingerprint.none(), RECEIPT);
    }

    @Test
    void aClaimAskedForAgainBecauseItsAnswerWasLostIsNearbyOnceCompleted() {
        ClaimRequest request = request();
        distant.after = CompletedRecordCacheTest::fail;
        assertThatExceptionOfType(IdempotencyStoreException.class).isThrownBy(() -> cache.claim(request));

        Claim claim = expectClaimed(cache.claim(request)).claim();
        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();

        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void whatWasReleasedAndClaimedByAnotherNodeIsNearbyWithThatOnesFingerprint() {
        Claim released = claim(cache);
        assertThat(cache.release(released)).isTrue();
        Claim claim =
                expectClaimed(otherNode.claim(request(Fingerprint.none()))).claim();
        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();
        assertThat(cache.findNearby(KEY)).isNull();

        assertThat(cache.find(KEY)).isNotNull();

        assertNearby(cache, Fingerprint.none(), RECEIPT);
    }

    // time

    @Test
    void theTimeToLiveIsOverAtItsVeryNanosecond() {
        completed(cache, RETENTION);
        elapse(TIME_TO_LIVE.minus(NANOSECOND));
        assertNearby(cache, PAYMENT, RECEIPT);

        elapse(NANOSECOND);

        assertThat(cache.findNearby(KEY)).isNull();
        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);
        elapse(TIME_TO_LIVE.minus(NANOSECOND));
        assertNearby(cache, PAYMENT, RECEIPT);
        elapse(NANOSECOND);
        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void theRetentionOfWhatWasCompletedHereIsOverAtItsVeryNanosecond() {
        completed(cache, Duration.ofSeconds(1));
        elapse(Duration.ofSeconds(1).minus(NANOSECOND));
        assertNearby(cache, PAYMENT, RECEIPT);

        elapse(NANOSECOND);

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void whatIsLeftOfTheRetentionIsToldByTheOtherStoreAndCountedByTheTicker() {
        completed(otherNode, Duration.ofMinutes(60));
        distant.elapse(Duration.ofMinutes(40));
        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);

        nanoseconds.addAndGet(Duration.ofMinutes(20).toNanos() - 1);
        assertNearby(cache, PAYMENT, RECEIPT);
        nanoseconds.incrementAndGet();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void whatIsAskedAgainStaysAsLongAsTheLastAnswerSays() {
        completed(cache, Duration.ofMinutes(60));
        // The other store's clock is faster than the ticker.
        distant.elapse(Duration.ofMinutes(59));
        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);

        nanoseconds.addAndGet(Duration.ofMinutes(1).toNanos());

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void timeCountsFromBeforeTheRequest() {
        Duration way = Duration.ofMinutes(10);
        Claim claim = claim(cache);
        for (Runnable request : List.<Runnable>of(
                () -> cache.complete(claim, RECEIPT, RETENTION), () -> cache.claim(request()), () -> cache.find(KEY))) {
            distant.after = () -> elapse(way);
            request.run();
            elapse(TIME_TO_LIVE.minus(way).minus(NANOSECOND));
            assertNearby(cache, PAYMENT, RECEIPT);
            elapse(NANOSECOND);
            assertThat(cache.findNearby(KEY)).isNull();
        }
    }

    @Test
    void whatIsOverBeforeItsAnswerComesIsNotKept() {
        completed(otherNode, RETENTION);
        distant.after = () -> elapse(TIME_TO_LIVE);

        assertThat(cache.find(KEY)).isNotNull();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void timesOfMoreThan292YearsDoNotEnd() {
        Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
        CompletedRecordCache eternal = CompletedRecordCache.builder(distant)
                .timeToLive(forever)
                .ticker(nanoseconds::get)
                .build();
        completed(eternal, Duration.ofDays(365_000));
        nanoseconds.addAndGet(Duration.ofDays(30_000).toNanos());

        assertNearby(eternal, PAYMENT, RECEIPT);
    }

    // forgetting

    @Test
    void whatWasForgottenHereIsGoneAtOnce() {
        Claim claim = completed(cache, RETENTION);

        assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        assertThat(cache.findNearby(KEY)).isNull();
        completed(cache, RETENTION);
        assertNearby(cache, PAYMENT, RECEIPT);
    }

    @Test
    void anAnswerFromBeforeTheForgettingThatComesAfterItIsNotKept() {
        Claim claim = completed(otherNode, RETENTION);
        distant.after =
                () -> assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.Completed.class);

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void aRecordFoundBeforeItsForgettingThatComesAfterItIsNotKept() {
        Claim claim = completed(otherNode, RETENTION);
        distant.after =
                () -> assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        assertThat(cache.find(KEY)).isNotNull();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void aCompletionThatIsForgottenBeforeItsAnswerComesIsNotKept() {
        Claim claim = claim(cache);
        distant.after =
                () -> assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void whatIsAskedForWhileItIsBeingForgottenIsNotKept() {
        Claim claim = completed(cache, RETENTION);
        distant.before = () -> {
            assertThat(cache.findNearby(KEY)).as("gone at first").isNull();
            assertThat(cache.find(KEY)).isNotNull();
            assertNearby(cache, PAYMENT, RECEIPT);
        };

        assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void anAnswerFromWhileItIsBeingForgottenThatComesAfterItIsNotKept() throws Exception {
        Claim claim = completed(cache, RETENTION);
        CountDownLatch onItsWay = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        CountDownLatch forgotten = new CountDownLatch(1);
        distant.before = () -> {
            onItsWay.countDown();
            await(answered);
        };
        distant.after = () -> {
            answered.countDown();
            await(forgotten);
        };
        CompletableFuture<@Nullable IdempotencyRecord> found = CompletableFuture.supplyAsync(() -> {
            await(onItsWay);
            return cache.find(KEY);
        });

        assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();
        forgotten.countDown();

        assertThat(found.get(10, TimeUnit.SECONDS)).isNotNull();
        assertThat(cache.findNearby(KEY)).isNull();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Test
    void whatMayHaveBeenForgottenIsGoneToo() {
        Claim claim = completed(cache, RETENTION);
        distant.after = CompletedRecordCacheTest::fail;

        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> cache.forget(KEY, claim.fencingToken()));

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void thatAnotherNodeForgotGoesUnseenForTheTimeToLiveAtMost() {
        Claim claim = completed(cache, RETENTION);
        assertThat(otherNode.forget(KEY, claim.fencingToken())).isTrue();
        assertNearby(cache, PAYMENT, RECEIPT);

        elapse(TIME_TO_LIVE);

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void thatAnotherNodeForgotIsSeenWhenThisOneAsks() {
        Claim claim = completed(cache, RETENTION);
        assertThat(otherNode.forget(KEY, claim.fencingToken())).isTrue();
        assertThat(cache.find(KEY)).isNull();
        assertThat(cache.findNearby(KEY)).isNull();

        Claim again = completed(cache, RETENTION);
        assertThat(otherNode.forget(KEY, again.fencingToken())).isTrue();
        claim(otherNode);
        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void thatAnotherNodeForgotAndClaimedIsSeenWhenThisOneFindsIt() {
        Claim claim = completed(cache, RETENTION);
        assertThat(otherNode.forget(KEY, claim.fencingToken())).isTrue();
        claim(otherNode);

        assertThat(cache.find(KEY)).isNotNull();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void aClaimThatRunsIsNotedWhateverOthersAreToldOfIt() {
        Claim claim = claim(cache);
        assertThat(cache.claim(request())).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(cache.find(KEY)).isNotNull();

        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();

        assertNearby(cache, PAYMENT, RECEIPT);
    }

    // histories

    @Test
    void whateverHappensHereNearbyIsWhatTheOtherStoreHas() {
        for (long seed = 0; seed < 100; seed++) {
            DistantStore another = new DistantStore();
            CompletedRecordCache only = CompletedRecordCache.builder(another)
                    .timeToLive(TIME_TO_LIVE)
                    .ticker(nanoseconds::get)
                    .build();
            Compared compared = new Compared(only, another);
            RandomHistory.check(seed, 200, () -> compared, time -> {
                another.elapse(time);
                nanoseconds.addAndGet(time.toNanos());
            });
            assertThat(compared.hits).as("hits of seed %s", seed).isPositive();
        }
    }

    /** Compares what is nearby with what is found, after every request. */
    private static final class Compared extends ForwardingIdempotencyStore {

        private final CompletedRecordCache near;
        private final IdempotencyStore distant;
        private int hits;

        Compared(CompletedRecordCache near, IdempotencyStore distant) {
            super(near);
            this.near = near;
            this.distant = distant;
        }

        private <T extends @Nullable Object> T compared(IdempotencyKey key, Supplier<T> request) {
            compare(key);
            T answer = request.get();
            compare(key);
            return answer;
        }

        private void compare(IdempotencyKey key) {
            NearbyOutcome nearby = near.findNearby(key);
            if (nearby != null) {
                hits++;
                IdempotencyRecord record = distant.find(key);
                assertThat(record).isNotNull();
                assertThat(nearby.outcome()).isEqualTo(record.outcome());
                assertThat(nearby.fingerprint()).isEqualTo(record.fingerprint());
            }
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            return compared(request.key(), () -> super.claim(request));
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            return compared(claim.key(), () -> super.complete(claim, outcome, retention));
        }

        @Override
        public boolean recordStep(Claim claim, RecordedStep step) {
            return compared(claim.key(), () -> super.recordStep(claim, step));
        }

        @Override
        public boolean release(Claim claim, Duration stepRetention) {
            return compared(claim.key(), () -> super.release(claim, stepRetention));
        }

        @Override
        public List<RecordedStep> findSteps(IdempotencyKey key) {
            return compared(key, () -> super.findSteps(key));
        }

        @Override
        public ClaimResult.@Nullable Claimed takeOver(
                IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
            return compared(key, () -> super.takeOver(key, expectedToken, claimId, lease));
        }

        @Override
        public boolean release(Claim claim) {
            return compared(claim.key(), () -> super.release(claim));
        }

        @Override
        public boolean abandon(Claim claim) {
            return compared(claim.key(), () -> super.abandon(claim));
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            return compared(key, () -> super.find(key));
        }

        @Override
        public boolean forget(IdempotencyKey key, long expectedToken) {
            return compared(key, () -> super.forget(key, expectedToken));
        }
    }

    // size and speed

    @Test
    void noMoreThanTheMaximumSizeAreKept() {
        CompletedRecordCache small = cache(10);
        for (int number = 0; number < 1_000; number++) {
            Claim claim = expectClaimed(small.claim(request(key("k" + number), PAYMENT)))
                    .claim();
            assertThat(small.complete(claim, RECEIPT, RETENTION)).isTrue();
        }

        assertThat(IntStream.range(0, 1_000)
                        .filter(number -> small.findNearby(key("k" + number)) != null)
                        .count())
                .isBetween(1L, 10L);
    }

    @Test
    void theRecordsThatAreKeptWeighNoMoreThanTheMaximumWeight() {
        CompletedRecordCache light = CompletedRecordCache.builder(distant)
                .ticker(nanoseconds::get)
                .maximumSize(1_000)
                .maximumWeight(1_000_000)
                .build();
        RecordedOutcome large = new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, new byte[90_000]);
        for (int number = 0; number < 1_000; number++) {
            Claim claim = expectClaimed(light.claim(request(key("k" + number), PAYMENT)))
                    .claim();
            assertThat(light.complete(claim, large, RETENTION)).isTrue();
        }

        assertThat(IntStream.range(0, 1_000)
                        .filter(number -> light.findNearby(key("k" + number)) != null)
                        .count())
                .isBetween(1L, 11L);
    }

    @Test
    void whatAClaimSaidIsGoneWithTheClaimThatIsAbandoned() {
        Claim claim = claim(cache);
        assertThat(cache.abandon(claim)).isTrue();

        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();

        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void whatAClaimSaidIsKeptForTheTimeToLiveAndNoLonger() {
        Claim claim = claim(cache);
        elapse(TIME_TO_LIVE.minus(NANOSECOND));
        assertThat(cache.complete(claim, RECEIPT, RETENTION)).isTrue();
        assertNearby(cache, PAYMENT, RECEIPT);
        assertThat(cache.forget(KEY, claim.fencingToken())).isTrue();

        // As long as one that the caller's transaction completes, of which this cache is not told.
        Claim longer = claim(cache);
        elapse(TIME_TO_LIVE);
        assertThat(cache.complete(longer, RECEIPT, RETENTION)).isTrue();
        assertThat(cache.findNearby(KEY)).isNull();
    }

    @Test
    void claimsThatNeverEndDoNotKeepRecordsOut() {
        CompletedRecordCache small = cache(10);
        for (int number = 0; number < 1_000; number++) {
            expectClaimed(small.claim(request(key("k" + number), PAYMENT)));
        }

        completed(small, RETENTION);

        assertNearby(small, PAYMENT, RECEIPT);
    }

    @Test
    void aHitAllocatesNothing() {
        ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CompletedRecordCache real = CompletedRecordCache.builder(distant).build();
        completed(real, RETENTION);
        long hits = hits(real, 200_000);

        long before = memory.getCurrentThreadAllocatedBytes();
        hits += hits(real, 100_000);
        long allocated = memory.getCurrentThreadAllocatedBytes() - before;

        assertThat(hits).isEqualTo(300_000);
        // What measuring itself allocates is far less than a byte for each hit.
        assertThat(allocated).isLessThan(10_000);
    }

    private static long hits(NearbyOutcomes any, int times) {
        long hits = 0;
        for (int turn = 0; turn < times; turn++) {
            if (any.findNearby(KEY) != null) {
                hits++;
            }
        }
        return hits;
    }

    // settings

    @Test
    void aStoreThatKeepsReferencesIsRefused() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> CompletedRecordCache.builder(CaffeineIdempotencyStore.create()))
                .withMessage("The store io.idempotent.store.caffeine.CaffeineIdempotencyStore keeps references in this"
                        + " JVM's memory, and needs no cache in front of it. Use it without one");
        assertThat(cache.keepsReferences()).isFalse();
    }

    @Test
    void theBuilderFailsAtOnce() {
        CompletedRecordCache.Builder builder = CompletedRecordCache.builder(distant);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maximumSize(0))
                .withMessage("The maximum size has to be positive, not 0");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.maximumSize(-1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maximumWeight(0))
                .withMessage("The maximum weight has to be positive, not 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.timeToLive(Duration.ZERO))
                .withMessage("The time-to-live has to be positive, not PT0S");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.timeToLive(Duration.ofSeconds(-1)));
        assertThatNullPointerException().isThrownBy(() -> builder.ticker(null));
    }

    @Test
    void aRecordIsKeptForFiveMinutesUnlessSaid() {
        CompletedRecordCache unset =
                CompletedRecordCache.builder(distant).ticker(nanoseconds::get).build();
        completed(unset, RETENTION);
        elapse(Duration.ofMinutes(5).minus(NANOSECOND));
        assertNearby(unset, PAYMENT, RECEIPT);

        elapse(NANOSECOND);

        assertThat(unset.findNearby(KEY)).isNull();
    }

    // words

    private static RecordedOutcome outcome(String text) {
        return new RecordedOutcome.Encoded(Kind.VALUE, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static IdempotencyKey key(String value) {
        return IdempotencyKey.of("payment", value);
    }

    private static ClaimRequest request(IdempotencyKey key, Fingerprint fingerprint) {
        return new ClaimRequest(key, UUID.randomUUID(), fingerprint, LEASE, true);
    }

    private static ClaimRequest request(Fingerprint fingerprint) {
        return request(KEY, fingerprint);
    }

    private static ClaimRequest request() {
        return request(PAYMENT);
    }

    private static Claim claim(IdempotencyStore any) {
        return expectClaimed(any.claim(request())).claim();
    }

    private static Claim completed(IdempotencyStore any, Duration retention) {
        Claim claim = claim(any);
        assertThat(any.complete(claim, RECEIPT, retention)).isTrue();
        return claim;
    }

    private static ClaimResult.Claimed expectClaimed(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Claimed.class);
        return (ClaimResult.Claimed) result;
    }

    private static void assertNearby(NearbyOutcomes any, Fingerprint fingerprint, RecordedOutcome outcome) {
        NearbyOutcome nearby = any.findNearby(KEY);
        assertThat(nearby).isNotNull();
        assertThat(nearby.fingerprint()).isEqualTo(fingerprint);
        assertThat(nearby.outcome()).isEqualTo(outcome);
    }
}
