package io.idempotent.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What {@link IdempotencyStore} promises, as tests for any store. A store's own test extends it, and gives it the store
 * and a way to let that store's time pass without sleeping.
 *
 * <p>Each test uses keys of its own, so one durable store can serve all tests and need not be emptied. Only
 * fingerprints and outcomes that every store takes are used. Two seconds of the real clock per test do not matter.
 *
 * <p>The system property {@code idempotent.seed} repeats one random history; a failure says which.
 */
public abstract class IdempotencyStoreContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final Duration MOMENT = Duration.ofMillis(1);
    private static final Duration SLACK = Duration.ofSeconds(8);
    private static final Fingerprint PAYMENT = Fingerprint.ofDigest("1:payment");
    private static final Fingerprint OTHER_PAYMENT = Fingerprint.ofDigest("1:other-payment");
    private static final RecordedOutcome RECEIPT = encoded("receipt");
    private static final RecordedOutcome OTHER_RECEIPT = encoded("other receipt");

    private static final RecordedRequest ORDER = new RecordedRequest(new byte[] {0, 1, -1, 'o'});
    private static final RecordedRequest OTHER_ORDER = new RecordedRequest(new byte[] {2});

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String OTHER_TRACE = "a3ce929d0e0e4736";

    private static final RecordedStep BEGUN = new RecordedStep("reserve", null);
    private static final RecordedStep RESERVED = new RecordedStep("reserve", encoded("reservation"));
    private static final RecordedStep CHARGED = new RecordedStep("charge", encoded("charge"));

    private static final int THREADS = 16;
    private static final int ROUNDS = 25;
    private static final int HISTORIES = 100;
    private static final int STEPS = 80;

    private final String operation = "contract-" + UUID.randomUUID();
    private final IdempotencyKey key = key("4711");
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private int races;

    @AfterEach
    final void stopThreads() {
        threads.shutdownNow();
    }

    /** The store; the same one at every call within a test. */
    protected abstract IdempotencyStore store();

    /** A second node on the same backend; the same store, unless there can be several. */
    protected IdempotencyStore otherNode() {
        return store();
    }

    /** Lets the store's time pass, without sleeping. */
    protected abstract void elapse(Duration time);

    /** Whether what was claimed and completed by {@link #store()} is found nearby. Defaults to false. */
    protected boolean answersNearby() {
        return false;
    }

    /** Whether the store counts what is in progress. Defaults to false. */
    protected boolean counts() {
        return false;
    }

    /** Whether the store keeps what calls asked for. Defaults to false. */
    protected boolean keepsRequests() {
        return false;
    }

    private @Nullable NearbyOutcome nearby(IdempotencyKey asked) {
        NearbyOutcomes nearby = store().unwrap(NearbyOutcomes.class);
        return nearby == null ? null : nearby.findNearby(asked);
    }

    /** Purges what has expired, as the store does at times by itself; does nothing unless it can be asked to. */
    protected void purge() {}

    @Test
    void recordsInProgressAreCountedByStoresThatCan() {
        RecordCounts counts = store().unwrap(RecordCounts.class);
        assertThat(counts != null).isEqualTo(counts());
        if (counts == null) {
            return;
        }
        Duration day = Duration.ofDays(1);
        RecordCounts.InProgress before = counts.countInProgress();
        Claim ends = claimed(new ClaimRequest(key("ends"), UUID.randomUUID(), PAYMENT, day, true))
                .claim();
        claimed(new ClaimRequest(key("stays"), UUID.randomUUID(), PAYMENT, day, true));
        assertThat(counts.countInProgress().live()).isEqualTo(before.live() + 2);

        assertThat(store().complete(ends, RECEIPT, RETENTION)).isTrue();
        elapse(day);

        RecordCounts.InProgress after = counts.countInProgress();
        // Records of other tests may have been abandoned meanwhile, too.
        assertThat(after.live() + after.abandoned()).isEqualTo(before.live() + before.abandoned() + 1);
        assertThat(after.abandoned()).isGreaterThan(before.abandoned());
        assertThat(after.oldest()).isGreaterThanOrEqualTo(day);
    }

    // claim

    @Test
    void aFreeKeyIsClaimed() {
        UUID claimId = UUID.randomUUID();

        ClaimResult.Claimed claimed = claimed(request(claimId));

        assertThat(claimed.claim().key()).isEqualTo(key);
        assertThat(claimed.claim().id()).isEqualTo(claimId);
        assertThat(claimed.takeovers()).isZero();
        IdempotencyRecord record = found(key);
        assertThat(record.key()).isEqualTo(key);
        assertThat(record.fencingToken()).isEqualTo(claimed.claim().fencingToken());
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.firstClaimedAt()).isEqualTo(claimed.firstClaimedAt());
        assertThat(record.claimedAt()).isEqualTo(claimed.firstClaimedAt());
        assertThat(record.outcome()).isNull();
    }

    @Test
    void aClaimRepeatedWithItsClaimIdGetsTheSameAnswerAndNoLongerLease() {
        ClaimRequest request = request();
        ClaimResult first = store().claim(request);
        elapse(Duration.ofSeconds(15));

        assertThat(otherNode().claim(request)).isEqualTo(first);

        assertThat(found(key).leaseRemaining()).isBetween(Duration.ofSeconds(15).minus(SLACK), Duration.ofSeconds(15));
    }

    @Test
    void theRecordHasTheTraceOfItsLastClaimAndKeepsItWhenItIsCompleted() {
        ClaimRequest first = traced(TRACE);
        claimed(first);
        assertThat(found(key).traceId()).isEqualTo(TRACE);

        store().claim(new ClaimRequest(key, first.claimId(), PAYMENT, LEASE, true, OTHER_TRACE, null));
        assertThat(found(key).traceId()).isEqualTo(TRACE);

        elapse(LEASE);
        Claim last = claimed(traced(OTHER_TRACE)).claim();
        assertThat(found(key).traceId()).isEqualTo(OTHER_TRACE);

        assertThat(store().complete(last, RECEIPT, RETENTION)).isTrue();
        assertThat(found(key).traceId()).isEqualTo(OTHER_TRACE);
        assertThat(store().claim(traced(TRACE)))
                .isInstanceOfSatisfying(
                        ClaimResult.Completed.class,
                        completed -> assertThat(completed.record().traceId()).isEqualTo(OTHER_TRACE));
        NearbyOutcome nearby = nearby(key);
        assertThat(nearby == null ? OTHER_TRACE : nearby.traceId()).isEqualTo(OTHER_TRACE);
    }

    @Test
    void aCompletedRecordIsFoundNearbyWithTheTraceOfTheClaimThatCompletedIt() {
        assertThat(store().complete(claimed(traced(TRACE)).claim(), RECEIPT, RETENTION))
                .isTrue();

        NearbyOutcome nearby = nearby(key);

        assertThat(nearby != null).isEqualTo(answersNearby());
        assertThat(nearby == null ? TRACE : nearby.traceId()).isEqualTo(TRACE);
        assertThat(found(key).traceId()).isEqualTo(TRACE);
    }

    @Test
    void aClaimWithoutATraceLeavesTheTraceOfTheOneBefore() {
        Claim first = claimed(traced(TRACE)).claim();
        elapse(LEASE);

        claimed(traced(null));
        assertThat(found(key).traceId()).isEqualTo(TRACE);

        elapse(LEASE);
        long token = found(key).fencingToken();
        assertThat(token).isGreaterThan(first.fencingToken());
        ClaimResult.Claimed taken = store().takeOver(key, token, UUID.randomUUID(), LEASE);
        assertThat(taken).isNotNull();
        assertThat(found(key).traceId()).isEqualTo(TRACE);
        assertThat(store().list(RecordQuery.inProgress(Duration.ZERO).ofOperation(operation)))
                .extracting(IdempotencyRecord::traceId)
                .containsExactly(TRACE);

        assertThat(store().recordStep(taken.claim(), RESERVED)).isTrue();
        assertThat(store().release(taken.claim(), RETENTION)).isTrue();
        Claim last = claimed(traced(null)).claim();
        assertThat(found(key).traceId()).isEqualTo(TRACE);
        assertThat(store().complete(last, RECEIPT, RETENTION)).isTrue();
        assertThat(found(key).traceId()).isEqualTo(TRACE);
    }

    @Test
    void aKeyThatIsClaimedAgainAfterItWasFreeHasNoTraceOfItsLastLife() {
        assertThat(store().complete(claimed(traced(TRACE)).claim(), RECEIPT, RETENTION))
                .isTrue();
        elapse(RETENTION);

        claimed(traced(null));

        assertThat(found(key).traceId()).isNull();
    }

    @Test
    void aClaimRepeatedByManyThreadsGetsTheSameAnswer() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            ClaimRequest request = new ClaimRequest(key("round-" + round), UUID.randomUUID(), PAYMENT, LEASE, true);

            List<ClaimResult> results = race(4, node -> node.claim(request));

            assertThat(results).allSatisfy(result -> assertThat(result).isInstanceOf(ClaimResult.Claimed.class));
            assertThat(Set.copyOf(results)).hasSize(1);
        }
    }

    @Test
    void aKeyInProgressIsRefusedToOthersWithItsRecord() {
        Claim claim = claim();
        elapse(Duration.ofSeconds(10));

        IdempotencyRecord record = expect(
                        ClaimResult.InProgress.class, otherNode().claim(request()))
                .record();

        assertThat(record.key()).isEqualTo(key);
        assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.isAbandoned()).isFalse();
        assertThat(record.claimedSince())
                .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(10).plus(SLACK));
        assertThat(record.leaseRemaining()).isBetween(Duration.ofSeconds(20).minus(SLACK), Duration.ofSeconds(20));
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void aKeyInProgressIsRefusedToAnotherFingerprintWithTheFingerprintOfTheFirst() {
        claim();

        ClaimResult result = store().claim(request(OTHER_PAYMENT, true));

        assertThat(expect(ClaimResult.InProgress.class, result).record().fingerprint())
                .isEqualTo(PAYMENT);
    }

    @Test
    void aCompletedKeyAnswersItsRecordToEveryone() {
        UUID claimId = UUID.randomUUID();
        ClaimResult.Claimed claimed = claimed(request(claimId));
        elapse(Duration.ofSeconds(10));
        assertThat(store().complete(claimed.claim(), RECEIPT, RETENTION)).isTrue();

        for (ClaimRequest request : List.of(request(), request(claimId), request(OTHER_PAYMENT, false))) {
            IdempotencyRecord record = expect(
                            ClaimResult.Completed.class, otherNode().claim(request))
                    .record();
            assertThat(record.key()).isEqualTo(key);
            assertThat(record.outcome()).isEqualTo(RECEIPT);
            assertThat(record.fingerprint()).isEqualTo(PAYMENT);
            assertThat(record.fencingToken()).isEqualTo(claimed.claim().fencingToken());
            assertThat(record.firstClaimedAt()).isEqualTo(claimed.firstClaimedAt());
            assertThat(record.isAbandoned()).isFalse();
            assertThat(record.leaseRemaining()).isZero();
            IdempotencyRecord.Completed state = expect(IdempotencyRecord.Completed.class, record.state());
            assertCloseTo(state.completedAt(), claimed.firstClaimedAt().plusSeconds(10));
            assertCloseTo(state.retainedUntil(), state.completedAt().plus(RETENTION));
            assertThat(record.observedAt()).isBetween(state.completedAt(), state.retainedUntil());
        }
    }

    @Test
    void aClaimAfterTheLeaseIsOverTakesOverWithAHigherTokenAndTheFirstClaimsTime() {
        ClaimResult.Claimed first = claimed(request());
        elapse(LEASE);

        ClaimResult.Claimed second =
                expect(ClaimResult.Claimed.class, otherNode().claim(request()));
        elapse(LEASE);
        ClaimResult.Claimed third = claimed(request());

        assertThat(second.takeovers()).isEqualTo(1);
        assertThat(third.takeovers()).isEqualTo(2);
        assertThat(second.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertThat(third.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertThat(List.of(first, second, third))
                .extracting(claimed -> claimed.claim().fencingToken())
                .isSorted()
                .doesNotHaveDuplicates();
        IdempotencyRecord record = found(key);
        assertThat(record.takeovers()).isEqualTo(2);
        assertThat(record.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertCloseTo(record.claimedAt(), first.firstClaimedAt().plus(LEASE.multipliedBy(2)));
        assertThat(record.leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
    }

    @Test
    void aLeaseIsValidUntilItIsOver() {
        claim();
        elapse(LEASE.minus(SLACK));

        assertThat(store().claim(request())).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void anAbandonedKeyStaysSoHoweverLongNobodyAsks() {
        ClaimResult.Claimed first = claimed(request());
        elapse(Duration.ofDays(30));
        purge();

        assertThat(found(key).isAbandoned()).isTrue();
        assertThat(claimed(request()).firstClaimedAt()).isEqualTo(first.firstClaimedAt());
    }

    @Test
    void anAbandonedKeyIsRefusedWithNothingChangedIfTheRequestMayNotTakeOver() {
        Claim claim = claim();
        elapse(LEASE);

        ClaimResult result = otherNode().claim(request(PAYMENT, false));

        assertAbandonedAndUnchanged(result, claim);
    }

    @Test
    void anAbandonedKeyIsRefusedWithNothingChangedIfTheFingerprintDiffers() {
        Claim claim = claim();
        elapse(LEASE);

        ClaimResult result = otherNode().claim(request(OTHER_PAYMENT, true));

        assertAbandonedAndUnchanged(result, claim);
    }

    private void assertAbandonedAndUnchanged(ClaimResult result, Claim claim) {
        IdempotencyRecord record = expect(ClaimResult.Abandoned.class, result).record();
        assertThat(record.key()).isEqualTo(key);
        assertThat(record.isAbandoned()).isTrue();
        assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.takeovers()).isZero();
        assertThat(record.leaseRemaining()).isZero();
        assertThat(record.claimedSince()).isBetween(LEASE, LEASE.plus(SLACK));
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void aTakeOverByARequestWithoutAFingerprintKeepsThatOfTheFirst() {
        claim();
        elapse(LEASE);

        claimed(request(Fingerprint.none(), true));

        assertThat(found(key).fingerprint()).isEqualTo(PAYMENT);
    }

    @Test
    void theAbsenceOfAFingerprintIsKeptAndMatchesAny() {
        claimed(request(Fingerprint.none(), true));
        elapse(LEASE);

        assertThat(found(key).fingerprint()).isEqualTo(Fingerprint.none());
        assertThat(claimed(request(PAYMENT, true)).takeovers()).isEqualTo(1);
        assertThat(found(key).fingerprint()).isEqualTo(Fingerprint.none());
    }

    @Test
    void aClaimRepeatedAfterItsOwnLeaseIsATakeOverLikeAnyOther() {
        ClaimRequest request = request();
        Claim first = claimed(request).claim();
        elapse(LEASE);
        ClaimRequest careful = new ClaimRequest(key, request.claimId(), PAYMENT, LEASE, false);
        assertThat(store().claim(careful)).isInstanceOf(ClaimResult.Abandoned.class);

        ClaimResult.Claimed second = claimed(request);

        assertThat(second.takeovers()).isEqualTo(1);
        assertThat(second.claim().fencingToken()).isGreaterThan(first.fencingToken());
        assertThat(store().complete(first, RECEIPT, RETENTION)).isFalse();
        assertThat(store().complete(second.claim(), RECEIPT, RETENTION)).isTrue();
    }

    // fencing

    @Test
    void aClaimThatWasTakenOverCanWriteNothingAndChangesNothing() {
        Claim stale = claim();
        elapse(LEASE);
        Claim claim = claim();

        assertRefused(stale);

        IdempotencyRecord record = found(key);
        assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
        assertThat(record.leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
        assertThat(store().complete(claim, OTHER_RECEIPT, RETENTION)).isTrue();
        assertRefused(stale);
        assertThat(found(key).outcome()).isEqualTo(OTHER_RECEIPT);
    }

    @Test
    void aClaimWithTheRightTokenAndAnotherIdCanWriteNothing() {
        Claim claim = claim();

        assertRefused(new Claim(key, UUID.randomUUID(), claim.fencingToken()));

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        assertRefused(new Claim(key, UUID.randomUUID(), claim.fencingToken()));
    }

    @Test
    void aClaimWithTheRightIdAndAnotherTokenCanWriteNothing() {
        Claim claim = claim();

        assertRefused(new Claim(key, claim.id(), claim.fencingToken() - 1));
        assertRefused(new Claim(key, claim.id(), claim.fencingToken() + 1));

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void aClaimOfAKeyThatWasNeverClaimedCanWriteNothing() {
        assertRefused(new Claim(key, UUID.randomUUID(), 1));

        assertThat(store().find(key)).isNull();
    }

    @Test
    void aClaimThatWasReleasedCanWriteNothing() {
        Claim released = claim();
        assertThat(store().release(released)).isTrue();

        assertThat(store().complete(released, RECEIPT, RETENTION)).isFalse();
        assertThat(store().renew(List.of(released), LEASE).renewed()).isEmpty();
        assertThat(store().abandon(released)).isFalse();
        assertThat(store().find(key)).isNull();

        elapse(MOMENT);
        Claim successor = claim();
        // Whether it is told again that it was released is the store's choice.
        boolean unused = store().release(released);
        assertThat(store().complete(released, RECEIPT, RETENTION)).isFalse();
        assertThat(store().complete(successor, OTHER_RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void aClaimWhoseRecordExpiredCanWriteNothing() {
        Claim expired = completed();
        elapse(RETENTION);

        assertRefused(expired);

        Claim successor = claim();
        assertRefused(expired);
        assertThat(store().complete(successor, OTHER_RECEIPT, RETENTION)).isTrue();
    }

    private void assertRefused(Claim stale) {
        assertThat(otherNode().complete(stale, RECEIPT, RETENTION))
                .as("complete")
                .isFalse();
        assertThat(otherNode().renew(List.of(stale), Duration.ofDays(1)).renewed())
                .as("renew")
                .isEmpty();
        assertThat(otherNode().abandon(stale)).as("abandon").isFalse();
        assertThat(otherNode().recordStep(stale, RESERVED)).as("record a step").isFalse();
        assertThat(otherNode().release(stale)).as("release").isFalse();
        assertThat(otherNode().release(stale, RETENTION))
                .as("release with steps")
                .isFalse();
    }

    // tokens

    @Test
    void tokensGrowAfterRelease() {
        Claim first = claim();
        assertThat(store().release(first)).isTrue();
        elapse(MOMENT);

        assertThat(claim().fencingToken()).isGreaterThan(first.fencingToken());
    }

    @Test
    void tokensGrowAfterACompletedRecordWasForgotten() {
        Claim first = completed();
        assertThat(store().forget(key, first.fencingToken())).isTrue();
        elapse(MOMENT);

        assertThat(claim().fencingToken()).isGreaterThan(first.fencingToken());
    }

    @Test
    void tokensGrowAfterAnAbandonedRecordWasForgotten() {
        Claim first = claim();
        assertThat(store().abandon(first)).isTrue();
        assertThat(store().forget(key, first.fencingToken())).isTrue();
        elapse(MOMENT);

        assertThat(claim().fencingToken()).isGreaterThan(first.fencingToken());
    }

    @Test
    void tokensGrowAfterExpiry() {
        Claim first = completed();
        elapse(RETENTION);

        assertThat(claim().fencingToken()).isGreaterThan(first.fencingToken());
    }

    @Test
    void tokensGrowAfterPurge() {
        Claim first = completed();
        elapse(RETENTION.multipliedBy(2));
        purge();

        assertThat(claim().fencingToken()).isGreaterThan(first.fencingToken());
    }

    @Test
    void tokensGrowWithEveryTakeOverEvenIfNoTimePasses() {
        List<Long> tokens = new ArrayList<>();
        for (int turn = 0; turn < 10; turn++) {
            Claim claim = claim();
            tokens.add(claim.fencingToken());
            assertThat(store().abandon(claim)).isTrue();
        }

        assertThat(tokens).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void tokensFollowTheStoresClockInMicroseconds() {
        ClaimResult.Claimed first = claimed(request());
        elapse(Duration.ofHours(1));
        Claim second = claim();

        long slack = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.EPOCH.plus(SLACK));
        assertThat(first.claim().fencingToken())
                .isCloseTo(ChronoUnit.MICROS.between(Instant.EPOCH, first.firstClaimedAt()), within(slack));
        assertThat(second.fencingToken() - first.claim().fencingToken()).isCloseTo(3_600_000_000L, within(slack));
    }

    // renew

    @Test
    void aRenewedLeaseEndsSoLongAfterTheRenewal() {
        Claim claim = claim();
        elapse(Duration.ofSeconds(20));

        assertThat(otherNode().renew(List.of(claim), LEASE).renewed()).containsExactly(claim);

        IdempotencyRecord record = found(key);
        assertThat(record.leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
        assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
        assertThat(record.claimedSince())
                .isBetween(Duration.ofSeconds(20), Duration.ofSeconds(20).plus(SLACK));
        elapse(Duration.ofSeconds(20));
        assertThat(store().claim(request())).isInstanceOf(ClaimResult.InProgress.class);
        elapse(Duration.ofSeconds(10));
        assertThat(store().claim(request())).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void aRenewalCanShortenTheLease() {
        Claim claim = claim();

        assertThat(store().renew(List.of(claim), Duration.ofSeconds(10)).renewed())
                .containsExactly(claim);

        assertThat(found(key).leaseRemaining()).isLessThanOrEqualTo(Duration.ofSeconds(10));
        elapse(Duration.ofSeconds(10));
        assertThat(found(key).isAbandoned()).isTrue();
    }

    @Test
    void anAbandonedClaimThatNobodyTookOverCanBeRenewed() {
        Claim claim = claim();
        elapse(LEASE.multipliedBy(2));

        assertThat(store().renew(List.of(claim), LEASE).renewed()).containsExactly(claim);

        assertThat(found(key).isAbandoned()).isFalse();
        assertThat(store().claim(request())).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void ofManyClaimsThoseStillHeldAreRenewed() {
        Claim mine = claim(key("mine"));
        Claim alsoMine = claim(key("also-mine"));
        Claim abandoned = claim(key("abandoned"));
        assertThat(store().abandon(abandoned)).isTrue();
        Claim lost = claim(key("lost"));
        assertThat(store().abandon(lost)).isTrue();
        Claim successor = claim(key("lost"));
        Claim released = claim(key("released"));
        assertThat(store().release(released)).isTrue();
        Claim completed = claim(key("completed"));
        assertThat(store().complete(completed, RECEIPT, RETENTION)).isTrue();
        Claim neverMade = new Claim(key("never"), UUID.randomUUID(), 1);
        Claim untouched = claim(key("untouched"));
        elapse(Duration.ofSeconds(15));

        RenewalResult result =
                otherNode().renew(List.of(lost, mine, released, completed, abandoned, neverMade, alsoMine), LEASE);

        assertThat(result.renewed()).containsExactlyInAnyOrder(mine, alsoMine, abandoned);
        assertThat(result.undecided()).isEmpty();
        for (Claim claim : result.renewed()) {
            assertThat(found(claim.key()).leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
        }
        for (Claim claim : List.of(successor, untouched)) {
            assertThat(found(claim.key()).leaseRemaining()).isLessThanOrEqualTo(Duration.ofSeconds(15));
        }
        assertThat(found(completed.key()).outcome()).isEqualTo(RECEIPT);
        assertThat(store().find(released.key())).isNull();
        assertThat(store().find(neverMade.key())).isNull();
    }

    @Test
    void renewingNoClaimsRenewsNone() {
        assertThat(store().renew(List.of(), LEASE).renewed()).isEmpty();
    }

    // complete

    @Test
    void completingAgainByTheSameClaimIsTrueAndLeavesTheRecordAsItIs() {
        Claim claim = claim();
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        IdempotencyRecord record = found(key);
        elapse(Duration.ofMinutes(30));

        assertThat(otherNode().complete(claim, OTHER_RECEIPT, RETENTION)).isTrue();

        IdempotencyRecord after = found(key);
        assertThat(after.outcome()).isEqualTo(RECEIPT);
        assertThat(after.state()).isEqualTo(record.state());
        elapse(Duration.ofMinutes(30));
        assertThat(store().find(key)).isNull();
    }

    @Test
    void anAbandonedClaimThatNobodyTookOverCanBeCompleted() {
        Claim claim = claim();
        elapse(LEASE.multipliedBy(2));

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();

        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void aCompletedRecordIsKeptForItsRetention() {
        completed();
        elapse(RETENTION.minus(SLACK));
        purge();

        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
        assertThat(store().claim(request())).isInstanceOf(ClaimResult.Completed.class);
    }

    @Test
    void aCompletedRecordPastItsRetentionIsFreeAndHandsNothingOver() {
        ClaimResult.Claimed abandoned = claimed(request());
        elapse(LEASE);
        Claim completed = claim();
        assertThat(store().complete(completed, RECEIPT, RETENTION)).isTrue();
        elapse(RETENTION);

        assertThat(store().find(key)).isNull();
        // Neither the fingerprint nor the wish not to take over matters: this is the key's first claim.
        ClaimResult.Claimed claimed = claimed(request(OTHER_PAYMENT, false));
        assertThat(claimed.takeovers()).isZero();
        assertThat(claimed.firstClaimedAt())
                .isAfterOrEqualTo(abandoned.firstClaimedAt().plus(LEASE).plus(RETENTION));
        IdempotencyRecord record = found(key);
        assertThat(record.fingerprint()).isEqualTo(OTHER_PAYMENT);
        assertThat(record.outcome()).isNull();
        assertThat(record.isAbandoned()).isFalse();
    }

    @Test
    void eachRecordHasARetentionOfItsOwn() {
        Claim brief = claim(key("brief"));
        Claim lasting = claim(key("lasting"));
        assertThat(store().complete(lasting, RECEIPT, Duration.ofDays(30))).isTrue();
        assertThat(store().complete(brief, RECEIPT, Duration.ofMinutes(1))).isTrue();
        elapse(Duration.ofMinutes(1));
        purge();

        assertThat(store().find(brief.key())).isNull();
        assertThat(store().find(lasting.key())).isNotNull();
    }

    @Test
    void bytesOfEveryLengthAreKept() {
        byte[] large = new byte[100_000];
        new Random(1).nextBytes(large);
        byte[] everyByte = new byte[256];
        for (int index = 0; index < everyByte.length; index++) {
            everyByte[index] = (byte) index;
        }
        assertKept(new RecordedOutcome.Encoded(Kind.VALUE, large));
        assertKept(new RecordedOutcome.Encoded(Kind.VALUE, everyByte));
        assertKept(new RecordedOutcome.Encoded(Kind.VALUE, new byte[0]));
    }

    @Test
    void aFailureIsKeptAsAFailure() {
        assertKept(new RecordedOutcome.Encoded(Kind.FAILURE, "{}".getBytes(StandardCharsets.UTF_8)));
        assertKept(new RecordedOutcome.Encoded(Kind.FAILURE, new byte[0]));
    }

    @Test
    void anOutcomeThatIsNotReplayableIsKeptWithItsReason() {
        assertKept(new RecordedOutcome.NotReplayable("1,234,567 bytes, at most 1,000,000 — zu groß \uD83D\uDE00"));
    }

    private void assertKept(RecordedOutcome outcome) {
        IdempotencyKey anotherKey = key("outcome-" + UUID.randomUUID());
        assertThat(store().complete(claim(anotherKey), outcome, RETENTION)).isTrue();
        assertThat(found(anotherKey).outcome()).isEqualTo(outcome);
        ClaimResult result = otherNode().claim(request(anotherKey));
        assertThat(expect(ClaimResult.Completed.class, result).record().outcome())
                .isEqualTo(outcome);
    }

    @Test
    void aFingerprintIsKeptAsItIs() {
        Fingerprint fingerprint =
                Fingerprint.ofDigest("1:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08");
        claimed(new ClaimRequest(key, UUID.randomUUID(), fingerprint, LEASE, true));

        assertThat(found(key).fingerprint()).isEqualTo(fingerprint);
    }

    // release, abandon

    @Test
    void aReleasedKeyIsFree() {
        ClaimResult.Claimed first = claimed(request());

        assertThat(otherNode().release(first.claim())).isTrue();

        assertThat(store().find(key)).isNull();
        elapse(MOMENT);
        ClaimResult.Claimed second = claimed(request(OTHER_PAYMENT, false));
        assertThat(second.takeovers()).isZero();
        assertThat(second.firstClaimedAt()).isAfter(first.firstClaimedAt());
        assertThat(found(key).fingerprint()).isEqualTo(OTHER_PAYMENT);
    }

    @Test
    void anAbandonedClaimThatNobodyTookOverCanBeReleased() {
        Claim claim = claim();
        elapse(LEASE.multipliedBy(2));

        assertThat(store().release(claim)).isTrue();

        assertThat(store().find(key)).isNull();
    }

    @Test
    void aCompletedKeyCanBeNeitherReleasedNorAbandonedNorRenewed() {
        Claim claim = completed();

        assertThat(store().release(claim)).isFalse();
        assertThat(store().abandon(claim)).isFalse();
        assertThat(store().renew(List.of(claim), LEASE).renewed()).isEmpty();

        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void abandoningEndsTheLeaseNowAndKeepsEverythingElse() {
        ClaimResult.Claimed claimed = claimed(request());
        elapse(Duration.ofSeconds(20));

        assertThat(otherNode().abandon(claimed.claim())).isTrue();

        IdempotencyRecord record = found(key);
        assertThat(record.isAbandoned()).isTrue();
        assertThat(record.fencingToken()).isEqualTo(claimed.claim().fencingToken());
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.firstClaimedAt()).isEqualTo(claimed.firstClaimedAt());
        assertThat(record.claimedAt()).isEqualTo(claimed.firstClaimedAt());
        assertThat(record.takeovers()).isZero();
        assertCloseTo(
                expect(IdempotencyRecord.InProgress.class, record.state()).leaseEndsAt(),
                claimed.firstClaimedAt().plusSeconds(20));
        assertThat(store().claim(request(PAYMENT, false))).isInstanceOf(ClaimResult.Abandoned.class);
        assertThat(claimed(request()).takeovers()).isEqualTo(1);
    }

    @Test
    void abandoningTwiceIsTrueTwice() {
        Claim claim = claim();

        assertThat(store().abandon(claim)).isTrue();
        elapse(LEASE.multipliedBy(2));
        assertThat(store().abandon(claim)).isTrue();

        assertThat(found(key).isAbandoned()).isTrue();
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    // steps

    @Test
    void aStepIsKeptAsItWasRecorded() {
        byte[] large = new byte[100_000];
        new Random(1).nextBytes(large);
        byte[] everyByte = new byte[256];
        for (int index = 0; index < everyByte.length; index++) {
            everyByte[index] = (byte) index;
        }
        List<RecordedStep> steps = List.of(
                BEGUN,
                CHARGED,
                new RecordedStep("large", new RecordedOutcome.Encoded(Kind.VALUE, large)),
                new RecordedStep("every-byte", new RecordedOutcome.Encoded(Kind.VALUE, everyByte)),
                new RecordedStep("empty", new RecordedOutcome.Encoded(Kind.VALUE, new byte[0])),
                new RecordedStep(
                        "failure", new RecordedOutcome.Encoded(Kind.FAILURE, "{}".getBytes(StandardCharsets.UTF_8))),
                new RecordedStep("empty-failure", new RecordedOutcome.Encoded(Kind.FAILURE, new byte[0])),
                new RecordedStep(
                        "not-replayable", new RecordedOutcome.NotReplayable("too large — zu groß \uD83D\uDE00")));
        Claim claim = claim();

        recordAll(claim, steps);

        assertHandedOn(steps, claim);
    }

    @Test
    void aStepThatWasBegunTakesItsOutcomeAndKeepsTheFirst() {
        Claim claim = claim();
        recordAll(claim, List.of(BEGUN));
        recordAll(claim, List.of(BEGUN));
        assertThat(otherNode().findSteps(key)).containsExactly(BEGUN);

        recordAll(claim, List.of(RESERVED));
        assertThat(otherNode().findSteps(key)).containsExactly(RESERVED);

        // The same again, its answer having been lost; something else; and what came late.
        recordAll(claim, List.of(RESERVED, new RecordedStep("reserve", OTHER_RECEIPT), BEGUN));
        assertHandedOn(List.of(RESERVED), claim);
    }

    @Test
    void everyKindOfOutcomeOfAStepStaysWhenTheStepIsBegunAgain() {
        List<RecordedStep> steps = List.of(
                new RecordedStep("empty", new RecordedOutcome.Encoded(Kind.VALUE, new byte[0])),
                new RecordedStep("failure", new RecordedOutcome.Encoded(Kind.FAILURE, new byte[0])),
                new RecordedStep("not-replayable", new RecordedOutcome.NotReplayable("too large")));
        Claim claim = claim();
        recordAll(claim, steps);

        for (RecordedStep step : steps) {
            recordAll(claim, List.of(new RecordedStep(step.name(), null), new RecordedStep(step.name(), RECEIPT)));
        }

        assertHandedOn(steps, claim);
    }

    @Test
    void namesOfStepsAreComparedCharByChar() {
        List<String> names = List.of(
                "reserve",
                "Reserve",
                "RESERVE",
                "reserve ",
                "reserve  ",
                " reserve",
                "reserve\u00a0",
                "straße",
                "strasse",
                "İ",
                "ı",
                "\u00e9",
                "e\u0301",
                "ﬁ",
                "fi",
                "\uD83D\uDE00",
                "\uD83D\uDE01",
                "?",
                "\uFFFD",
                "x".repeat(RecordedStep.MAXIMUM_NAME_LENGTH - 1) + "a",
                "x".repeat(RecordedStep.MAXIMUM_NAME_LENGTH - 1) + "b",
                "x".repeat(RecordedStep.MAXIMUM_NAME_LENGTH - 1),
                "€".repeat(RecordedStep.MAXIMUM_NAME_LENGTH - 1) + "a",
                "€".repeat(RecordedStep.MAXIMUM_NAME_LENGTH - 1) + "b",
                "'; DROP TABLE idempotency; --",
                "%",
                "_",
                "*",
                "\\",
                // What a store may call its own parts of a record.
                "step:reserve",
                "v",
                "s",
                "t");
        List<RecordedStep> steps = names.stream()
                .map(name -> new RecordedStep(name, encoded("outcome of " + names.indexOf(name))))
                .toList();
        Claim claim = claim();

        recordAll(
                claim, names.stream().map(name -> new RecordedStep(name, null)).toList());
        recordAll(claim, steps);

        assertHandedOn(steps, claim);
    }

    @Test
    void stepsBelongToTheKeyThatTheyWereRecordedFor() {
        Claim first = claim(key("a"));
        Claim second = claim(key("A"));
        Claim scoped = claim(new IdempotencyKey(operation, "tenant", "a"));
        recordAll(first, List.of(RESERVED));
        recordAll(second, List.of(BEGUN, CHARGED));

        assertThat(otherNode().findSteps(first.key())).containsExactly(RESERVED);
        assertThat(otherNode().findSteps(second.key())).containsExactlyInAnyOrder(BEGUN, CHARGED);
        assertThat(otherNode().findSteps(scoped.key())).isEmpty();
        assertThat(store().release(first)).isTrue();
        assertThat(otherNode().findSteps(second.key())).containsExactlyInAnyOrder(BEGUN, CHARGED);
    }

    @Test
    void aClaimHandsOnTheStepsOfAllClaimsBeforeAndDoesSoAgainIfItIsRepeated() {
        ClaimResult.Claimed first = claimed(request());
        assertThat(first.steps()).isEmpty();
        recordAll(first.claim(), List.of(BEGUN));
        elapse(LEASE);

        ClaimResult.Claimed second = claimed(request());
        assertThat(second.steps()).containsExactly(BEGUN);
        recordAll(second.claim(), List.of(RESERVED, CHARGED));
        assertThat(store().abandon(second.claim())).isTrue();

        ClaimRequest request = request();
        assertThat(claimed(request).steps()).containsExactlyInAnyOrder(RESERVED, CHARGED);
        assertThat(expect(ClaimResult.Claimed.class, otherNode().claim(request)).steps())
                .containsExactlyInAnyOrder(RESERVED, CHARGED);
    }

    @Test
    void aStepIsRefusedToAClaimThatWasTakenOverAndNothingChanges() {
        Claim stale = claim();
        recordAll(stale, List.of(BEGUN));
        elapse(LEASE);
        Claim successor = claim();

        assertThat(otherNode().recordStep(stale, RESERVED)).isFalse();
        assertThat(otherNode().recordStep(stale, CHARGED)).isFalse();

        assertThat(store().findSteps(key)).containsExactly(BEGUN);
        assertHandedOn(List.of(BEGUN), successor);
    }

    @Test
    void aStepIsRefusedToAClaimThatCompleted() {
        Claim claim = completed();

        assertThat(store().recordStep(claim, RESERVED)).isFalse();

        assertThat(store().findSteps(key)).isEmpty();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void aStepIsRefusedToAClaimThatWasReleasedWithOrWithoutSteps() {
        Claim without = claim(key("without"));
        assertThat(store().release(without)).isTrue();
        Claim with = claim(key("with"));
        recordAll(with, List.of(RESERVED));
        assertThat(store().release(with, RETENTION)).isTrue();

        assertThat(store().recordStep(without, RESERVED)).isFalse();
        assertThat(store().recordStep(with, CHARGED)).isFalse();

        assertThat(store().find(without.key())).isNull();
        assertThat(store().findSteps(without.key())).isEmpty();
        assertThat(store().findSteps(with.key())).containsExactly(RESERVED);
    }

    @Test
    void anAbandonedClaimThatNobodyTookOverCanRecordSteps() {
        Claim claim = claim();
        elapse(LEASE.multipliedBy(2));

        recordAll(claim, List.of(RESERVED));

        assertThat(found(key).isAbandoned()).isTrue();
        assertHandedOn(List.of(RESERVED), claim);
    }

    @Test
    void renewingAndAbandoningKeepTheSteps() {
        Claim claim = claim();
        recordAll(claim, List.of(BEGUN, CHARGED));

        assertThat(store().renew(List.of(claim), LEASE).renewed()).containsExactly(claim);
        assertThat(otherNode().findSteps(key)).containsExactlyInAnyOrder(BEGUN, CHARGED);

        assertHandedOn(List.of(BEGUN, CHARGED), claim);
    }

    @Test
    void aKeyThatIsFreeOrCompletedHasNoSteps() {
        assertThat(store().findSteps(key)).isEmpty();
        Claim claim = claim();
        assertThat(store().findSteps(key)).isEmpty();
        recordAll(claim, List.of(RESERVED));

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();

        assertThat(store().findSteps(key)).isEmpty();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void noStepOutlivesTheCompletedRecord() {
        Claim claim = claim();
        recordAll(claim, List.of(RESERVED));
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        elapse(RETENTION);

        assertFreshLife();
    }

    @Test
    void noStepOutlivesACompletedRecordThatWasForgotten() {
        Claim claim = claim();
        recordAll(claim, List.of(RESERVED));
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        assertThat(store().forget(key, claim.fencingToken())).isTrue();
        elapse(MOMENT);

        assertFreshLife();
    }

    @Test
    void noStepOutlivesAnAbandonedRecordThatWasForgotten() {
        Claim claim = claim();
        recordAll(claim, List.of(RESERVED));
        assertThat(store().abandon(claim)).isTrue();
        assertThat(store().forget(key, claim.fencingToken())).isTrue();
        elapse(MOMENT);

        assertFreshLife();
    }

    @Test
    void noStepOutlivesAReleaseThatDoesNotKeepThem() {
        Claim claim = claim();
        recordAll(claim, List.of(BEGUN, CHARGED));

        assertThat(otherNode().release(claim)).isTrue();

        assertThat(store().find(key)).isNull();
        elapse(MOMENT);
        assertFreshLife();
    }

    /** The key is free, and its next claims are handed nothing. */
    private void assertFreshLife() {
        assertThat(store().findSteps(key)).isEmpty();
        ClaimResult.Claimed first = claimed(request(OTHER_PAYMENT, false));
        assertThat(first.steps()).isEmpty();
        assertThat(first.takeovers()).isZero();
        assertThat(found(key).claimedAt()).isEqualTo(first.firstClaimedAt());
        assertThat(store().findSteps(key)).isEmpty();
        elapse(LEASE);
        assertThat(claimed(request(OTHER_PAYMENT, true)).steps()).isEmpty();
    }

    /** Others find exactly these steps, and so does whoever takes over from the claim. */
    private void assertHandedOn(List<RecordedStep> steps, Claim claim) {
        assertThat(otherNode().findSteps(claim.key())).containsExactlyInAnyOrderElementsOf(steps);
        assertThat(store().abandon(claim)).isTrue();
        assertThat(expect(ClaimResult.Claimed.class, otherNode().claim(request(claim.key())))
                        .steps())
                .containsExactlyInAnyOrderElementsOf(steps);
    }

    private void recordAll(Claim claim, List<RecordedStep> steps) {
        for (RecordedStep step : steps) {
            assertThat(store().recordStep(claim, step)).as("record " + step).isTrue();
        }
    }

    // released with steps

    @Test
    void aClaimWithoutStepsIsReleasedToBeFreeEvenIfStepsWouldBeKept() {
        ClaimResult.Claimed first = claimed(request());

        assertThat(otherNode().release(first.claim(), RETENTION)).isTrue();

        assertThat(store().find(key)).isNull();
        elapse(MOMENT);
        assertThat(store().complete(first.claim(), RECEIPT, RETENTION)).isFalse();
        ClaimResult.Claimed second = claimed(request(OTHER_PAYMENT, false));
        assertThat(second.firstClaimedAt()).isAfter(first.firstClaimedAt());
        assertThat(second.claim().fencingToken()).isGreaterThan(first.claim().fencingToken());
        assertThat(second.steps()).isEmpty();
    }

    @Test
    void aRecordReleasedWithStepsIsShownWithItsTimes() {
        ClaimResult.Claimed first = claimed(request());
        elapse(LEASE);
        ClaimResult.Claimed second = claimed(request());
        recordAll(second.claim(), List.of(BEGUN, CHARGED));
        elapse(Duration.ofSeconds(10));

        assertThat(otherNode().release(second.claim(), RETENTION)).isTrue();

        IdempotencyRecord record = found(key);
        assertThat(record.key()).isEqualTo(key);
        assertThat(record.fencingToken()).isEqualTo(second.claim().fencingToken());
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertCloseTo(record.claimedAt(), first.firstClaimedAt().plus(LEASE));
        assertThat(record.outcome()).isNull();
        assertThat(record.isAbandoned()).isFalse();
        assertThat(record.leaseRemaining()).isZero();
        IdempotencyRecord.Released state = expect(IdempotencyRecord.Released.class, record.state());
        assertCloseTo(state.releasedAt(), first.firstClaimedAt().plus(LEASE).plusSeconds(10));
        assertCloseTo(state.retainedUntil(), state.releasedAt().plus(RETENTION));
        assertThat(otherNode().findSteps(key)).containsExactlyInAnyOrder(BEGUN, CHARGED);
    }

    @Test
    void aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver() {
        ClaimResult.Claimed first = claimed(request());
        elapse(LEASE);
        Claim second = claim();
        recordAll(second, List.of(RESERVED, CHARGED));
        assertThat(store().release(second, RETENTION)).isTrue();
        elapse(Duration.ofMinutes(10));
        purge();

        ClaimRequest request = request(PAYMENT, false);
        ClaimResult.Claimed third =
                expect(ClaimResult.Claimed.class, otherNode().claim(request));

        assertThat(third.claim().id()).isEqualTo(request.claimId());
        assertThat(third.claim().fencingToken()).isGreaterThan(second.fencingToken());
        assertThat(third.takeovers()).isZero();
        assertThat(third.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertThat(third.steps()).containsExactlyInAnyOrder(RESERVED, CHARGED);
        assertThat(store().claim(request)).isEqualTo(third);
        IdempotencyRecord record = found(key);
        assertThat(record.fencingToken()).isEqualTo(third.claim().fencingToken());
        assertThat(record.takeovers()).isZero();
        assertThat(record.leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
        assertCloseTo(record.claimedAt(), first.firstClaimedAt().plus(LEASE).plus(Duration.ofMinutes(10)));
        // Nothing is left of the retention that its release said.
        elapse(RETENTION.multipliedBy(2));
        purge();
        assertThat(found(key).isAbandoned()).isTrue();
        assertThat(store().complete(third.claim(), RECEIPT, RETENTION)).isTrue();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void aClaimWithoutAFingerprintContinuesAndKeepsThatOfTheFirst() {
        releasedWithSteps();

        assertThat(claimed(request(Fingerprint.none(), true)).steps()).containsExactly(RESERVED);

        assertThat(found(key).fingerprint()).isEqualTo(PAYMENT);
    }

    @Test
    void whatWasReleasedWithStepsIsRefusedToAnotherFingerprintWithNothingChanged() {
        Claim claim = releasedWithSteps();

        for (boolean mayTakeOver : List.of(true, false)) {
            IdempotencyRecord record = expect(
                            ClaimResult.Abandoned.class, otherNode().claim(request(OTHER_PAYMENT, mayTakeOver)))
                    .record();
            assertThat(record.state()).isEqualTo(found(key).state()).isInstanceOf(IdempotencyRecord.Released.class);
            assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
            assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        }

        assertThat(claimed(request()).steps()).containsExactly(RESERVED);
    }

    @Test
    void aClaimThatWasReleasedWithStepsCanWriteNothing() {
        Claim released = releasedWithSteps();

        assertThat(store().complete(released, RECEIPT, RETENTION)).isFalse();
        assertThat(store().renew(List.of(released), LEASE).renewed()).isEmpty();
        assertThat(store().abandon(released)).isFalse();
        assertThat(store().recordStep(released, CHARGED)).isFalse();
        // Whether it is told again that it was released is the store's choice.
        boolean unused = store().release(released, Duration.ofDays(30));

        IdempotencyRecord record = found(key);
        IdempotencyRecord.Released state = expect(IdempotencyRecord.Released.class, record.state());
        assertCloseTo(state.retainedUntil(), record.claimedAt().plus(RETENTION));
        Claim successor = claim();
        assertRefused(released);
        assertHandedOn(List.of(RESERVED), successor);
    }

    @Test
    void aRecordCanBeReleasedWithStepsAgainAndAgain() {
        Claim first = releasedWithSteps();
        ClaimResult.Claimed second = claimed(request());
        recordAll(second.claim(), List.of(CHARGED));
        elapse(Duration.ofMinutes(30));
        assertThat(store().release(second.claim(), RETENTION)).isTrue();
        elapse(Duration.ofMinutes(45));

        ClaimResult.Claimed third = claimed(request());

        assertThat(third.steps()).containsExactlyInAnyOrder(RESERVED, CHARGED);
        assertThat(third.firstClaimedAt()).isEqualTo(second.firstClaimedAt());
        // A claim that recorded none itself keeps those of the claims before it.
        assertThat(store().release(third.claim(), RETENTION)).isTrue();
        assertThat(store().findSteps(key)).containsExactlyInAnyOrder(RESERVED, CHARGED);
        assertThat(List.of(first, second.claim(), third.claim()))
                .extracting(Claim::fencingToken)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    @Test
    void whatWasReleasedWithStepsIsFreeAfterTheirRetentionAndHandsNothingOver() {
        Claim released = releasedWithSteps();
        IdempotencyRecord record = found(key);
        elapse(RETENTION.minus(SLACK));
        purge();
        assertThat(found(key).state()).isEqualTo(record.state());
        assertThat(store().findSteps(key)).containsExactly(RESERVED);
        elapse(SLACK);

        assertThat(store().find(key)).isNull();
        assertThat(store().findSteps(key)).isEmpty();
        assertThat(store().forget(key, released.fencingToken())).isFalse();
        assertThat(store().recordStep(released, CHARGED)).isFalse();
        assertFreshLife();
        assertThat(found(key).firstClaimedAt())
                .isAfterOrEqualTo(record.firstClaimedAt().plus(RETENTION));
        assertThat(found(key).fencingToken()).isGreaterThan(released.fencingToken());
    }

    @Test
    void whatWasReleasedWithStepsHandsNothingOverOnceItIsPurged() {
        Claim released = releasedWithSteps();
        elapse(RETENTION.multipliedBy(2));
        purge();

        assertFreshLife();
        assertThat(found(key).fencingToken()).isGreaterThan(released.fencingToken());
    }

    @Test
    void whatWasReleasedWithStepsIsForgottenIfItsTokenIsKnown() {
        Claim released = releasedWithSteps();

        assertThat(store().forget(key, released.fencingToken() - 1)).isFalse();
        assertThat(store().forget(key, released.fencingToken() + 1)).isFalse();
        assertThat(found(key).state()).isInstanceOf(IdempotencyRecord.Released.class);
        assertThat(otherNode().forget(key, released.fencingToken())).isTrue();

        assertThat(store().find(key)).isNull();
        elapse(MOMENT);
        assertFreshLife();
        assertThat(found(key).fencingToken()).isGreaterThan(released.fencingToken());
    }

    private Claim releasedWithSteps() {
        Claim claim = claim();
        recordAll(claim, List.of(RESERVED));
        assertThat(store().release(claim, RETENTION)).isTrue();
        return claim;
    }

    // takeOver

    @Test
    void anAbandonedKeyIsTakenOverByWhoeverSawItsTokenWhateverItsRequestSaid() {
        ClaimResult.Claimed first = claimed(request());
        recordAll(first.claim(), List.of(BEGUN, CHARGED));
        elapse(LEASE);
        UUID claimId = UUID.randomUUID();

        ClaimResult.Claimed second = takenOver(first.claim().fencingToken(), claimId);

        assertThat(second.claim().key()).isEqualTo(key);
        assertThat(second.claim().id()).isEqualTo(claimId);
        assertThat(second.claim().fencingToken()).isGreaterThan(first.claim().fencingToken());
        assertThat(second.takeovers()).isEqualTo(1);
        assertThat(second.firstClaimedAt()).isEqualTo(first.firstClaimedAt());
        assertThat(second.steps()).containsExactlyInAnyOrder(BEGUN, CHARGED);
        IdempotencyRecord record = found(key);
        assertThat(record.fingerprint()).isEqualTo(PAYMENT);
        assertThat(record.fencingToken()).isEqualTo(second.claim().fencingToken());
        assertThat(record.takeovers()).isEqualTo(1);
        assertCloseTo(record.claimedAt(), first.firstClaimedAt().plus(LEASE));
        assertThat(record.leaseRemaining()).isBetween(LEASE.minus(SLACK), LEASE);
        assertRefused(first.claim());
        assertThat(store().claim(request())).isInstanceOf(ClaimResult.InProgress.class);
        recordAll(second.claim(), List.of(RESERVED));
        assertThat(store().complete(second.claim(), RECEIPT, RETENTION)).isTrue();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
    }

    @Test
    void takingOverAgainWithTheSameClaimIdGetsTheSameAnswerAndNoLongerLease() {
        Claim first = claim();
        recordAll(first, List.of(RESERVED));
        elapse(LEASE);
        UUID claimId = UUID.randomUUID();
        ClaimResult.Claimed second = takenOver(first.fencingToken(), claimId);
        elapse(Duration.ofSeconds(15));

        assertThat(store().takeOver(key, first.fencingToken(), claimId, LEASE)).isEqualTo(second);

        assertThat(found(key).leaseRemaining()).isBetween(Duration.ofSeconds(15).minus(SLACK), Duration.ofSeconds(15));
        assertNotTakenOver(first.fencingToken());
        assertNotTakenOver(second.claim().fencingToken());
    }

    @Test
    void takingOverAgainAfterOnesOwnLeaseNeedsTheTokenOfTheRecord() {
        Claim first = claim();
        elapse(LEASE);
        UUID claimId = UUID.randomUUID();
        ClaimResult.Claimed second = takenOver(first.fencingToken(), claimId);
        elapse(LEASE);

        assertThat(store().takeOver(key, first.fencingToken(), claimId, LEASE)).isNull();
        ClaimResult.Claimed third = takenOver(second.claim().fencingToken(), claimId);

        assertThat(third.takeovers()).isEqualTo(2);
        assertThat(third.claim().fencingToken()).isGreaterThan(second.claim().fencingToken());
        assertRefused(second.claim());
    }

    @Test
    void aLiveKeyIsNotTakenOver() {
        Claim claim = claim();
        elapse(LEASE.minus(SLACK));

        assertNotTakenOver(claim.fencingToken());

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void anAbandonedKeyIsNotTakenOverWithAnotherTokenThanItsOwn() {
        Claim first = claim();
        assertThat(store().abandon(first)).isTrue();
        Claim second = claim();
        assertThat(store().abandon(second)).isTrue();

        assertNotTakenOver(first.fencingToken());
        assertNotTakenOver(second.fencingToken() - 1);
        assertNotTakenOver(second.fencingToken() + 1);

        assertThat(found(key).isAbandoned()).isTrue();
        assertThat(store().complete(second, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void whatIsNotInProgressIsNotTakenOver() {
        assertNotTakenOver(1);
        assertThat(store().find(key)).isNull();

        Claim released = claim();
        assertThat(store().release(released)).isTrue();
        assertNotTakenOver(released.fencingToken());
        assertThat(store().find(key)).isNull();
        elapse(MOMENT);

        Claim releasedWithSteps = releasedWithSteps();
        assertNotTakenOver(releasedWithSteps.fencingToken());
        elapse(LEASE);
        assertNotTakenOver(releasedWithSteps.fencingToken());
        assertThat(found(key).state()).isInstanceOf(IdempotencyRecord.Released.class);

        Claim completed = completed();
        assertNotTakenOver(completed.fencingToken());
        elapse(LEASE);
        assertNotTakenOver(completed.fencingToken());
        assertThat(store().takeOver(key, completed.fencingToken(), completed.id(), LEASE))
                .isNull();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
        elapse(RETENTION);
        assertNotTakenOver(completed.fencingToken());
        assertThat(store().find(key)).isNull();
    }

    private void assertNotTakenOver(long expectedToken) {
        assertThat(otherNode().takeOver(key, expectedToken, UUID.randomUUID(), LEASE))
                .isNull();
    }

    private ClaimResult.Claimed takenOver(long expectedToken, UUID claimId) {
        return expect(ClaimResult.Claimed.class, otherNode().takeOver(key, expectedToken, claimId, LEASE));
    }

    // list

    @Test
    void abandonedRecordsAreListedAndNoOthers() {
        Claim abandoned = claim(key("abandoned"));
        assertThat(store().abandon(abandoned)).isTrue();
        claim(key("dead"));
        Claim withSteps = claim(key("with steps"));
        recordAll(withSteps, List.of(RESERVED));
        Claim renewed = claim(key("renewed"));
        Claim completed = claim(key("completed"));
        assertThat(store().complete(completed, RECEIPT, RETENTION)).isTrue();
        Claim expired = claim(key("expired"));
        assertThat(store().complete(expired, RECEIPT, Duration.ofSeconds(1))).isTrue();
        Claim released = claim(key("released"));
        assertThat(store().release(released)).isTrue();
        Claim releasedWithSteps = claim(key("released with steps"));
        recordAll(releasedWithSteps, List.of(RESERVED));
        assertThat(store().release(releasedWithSteps, RETENTION)).isTrue();
        Claim forgotten = claim(key("forgotten"));
        assertThat(store().abandon(forgotten)).isTrue();
        assertThat(store().forget(forgotten.key(), forgotten.fencingToken())).isTrue();
        assertThat(store().renew(List.of(renewed), Duration.ofHours(1)).renewed())
                .containsExactly(renewed);
        elapse(LEASE);
        claim(key("live"));

        List<IdempotencyRecord> records =
                otherNode().list(RecordQuery.abandoned().ofOperation(operation));

        assertThat(records)
                .extracting(IdempotencyRecord::key)
                .containsExactlyInAnyOrder(key("abandoned"), key("dead"), key("with steps"));
        for (IdempotencyRecord record : records) {
            IdempotencyRecord found = found(record.key());
            assertThat(record.fencingToken()).isEqualTo(found.fencingToken());
            assertThat(record.fingerprint()).isEqualTo(PAYMENT);
            assertThat(record.firstClaimedAt()).isEqualTo(found.firstClaimedAt());
            assertThat(record.claimedAt()).isEqualTo(found.claimedAt());
            assertThat(record.state()).isEqualTo(found.state());
            assertThat(record.isAbandoned()).isTrue();
            assertCloseTo(record.observedAt(), found.observedAt());
        }
        assertThat(otherNode().list(RecordQuery.inProgress(Duration.ZERO).ofOperation(operation)))
                .extracting(IdempotencyRecord::key)
                .containsExactlyInAnyOrder(
                        key("abandoned"), key("dead"), key("with steps"), key("renewed"), key("live"));
    }

    @Test
    void recordsInProgressAreListedByTheTimeSinceTheirLastClaim() {
        Claim renewed = claim(key("renewed"));
        Claim takenOver = claim(key("taken over"));
        claim(key("abandoned"));
        elapse(Duration.ofMinutes(5));
        assertThat(store().renew(List.of(renewed), Duration.ofHours(1)).renewed())
                .containsExactly(renewed);
        expect(ClaimResult.Claimed.class, store().claim(request(takenOver.key())));
        elapse(Duration.ofMinutes(5));
        claim(key("live"));

        assertListed(RecordQuery.inProgress(Duration.ofMinutes(20)));
        assertListed(RecordQuery.inProgress(Duration.ofMinutes(10)), "renewed", "abandoned");
        assertListed(RecordQuery.inProgress(Duration.ofMinutes(5)), "renewed", "abandoned", "taken over");
        assertListed(RecordQuery.inProgress(Duration.ZERO), "renewed", "abandoned", "taken over", "live");
        assertListed(RecordQuery.abandoned(), "abandoned", "taken over");
    }

    private void assertListed(RecordQuery query, String... values) {
        assertThat(otherNode().list(query.ofOperation(operation)))
                .extracting(record -> record.key().value())
                .containsExactlyInAnyOrder(values);
    }

    @Test
    void recordsOfOneOperationAreListedAndThoseOfNoOther() {
        String cut = operation.substring(0, operation.length() - 1);
        List<IdempotencyKey> mine = List.of(
                key("a"),
                key("A"),
                key(operation + "-x:a"),
                key("%"),
                key("*"),
                new IdempotencyKey(operation, "tenant", "a"),
                new IdempotencyKey(operation, "ten:ant\\@", "a"));
        List<IdempotencyKey> others = List.of(
                IdempotencyKey.of(operation + "-x", "a"),
                IdempotencyKey.of(operation + "x", "a"),
                IdempotencyKey.of(cut, "a"),
                IdempotencyKey.of(cut + "_", "a"),
                IdempotencyKey.of(operation.toUpperCase(Locale.ROOT), "a"),
                new IdempotencyKey(operation + "-x", "tenant", "a"),
                IdempotencyKey.of("x-" + operation, operation + ":a"));
        mine.forEach(this::claim);
        others.forEach(this::claim);

        assertThat(otherNode().list(RecordQuery.inProgress(Duration.ZERO).ofOperation(operation)))
                .extracting(IdempotencyRecord::key)
                .containsExactlyInAnyOrderElementsOf(mine);
        assertThat(otherNode().list(RecordQuery.inProgress(Duration.ZERO).ofOperation(cut + "_")))
                .extracting(IdempotencyRecord::key)
                .containsExactly(others.get(3));
        assertThat(paged(RecordQuery.inProgress(Duration.ZERO).limit(1_000)))
                .extracting(IdempotencyRecord::key)
                .containsAll(mine)
                .containsAll(others)
                .doesNotHaveDuplicates();
    }

    @Test
    void pagesShowEveryRecordOnceInOneOrder() {
        List<IdempotencyKey> keys = new ArrayList<>(List.of(
                key("a"),
                key("A"),
                key("b"),
                key("B"),
                key("ä"),
                key("a "),
                key("a-1"),
                key("a1"),
                key("\uD83D\uDE00"),
                key("\uFFFD"),
                key("x".repeat(IdempotencyKey.MAXIMUM_LENGTH)),
                new IdempotencyKey(operation, "a", "a"),
                new IdempotencyKey(operation, "A", "a"),
                new IdempotencyKey(operation, "a", "b")));
        keys.forEach(each -> assertThat(store().abandon(claim(each))).isTrue());
        RecordQuery all = RecordQuery.abandoned().ofOperation(operation);
        List<IdempotencyKey> listed = keysOf(otherNode().list(all));
        assertThat(listed).containsExactlyInAnyOrderElementsOf(keys);

        for (int limit : List.of(1, 3, keys.size(), keys.size() + 1)) {
            assertThat(keysOf(paged(all.limit(limit)))).isEqualTo(listed);
            assertThat(otherNode().list(all.limit(limit))).hasSize(Math.min(limit, keys.size()));
        }
        assertThat(otherNode().list(all.after(listed.get(keys.size() - 1)))).isEmpty();
    }

    @Test
    void aPageGoesOnWhereTheLastOneEndedEvenIfItsRecordsAreGone() {
        for (int index = 0; index < 6; index++) {
            assertThat(store().abandon(claim(key("record-" + index)))).isTrue();
        }
        RecordQuery query = RecordQuery.abandoned().ofOperation(operation);
        List<IdempotencyKey> all = keysOf(store().list(query));
        List<IdempotencyRecord> page = otherNode().list(query.limit(3));
        for (IdempotencyRecord record : page) {
            assertThat(store().forget(record.key(), record.fencingToken())).isTrue();
        }

        assertThat(keysOf(otherNode().list(query.after(page.get(2).key())))).isEqualTo(all.subList(3, 6));
    }

    /** All pages, each as long as the query says but for the last one. */
    private List<IdempotencyRecord> paged(RecordQuery query) {
        List<IdempotencyRecord> records = new ArrayList<>();
        List<IdempotencyRecord> page = otherNode().list(query);
        records.addAll(page);
        // Bounded, so that a store whose pages do not go on fails the test and does not hang it.
        for (int pages = 1; page.size() == query.limit() && pages < 1_000; pages++) {
            page = otherNode().list(query.after(page.get(page.size() - 1).key()));
            records.addAll(page);
        }
        assertThat(page).hasSizeLessThan(query.limit());
        return records;
    }

    private static List<IdempotencyKey> keysOf(List<IdempotencyRecord> records) {
        return records.stream().map(IdempotencyRecord::key).toList();
    }

    // find, forget

    @Test
    void aFreeKeyHasNoRecord() {
        assertThat(store().find(key)).isNull();
        assertThat(store().forget(key, 1)).isFalse();
    }

    @Test
    void aRecordInProgressIsShownAsTheStoresClockSeesIt() {
        ClaimResult.Claimed claimed = claimed(request());
        elapse(Duration.ofSeconds(10));
        IdempotencyRecord live = found(key);
        elapse(Duration.ofSeconds(20));
        IdempotencyRecord abandoned = found(key);

        assertCloseTo(live.observedAt(), claimed.firstClaimedAt().plusSeconds(10));
        assertThat(live.claimedSince())
                .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(10).plus(SLACK));
        assertThat(live.leaseRemaining()).isBetween(Duration.ofSeconds(20).minus(SLACK), Duration.ofSeconds(20));
        assertThat(live.isAbandoned()).isFalse();
        assertCloseTo(abandoned.observedAt(), claimed.firstClaimedAt().plus(LEASE));
        assertThat(abandoned.leaseRemaining()).isZero();
        assertThat(abandoned.isAbandoned()).isTrue();
        assertThat(abandoned.state()).isEqualTo(live.state());
    }

    @Test
    void nearbyThereIsNothingButACompletedRecordWithinItsRetention() {
        assertThat(nearby(key)).as("free").isNull();
        Claim claim = claim();
        assertThat(nearby(key)).as("in progress").isNull();
        elapse(LEASE);
        assertThat(nearby(key)).as("abandoned").isNull();
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        NearbyOutcome nearby = nearby(key);
        assertThat(nearby != null).as("completed").isEqualTo(answersNearby());
        if (nearby != null) {
            assertThat(nearby.fingerprint()).isEqualTo(PAYMENT);
            assertThat(nearby.outcome()).isEqualTo(RECEIPT);
        }
        assertThat(nearby(key("another"))).as("another").isNull();
        elapse(RETENTION);
        assertThat(nearby(key)).as("expired").isNull();
    }

    @Test
    void aCompletedRecordByValueTellsTheTimeAtWhichItWasGiven() {
        completed();
        elapse(Duration.ofSeconds(10));

        IdempotencyRecord claimed = expect(
                        ClaimResult.Completed.class, otherNode().claim(request()))
                .record();

        // What is left of its retention can then be told without a clock of one's own.
        if (!store().keepsReferences()) {
            for (IdempotencyRecord record : List.of(claimed, found(key))) {
                assertThat(record.observedAt())
                        .isAfterOrEqualTo(record.claimedAt().plusSeconds(10));
            }
        }
    }

    @Test
    void whatWasForgottenHereIsNotNearbyAnyMore() {
        Claim claim = completed();
        assertThat(nearby(key) != null).isEqualTo(answersNearby());
        assertThat(store().forget(key, claim.fencingToken())).isTrue();

        assertThat(nearby(key)).isNull();
    }

    @Test
    void aLiveRecordIsNotForgotten() {
        Claim claim = claim();

        assertThat(store().forget(key, claim.fencingToken())).isFalse();

        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void aCompletedRecordIsForgottenIfItsTokenIsKnown() {
        Claim claim = completed();

        assertThat(store().forget(key, claim.fencingToken() - 1)).isFalse();
        assertThat(store().forget(key, claim.fencingToken() + 1)).isFalse();
        assertThat(found(key).outcome()).isEqualTo(RECEIPT);
        assertThat(otherNode().forget(key, claim.fencingToken())).isTrue();

        assertThat(store().find(key)).isNull();
        assertThat(store().forget(key, claim.fencingToken())).isFalse();
        elapse(MOMENT);
        assertThat(claimed(request(OTHER_PAYMENT, false)).takeovers()).isZero();
    }

    @Test
    void anAbandonedRecordIsForgottenIfItsTokenIsKnown() {
        Claim claim = claim();
        elapse(LEASE);

        assertThat(store().forget(key, claim.fencingToken() - 1)).isFalse();
        assertThat(found(key).isAbandoned()).isTrue();
        assertThat(otherNode().forget(key, claim.fencingToken())).isTrue();

        assertThat(store().find(key)).isNull();
        assertRefused(claim);
        elapse(MOMENT);
        assertThat(claimed(request(OTHER_PAYMENT, false)).takeovers()).isZero();
    }

    @Test
    void aRecordSeenBeforeATakeOverIsNotForgottenAfterIt() {
        Claim first = claim();
        assertThat(store().abandon(first)).isTrue();
        Claim second = claim();
        assertThat(store().abandon(second)).isTrue();

        assertThat(store().forget(key, first.fencingToken())).isFalse();

        assertThat(found(key).fencingToken()).isEqualTo(second.fencingToken());
    }

    @Test
    void anExpiredRecordCannotBeForgottenForItIsGone() {
        Claim claim = completed();
        elapse(RETENTION);

        assertThat(store().forget(key, claim.fencingToken())).isFalse();
    }

    // keys

    @Test
    void keysThatDifferInCaseAreDifferentKeys() {
        assertDifferent(
                key("req-a"),
                key("REQ-A"),
                key("straße"),
                key("strasse"),
                key("STRASSE"),
                key("i"),
                key("I"),
                key("İ"),
                key("ı"));
        assertDifferent(new IdempotencyKey(operation, "tenant", "a"), new IdempotencyKey(operation, "Tenant", "a"));
        assertDifferent(
                IdempotencyKey.of(operation + "-x", "operation"), IdempotencyKey.of(operation + "-X", "operation"));
    }

    @Test
    void keysThatDifferInSpacesAreDifferentKeys() {
        assertDifferent(key("a"), key("a "), key(" a"), key("a  "), key("a\u00a0"), key("a\u200b"));
        assertDifferent(
                new IdempotencyKey(operation, "", "spaced"),
                new IdempotencyKey(operation, " ", "spaced"),
                new IdempotencyKey(operation, "  ", "spaced"));
    }

    @Test
    void keysThatDifferInUnicodeNormalisationAreDifferentKeys() {
        assertDifferent(key("\u00e9"), key("e\u0301"), key("e"), key("é "));
        assertDifferent(key("ﬁ"), key("fi"), key("①"), key("1"), key("\u212b"), key("\u00c5"));
    }

    @Test
    void keysWhosePartsOnlyJoinToTheSameTextAreDifferentKeys() {
        assertDifferent(
                new IdempotencyKey(operation, "a", "b:c"),
                new IdempotencyKey(operation, "a:b", "c"),
                new IdempotencyKey(operation, "", "a:b:c"),
                new IdempotencyKey(operation, "ab", "c"),
                new IdempotencyKey(operation, "a", "bc"),
                new IdempotencyKey(operation, "b", "a"),
                new IdempotencyKey(operation, "a\\", ":b"),
                new IdempotencyKey(operation, "a", "\\:b"),
                new IdempotencyKey(operation, "a|b", "c"),
                new IdempotencyKey(operation, "a", "b|c"),
                new IdempotencyKey(operation + "-a", "", "b"),
                new IdempotencyKey(operation, "a", "b"));
    }

    @Test
    void supplementaryCharactersAreKept() {
        assertDifferent(
                key("\uD83D\uDE00"), key("\uD83D\uDE01"), key("\uD83D\uDE00\uD83D\uDE00"), key("?"), key("\uFFFD"));
    }

    @Test
    void keysOfGreatestLengthThatDifferInTheLastCharacterAreDifferentKeys() {
        assertDifferent(key("x".repeat(254) + "a"), key("x".repeat(254) + "b"), key("x".repeat(254)));
        assertDifferent(key("€".repeat(254) + "a"), key("€".repeat(254) + "b"));
        assertDifferent(
                new IdempotencyKey(operation, "€".repeat(254) + "a", "€".repeat(255)),
                new IdempotencyKey(operation, "€".repeat(254) + "b", "€".repeat(255)));
        String longest = operation + "o".repeat(IdempotencyKey.MAXIMUM_OPERATION_LENGTH - operation.length());
        assertDifferent(
                IdempotencyKey.of(longest, "a"), IdempotencyKey.of(longest.substring(0, longest.length() - 1), "a"));
    }

    @Test
    void whatLooksLikeTheStoresOwnLanguageIsOnlyAKey() {
        assertDifferent(
                key("'; DROP TABLE idempotency; --"), key("%"), key("_"), key("*"), key("{a}"), key("$1"), key("\\"));
    }

    /** Claims all of them, and then finds for each the outcome that was recorded for it. */
    private void assertDifferent(IdempotencyKey... keys) {
        List<Claim> claims = new ArrayList<>();
        for (IdempotencyKey each : keys) {
            claims.add(claim(each));
        }
        for (Claim claim : claims) {
            assertThat(store().complete(claim, encoded("outcome of " + claim.fencingToken()), RETENTION))
                    .isTrue();
        }
        for (Claim claim : claims) {
            IdempotencyRecord record = found(claim.key());
            assertThat(record.key()).isEqualTo(claim.key());
            assertThat(record.outcome()).isEqualTo(encoded("outcome of " + claim.fencingToken()));
        }
    }

    // races

    @Test
    void ofManyThreadsThatClaimAKeyExactlyOneGetsIt() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);

            List<ClaimResult> results = race(THREADS, node -> node.claim(request(contested)));

            assertOneClaimed(results, contested);
        }
    }

    @Test
    void ofManyThreadsThatClaimAnExpiredKeyExactlyOneGetsIt() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            assertThat(store().complete(claim(contested), RECEIPT, RETENTION)).isTrue();
            elapse(RETENTION);

            List<ClaimResult> results = race(THREADS, node -> node.claim(request(contested)));

            assertOneClaimed(results, contested);
        }
    }

    @Test
    void ofThoseThatTakeOverAnAbandonedKeyExactlyOneGetsIt() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            assertThat(store().abandon(claim(contested))).isTrue();

            List<ClaimResult> results = race(2 + round % 3, node -> node.claim(request(contested)));

            assertOneClaimed(results, contested);
            assertThat(found(contested).takeovers()).isEqualTo(1);
        }
    }

    private void assertOneClaimed(List<ClaimResult> results, IdempotencyKey contested) {
        List<ClaimResult.Claimed> claimed = results.stream()
                .filter(ClaimResult.Claimed.class::isInstance)
                .map(ClaimResult.Claimed.class::cast)
                .toList();
        assertThat(claimed).hasSize(1);
        long token = claimed.get(0).claim().fencingToken();
        assertThat(found(contested).fencingToken()).isEqualTo(token);
        assertThat(results)
                .filteredOn(result -> !(result instanceof ClaimResult.Claimed))
                .allSatisfy(result -> assertThat(expect(ClaimResult.InProgress.class, result)
                                .record()
                                .fencingToken())
                        .isEqualTo(token));
    }

    @Test
    void ofOldAndNewOwnerThatCompleteAtOnceOnlyTheNewOneDoes() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim old = claim(contested);
            assertThat(store().abandon(old)).isTrue();
            Claim successor = claim(contested);

            List<Boolean> completed = race(List.of(
                    () -> store().complete(old, RECEIPT, RETENTION),
                    () -> otherNode().complete(successor, OTHER_RECEIPT, RETENTION)));

            assertThat(completed).containsExactly(false, true);
            assertThat(found(contested).outcome()).isEqualTo(OTHER_RECEIPT);
        }
    }

    @Test
    void ofAnOwnerThatCompletesLateAndOneThatTakesOverExactlyOneWins() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim late = claim(contested);
            assertThat(store().abandon(late)).isTrue();

            List<Object> answers = race(List.of(
                    () -> store().complete(late, RECEIPT, RETENTION),
                    () -> otherNode().claim(request(contested))));

            Class<?> answer = answers.get(0).equals(true) ? ClaimResult.Completed.class : ClaimResult.Claimed.class;
            assertThat(answers.get(1)).isInstanceOf(answer);
            assertThat(found(contested).outcome()).isEqualTo(answers.get(0).equals(true) ? RECEIPT : null);
        }
    }

    @Test
    void ofAnOwnerThatRenewsLateAndOneThatTakesOverExactlyOneWins() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim late = claim(contested);
            assertThat(store().abandon(late)).isTrue();

            List<Object> answers = race(List.of(
                    () -> store().renew(List.of(late), LEASE).renewed().contains(late),
                    () -> otherNode().claim(request(contested))));

            Class<?> answer = answers.get(0).equals(true) ? ClaimResult.InProgress.class : ClaimResult.Claimed.class;
            assertThat(answers.get(1)).isInstanceOf(answer);
        }
    }

    @Test
    void aClaimThatIsCompletedAndReleasedAtOnceIsOneOfBoth() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim claim = claim(contested);

            List<Boolean> answers = race(List.of(
                    () -> store().complete(claim, RECEIPT, RETENTION),
                    () -> otherNode().release(claim)));

            assertThat(answers).containsExactlyInAnyOrder(true, false);
            assertThat(store().find(contested) != null).isEqualTo(answers.get(0));
        }
    }

    @Test
    void ofThoseThatTakeOverWithTheTokenExactlyOneGetsIt() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim abandoned = claim(contested);
            assertThat(store().abandon(abandoned)).isTrue();

            List<ClaimResult.Claimed> results = race(
                    2 + round % 3,
                    node -> node.takeOver(contested, abandoned.fencingToken(), UUID.randomUUID(), LEASE));

            results.removeIf(Objects::isNull);
            assertThat(results).hasSize(1);
            assertThat(found(contested).fencingToken())
                    .isEqualTo(results.get(0).claim().fencingToken());
            assertThat(found(contested).takeovers()).isEqualTo(1);
        }
    }

    @Test
    void ofAnOwnerThatCompletesLateAndOneThatTakesOverWithTheTokenExactlyOneWins() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim late = claim(contested);
            assertThat(store().abandon(late)).isTrue();

            List<Boolean> won = race(List.of(
                    () -> store().complete(late, RECEIPT, RETENTION),
                    () -> otherNode().takeOver(contested, late.fencingToken(), UUID.randomUUID(), LEASE) != null));

            assertThat(won).containsExactlyInAnyOrder(true, false);
            assertThat(found(contested).outcome()).isEqualTo(won.get(0) ? RECEIPT : null);
        }
    }

    @Test
    void aStepThatIsRecordedWhileAnotherTakesOverIsHandedOnOrRefused() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim late = claim(contested);
            assertThat(store().abandon(late)).isTrue();
            List<RecordedStep> recorded = new ArrayList<>();

            List<Object> answers = race(List.of(
                    () -> {
                        for (int number = 0; number < 5; number++) {
                            RecordedStep step = new RecordedStep("step-" + number, RECEIPT);
                            if (store().recordStep(late, step)) {
                                recorded.add(step);
                            }
                        }
                        return recorded;
                    },
                    () -> otherNode().claim(request(contested))));

            ClaimResult.Claimed successor = expect(ClaimResult.Claimed.class, answers.get(1));
            assertThat(successor.steps()).containsExactlyInAnyOrderElementsOf(recorded);
            assertThat(otherNode().findSteps(contested)).containsExactlyInAnyOrderElementsOf(recorded);
        }
    }

    @Test
    void aStepThatIsRecordedWhileItsClaimIsReleasedIsKeptOrRefused() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contested = key("contested-" + round);
            Claim claim = claim(contested);

            List<Boolean> answers = race(List.of(
                    () -> store().recordStep(claim, RESERVED), () -> otherNode().release(claim, RETENTION)));

            assertThat(answers.get(1)).isTrue();
            assertThat(claimed(request(contested)).steps()).isEqualTo(answers.get(0) ? List.of(RESERVED) : List.of());
        }
    }

    @Test
    void oneOwnerAtATimeWithTokensThatGrow() throws Exception {
        List<Long> tokens = new ArrayList<>();

        // The list is not safe for use by many threads: the key has to keep them apart.
        race(4, node -> {
            int turns = 0;
            // Bounded, so that a store that never gives the key back fails the test and does not hang it.
            for (int tries = 0; turns < ROUNDS && tries < 100_000; tries++) {
                if (node.claim(request(key)) instanceof ClaimResult.Claimed claimed) {
                    tokens.add(claimed.claim().fencingToken());
                    turns++;
                    assertThat(node.release(claimed.claim())).isTrue();
                }
            }
            return turns;
        });

        assertThat(tokens).hasSize(4 * ROUNDS).isSorted().doesNotHaveDuplicates();
    }

    // requests, of stores that keep them

    @Test
    void requestsAreKeptByStoresThatSaySo() {
        assertThat(store().unwrap(RecoverableRecords.class) != null).isEqualTo(keepsRequests());

        // Others ignore it.
        Claim claim = claim(key, ORDER);
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        assertThat(expect(ClaimResult.Completed.class, store().claim(requested(key, ORDER)))
                        .record()
                        .outcome())
                .isEqualTo(RECEIPT);
    }

    @Test
    void theRequestOfAClaimIsKeptAsItIsAndFoundByItsTokenOnly() {
        if (!keepsRequests()) {
            return;
        }
        byte[] random = new byte[1_000_000];
        new Random(1).nextBytes(random);
        for (RecordedRequest request :
                List.of(ORDER, new RecordedRequest(new byte[0]), new RecordedRequest(random), OTHER_ORDER)) {
            IdempotencyKey kept = key("of-" + request.content().length);
            Claim claim = claim(kept, request);

            assertThat(requestOf(claim)).isEqualTo(request);
            assertThat(recoverable().findRequest(kept, claim.fencingToken() + 1))
                    .isNull();
            assertThat(recoverable().findRequest(kept, claim.fencingToken() - 1))
                    .isNull();
            assertThat(recoverable().findRequest(key("of-" + request.content().length + "x"), claim.fencingToken()))
                    .isNull();
        }
        assertThat(requestOf(claim(key("none")))).isNull();
    }

    @Test
    void aClaimRepeatedWithAnotherRequestKeepsTheFirst() {
        if (!keepsRequests()) {
            return;
        }
        ClaimRequest first = requested(key, ORDER);
        Claim claim = claimed(first).claim();

        store().claim(new ClaimRequest(key, first.claimId(), PAYMENT, LEASE, true, null, OTHER_ORDER));
        assertThat(store().claim(requested(key, OTHER_ORDER))).isInstanceOf(ClaimResult.InProgress.class);

        assertThat(requestOf(claim)).isEqualTo(ORDER);
    }

    @Test
    void aRequestOutlivesTakeOversRenewalsAndSteps() {
        if (!keepsRequests()) {
            return;
        }
        claim(key, ORDER);
        elapse(LEASE);
        Claim second = claim(key, OTHER_ORDER);
        assertThat(requestOf(second)).isEqualTo(ORDER);

        assertThat(store().renew(List.of(second), LEASE).renewed()).containsExactly(second);
        assertThat(store().recordStep(second, RESERVED)).isTrue();
        assertThat(store().abandon(second)).isTrue();
        assertThat(requestOf(second)).isEqualTo(ORDER);

        Claim third = claim(key);
        assertThat(requestOf(third)).isEqualTo(ORDER);
        elapse(LEASE);
        ClaimResult.Claimed fourth = store().takeOver(key, third.fencingToken(), UUID.randomUUID(), LEASE);
        assertThat(fourth).isNotNull();
        assertThat(requestOf(fourth.claim())).isEqualTo(ORDER);
        assertThat(requestOf(third)).isNull();
        elapse(LEASE);
        assertThat(recoverableKeys()).containsExactly(key);
    }

    @Test
    void aClaimThatTakesOverBringsItsRequestWhereThereIsNone() {
        if (!keepsRequests()) {
            return;
        }
        claim();
        elapse(LEASE);
        assertThat(recoverableKeys()).isEmpty();

        Claim second = claim(key, ORDER);

        assertThat(requestOf(second)).isEqualTo(ORDER);
        assertThat(store().abandon(second)).isTrue();
        assertThat(recoverableKeys()).containsExactly(key);
    }

    @Test
    void aReleaseThatKeepsStepsKeepsTheRequestForTheNextClaim() {
        if (!keepsRequests()) {
            return;
        }
        Claim first = claim(key, ORDER);
        assertThat(store().recordStep(first, RESERVED)).isTrue();
        assertThat(store().release(first, RETENTION)).isTrue();
        assertThat(requestOf(first)).isNull();
        elapse(LEASE);
        assertThat(recoverableKeys()).isEmpty();

        Claim second = claim(key, OTHER_ORDER);

        assertThat(requestOf(second)).isEqualTo(ORDER);
        elapse(LEASE);
        assertThat(recoverableKeys()).containsExactly(key);
    }

    @Test
    void aReleaseWithStepsBringsTheRequestOfTheNextClaimWhereThereWasNone() {
        if (!keepsRequests()) {
            return;
        }
        Claim first = claim();
        assertThat(store().recordStep(first, RESERVED)).isTrue();
        assertThat(store().release(first, RETENTION)).isTrue();

        Claim second = claim(key, ORDER);

        assertThat(requestOf(second)).isEqualTo(ORDER);
        assertThat(store().abandon(second)).isTrue();
        assertThat(recoverableKeys()).containsExactly(key);
    }

    @Test
    void aRequestIsDroppedWhenItsKeyIsCompletedReleasedOrForgotten() {
        if (!keepsRequests()) {
            return;
        }
        Claim completed = claim(key("completed"), ORDER);
        Claim withSteps = claim(key("with steps"), ORDER);
        recordAll(withSteps, List.of(RESERVED));
        Claim released = claim(key("released"), ORDER);
        Claim withoutSteps = claim(key("released without steps"), ORDER);
        Claim expired = claim(key("expired"), ORDER);
        recordAll(expired, List.of(RESERVED));
        Claim forgotten = claim(key("forgotten"), ORDER);
        assertThat(store().complete(completed, RECEIPT, Duration.ofSeconds(1))).isTrue();
        assertThat(store().complete(withSteps, RECEIPT, RETENTION)).isTrue();
        assertThat(store().release(released)).isTrue();
        assertThat(store().release(withoutSteps, RETENTION)).isTrue();
        assertThat(store().release(expired, Duration.ofSeconds(1))).isTrue();
        elapse(LEASE);
        assertThat(store().forget(forgotten.key(), forgotten.fencingToken())).isTrue();

        for (Claim ended : List.of(completed, withSteps, released, withoutSteps, expired, forgotten)) {
            assertThat(requestOf(ended)).isNull();
        }
        assertThat(recoverableKeys()).isEmpty();

        // A new life has nothing of the last.
        List<Claim> free = List.of(completed, released, withoutSteps, expired, forgotten);
        List<Claim> without = free.stream().map(last -> claim(last.key())).toList();
        assertThat(without).allSatisfy(claim -> assertThat(requestOf(claim)).isNull());
        elapse(LEASE);
        assertThat(recoverableKeys()).isEmpty();
    }

    @Test
    void aKeyThatIsClaimedAgainAfterItWasFreeHasTheRequestOfItsNewLife() {
        if (!keepsRequests()) {
            return;
        }
        Claim completed = claim(key("completed"), ORDER);
        Claim released = claim(key("released"), ORDER);
        Claim expired = claim(key("expired"), ORDER);
        recordAll(expired, List.of(RESERVED));
        Claim forgotten = claim(key("forgotten"), ORDER);
        assertThat(store().abandon(forgotten)).isTrue();
        assertThat(store().complete(completed, RECEIPT, Duration.ofSeconds(1))).isTrue();
        assertThat(store().release(released)).isTrue();
        assertThat(store().release(expired, Duration.ofSeconds(1))).isTrue();
        assertThat(store().forget(forgotten.key(), forgotten.fencingToken())).isTrue();
        elapse(Duration.ofSeconds(1));

        for (Claim last : List.of(completed, released, expired, forgotten)) {
            assertThat(requestOf(claim(last.key(), OTHER_ORDER))).isEqualTo(OTHER_ORDER);
        }
        elapse(LEASE);
        assertThat(recoverableKeys()).hasSize(4);
        elapse(Duration.ofDays(400));
        purge();
        assertThat(recoverableKeys()).hasSize(4);
    }

    @Test
    void abandonedRecordsWithARequestAreListedAndNoOthers() {
        if (!keepsRequests()) {
            return;
        }
        Duration day = Duration.ofDays(1);
        claim(key("live"));
        Claim renewed = claim(key("renewed"), ORDER);
        assertThat(store().renew(List.of(renewed), day).renewed()).containsExactly(renewed);
        Claim abandoned = claim(key("abandoned"), ORDER);
        assertThat(store().abandon(abandoned)).isTrue();
        claim(key("dead"), ORDER);
        claim(key("dead without"));
        Claim withSteps = claim(key("with steps"), ORDER);
        recordAll(withSteps, List.of(RESERVED));
        elapse(LEASE);
        claim(key("live with"), ORDER);

        List<IdempotencyRecord> records = recoverable().listRecoverable(operation, Duration.ZERO, null, 100);

        assertThat(records)
                .extracting(record -> record.key().value())
                .containsExactlyInAnyOrder("abandoned", "dead", "with steps");
        for (IdempotencyRecord record : records) {
            IdempotencyRecord found = found(record.key());
            assertThat(record.fencingToken()).isEqualTo(found.fencingToken());
            assertThat(record.fingerprint()).isEqualTo(PAYMENT);
            assertThat(record.takeovers()).isEqualTo(found.takeovers());
            assertThat(record.state()).isEqualTo(found.state());
            assertThat(record.isAbandoned()).isTrue();
            assertThat(recoverable().findRequest(record.key(), record.fencingToken()))
                    .isEqualTo(ORDER);
        }
    }

    @Test
    void whatIsRecoverableIsListedSoLongAfterItsLeaseEndedByTheStoresClock() {
        if (!keepsRequests()) {
            return;
        }
        Duration minute = Duration.ofMinutes(1);
        assertThat(store().abandon(claim(key("abandoned"), ORDER))).isTrue();
        claim(key("dead"), ORDER);
        elapse(minute.minus(SLACK));
        assertThat(recoverableKeys(Duration.ZERO)).hasSize(2);
        assertThat(recoverableKeys(minute)).isEmpty();

        elapse(SLACK);
        assertThat(recoverableKeys(minute)).containsExactly(key("abandoned"));
        assertThat(recoverableKeys(minute.minus(LEASE).minus(SLACK))).hasSize(2);

        elapse(LEASE);
        assertThat(recoverableKeys(minute)).containsExactlyInAnyOrder(key("abandoned"), key("dead"));
        assertThat(recoverableKeys(Duration.ofDays(1_000_000))).isEmpty();
    }

    @Test
    void whatIsRecoverableOfOneOperationIsListedWithEveryScopeAndOfNoOther() {
        if (!keepsRequests()) {
            return;
        }
        String cut = operation.substring(0, operation.length() - 1);
        List<IdempotencyKey> mine = List.of(
                key("a"),
                key("A"),
                key("a "),
                key("%"),
                key("\u00e4"),
                key("a\u0308"),
                key("x".repeat(IdempotencyKey.MAXIMUM_LENGTH)),
                new IdempotencyKey(operation, "tenant", "a"),
                new IdempotencyKey(operation, "ten:ant\\@", "a"));
        List<IdempotencyKey> others = List.of(
                IdempotencyKey.of(operation + "-x", "a"),
                IdempotencyKey.of(operation + "x", "a"),
                IdempotencyKey.of(cut, "a"),
                IdempotencyKey.of(operation.toUpperCase(Locale.ROOT), "a"),
                new IdempotencyKey(operation + "-x", "tenant", "a"));
        mine.forEach(each -> claim(each, ORDER));
        others.forEach(each -> claim(each, ORDER));
        elapse(LEASE);

        assertThat(recoverableKeys()).containsExactlyInAnyOrderElementsOf(mine);
        assertThat(keysOf(recoverable().listRecoverable(cut, Duration.ZERO, null, 100)))
                .containsExactly(others.get(2));
    }

    @Test
    void pagesOfWhatIsRecoverableShowEveryRecordOnceAndGoOnWhereTheLastOneEnded() {
        if (!keepsRequests()) {
            return;
        }
        List<IdempotencyKey> keys = new ArrayList<>();
        for (String value : List.of("a", "A", "a ", "a1", "a-1", "b", "\uD83D\uDE00", "\uFFFD", "z")) {
            keys.add(key(value));
            keys.add(new IdempotencyKey(operation, value, "a"));
            claim(key("without " + value));
        }
        keys.forEach(each -> claim(each, ORDER));
        elapse(LEASE);
        for (String value : List.of("a0", "b0", "y")) {
            claim(key(value), ORDER);
        }
        List<IdempotencyKey> listed = recoverableKeys();
        assertThat(listed).containsExactlyInAnyOrderElementsOf(keys);

        for (int limit : List.of(1, 4, keys.size(), keys.size() + 1)) {
            List<IdempotencyKey> paged = new ArrayList<>();
            for (List<IdempotencyKey> page = keysOf(page(null, limit));
                    !page.isEmpty();
                    page = keysOf(page(page.get(page.size() - 1), limit))) {
                assertThat(page).hasSizeLessThanOrEqualTo(limit);
                paged.addAll(page);
            }
            assertThat(paged).isEqualTo(listed);
        }

        // Those of the page before may be gone meanwhile.
        List<IdempotencyRecord> first = page(null, 4);
        for (IdempotencyRecord record : first) {
            assertThat(store().forget(record.key(), record.fencingToken())).isTrue();
        }
        assertThat(keysOf(page(first.get(3).key(), 100))).isEqualTo(listed.subList(4, listed.size()));
    }

    @Test
    void aPageOfWhatIsRecoverableHasToBeMeant() {
        if (!keepsRequests()) {
            return;
        }
        RecoverableRecords records = recoverable();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> records.listRecoverable(operation, Duration.ofNanos(-1), null, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> records.listRecoverable(operation, Duration.ZERO, null, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> records.listRecoverable("no operation", Duration.ZERO, null, 1));
    }

    @Test
    void whatIsListedWhileOthersClaimAndEndIsNeverMissingAfterwards() throws Exception {
        if (!keepsRequests()) {
            return;
        }
        for (int round = 0; round < ROUNDS; round++) {
            IdempotencyKey contended = key("round-" + round);
            // Whatever is left of another life is looked at while the key is claimed.
            assertThat(store().release(claim(contended, OTHER_ORDER))).isTrue();

            List<Boolean> claims = race(4, node -> {
                requests(node).listRecoverable(operation, Duration.ZERO, null, 100);
                boolean claimed = node.claim(requested(contended, ORDER)) instanceof ClaimResult.Claimed;
                requests(node).listRecoverable(operation, Duration.ZERO, null, 100);
                return claimed;
            });

            assertThat(claims).containsOnlyOnce(true);
        }
        elapse(LEASE);
        assertThat(recoverableKeys()).hasSize(ROUNDS);
        assertThat(page(null, 100))
                .allSatisfy(record -> assertThat(recoverable().findRequest(record.key(), record.fencingToken()))
                        .isEqualTo(ORDER));
    }

    private static RecoverableRecords requests(IdempotencyStore node) {
        return Objects.requireNonNull(node.unwrap(RecoverableRecords.class));
    }

    private RecoverableRecords recoverable() {
        return requests(otherNode());
    }

    private @Nullable RecordedRequest requestOf(Claim claim) {
        return recoverable().findRequest(claim.key(), claim.fencingToken());
    }

    private List<IdempotencyKey> recoverableKeys() {
        return recoverableKeys(Duration.ZERO);
    }

    private List<IdempotencyKey> recoverableKeys(Duration abandonedFor) {
        return keysOf(recoverable().listRecoverable(operation, abandonedFor, null, 100));
    }

    private List<IdempotencyRecord> page(@Nullable IdempotencyKey after, int limit) {
        return recoverable().listRecoverable(operation, Duration.ZERO, after, limit);
    }

    private static ClaimRequest requested(IdempotencyKey anyKey, RecordedRequest request) {
        return new ClaimRequest(anyKey, UUID.randomUUID(), PAYMENT, LEASE, true, null, request);
    }

    private Claim claim(IdempotencyKey anyKey, RecordedRequest request) {
        return claimed(requested(anyKey, request)).claim();
    }

    // histories

    @Test
    void everyRandomHistoryAgreesWithTheReference() {
        Long repeated = Long.getLong("idempotent.seed");
        long firstSeed = repeated != null ? repeated : new Random().nextLong();
        for (int history = 0; history < (repeated != null ? 1 : HISTORIES); history++) {
            Random node = new Random(firstSeed + history);
            RandomHistory.check(
                    firstSeed + history, STEPS, () -> node.nextBoolean() ? store() : otherNode(), this::elapse);
        }
    }

    // words

    private IdempotencyKey key(String value) {
        return IdempotencyKey.of(operation, value);
    }

    private ClaimRequest traced(@Nullable String traceId) {
        return new ClaimRequest(key, UUID.randomUUID(), PAYMENT, LEASE, true, traceId, null);
    }

    private ClaimRequest request() {
        return request(key);
    }

    private ClaimRequest request(IdempotencyKey anyKey) {
        return new ClaimRequest(anyKey, UUID.randomUUID(), PAYMENT, LEASE, true);
    }

    private ClaimRequest request(UUID claimId) {
        return new ClaimRequest(key, claimId, PAYMENT, LEASE, true);
    }

    private ClaimRequest request(Fingerprint fingerprint, boolean mayTakeOver) {
        return new ClaimRequest(key, UUID.randomUUID(), fingerprint, LEASE, mayTakeOver);
    }

    private ClaimResult.Claimed claimed(ClaimRequest request) {
        return expect(ClaimResult.Claimed.class, store().claim(request));
    }

    private Claim claim() {
        return claim(key);
    }

    private Claim claim(IdempotencyKey anyKey) {
        return claimed(request(anyKey)).claim();
    }

    private Claim completed() {
        Claim claim = claim();
        assertThat(store().complete(claim, RECEIPT, RETENTION)).isTrue();
        return claim;
    }

    private IdempotencyRecord found(IdempotencyKey anyKey) {
        IdempotencyRecord record = otherNode().find(anyKey);
        assertThat(record).as("record of " + anyKey).isNotNull();
        return record;
    }

    private static RecordedOutcome encoded(String text) {
        return new RecordedOutcome.Encoded(Kind.VALUE, text.getBytes(StandardCharsets.UTF_8));
    }

    private static <T> T expect(Class<T> type, @Nullable Object answer) {
        assertThat(answer).isInstanceOf(type);
        return type.cast(answer);
    }

    private static void assertCloseTo(Instant actual, Instant expected) {
        assertThat(actual).isCloseTo(expected, within(SLACK.toMillis(), ChronoUnit.MILLIS));
    }

    private interface Racer<T> {
        T run(IdempotencyStore node);
    }

    private <T> List<T> race(int threads, Racer<T> racer) throws Exception {
        List<Callable<T>> racers = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            IdempotencyStore node = thread % 2 == 0 ? store() : otherNode();
            racers.add(() -> racer.run(node));
        }
        return race(racers);
    }

    /** Lets all begin at one moment, and answers what each got. */
    private <T> List<T> race(List<Callable<T>> racers) throws Exception {
        CyclicBarrier start = new CyclicBarrier(racers.size());
        List<Callable<T>> tasks = new ArrayList<>();
        for (Callable<T> racer : racers) {
            tasks.add(() -> {
                start.await(1, TimeUnit.MINUTES);
                return racer.call();
            });
        }
        // Whoever comes last goes first, since the others have to wake up: every second race the other way round.
        boolean reversed = races++ % 2 == 1;
        if (reversed) {
            Collections.reverse(tasks);
        }
        List<T> answers = new ArrayList<>();
        for (Future<T> answer : threads.invokeAll(tasks, 1, TimeUnit.MINUTES)) {
            answers.add(answer.get());
        }
        if (reversed) {
            Collections.reverse(answers);
        }
        return answers;
    }
}
