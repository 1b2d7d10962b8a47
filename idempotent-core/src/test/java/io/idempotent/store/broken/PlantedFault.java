package io.idempotent.store.broken;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.ReferenceStore;
import io.idempotent.store.RenewalResult;
import java.text.Normalizer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a store can get wrong: each breaks one rule of {@link ReferenceStore}, and names tests that have to notice. */
@SuppressWarnings("ImmutableEnumChecker") // a supplier without state and an immutable list
enum PlantedFault {
    UNFENCED(
            UnfencedStore::new,
            "aClaimThatWasTakenOverCanWriteNothingAndChangesNothing",
            "ofOldAndNewOwnerThatCompleteAtOnceOnlyTheNewOneDoes",
            Histories.TEST),
    FENCED_BY_CLAIM_ID_ONLY(
            () -> new ReferenceStore() {
                @Override
                protected boolean isMine(Row row, Claim claim) {
                    return row.claimId.equals(claim.id());
                }
            },
            "aClaimWithTheRightIdAndAnotherTokenCanWriteNothing",
            "aClaimRepeatedAfterItsOwnLeaseIsATakeOverLikeAnyOther"),
    FENCED_BY_TOKEN_ONLY(
            () -> new ReferenceStore() {
                @Override
                protected boolean isMine(Row row, Claim claim) {
                    return row.token == claim.fencingToken();
                }
            },
            "aClaimWithTheRightTokenAndAnotherIdCanWriteNothing",
            Histories.TEST),
    CHECK_THEN_ACT(
            CheckThenActStore::new,
            "ofManyThreadsThatClaimAKeyExactlyOneGetsIt",
            "ofManyThreadsThatClaimAnExpiredKeyExactlyOneGetsIt"),
    CHECK_THEN_TAKE_OVER(CheckThenTakeOverStore::new, "ofThoseThatTakeOverAnAbandonedKeyExactlyOneGetsIt"),
    CHECK_THEN_COMPLETE(
            CheckThenCompleteStore::new,
            "aClaimThatIsCompletedAndReleasedAtOnceIsOneOfBoth",
            "ofAnOwnerThatCompletesLateAndOneThatTakesOverExactlyOneWins"),
    LEASE_NEVER_ENDS(
            () -> new ReferenceStore() {
                @Override
                protected boolean isLeaseOver(Row row) {
                    return false;
                }
            },
            "aClaimAfterTheLeaseIsOverTakesOverWithAHigherTokenAndTheFirstClaimsTime",
            "anAbandonedRecordIsForgottenIfItsTokenIsKnown",
            Histories.TEST),
    TIME_IS_THE_CALLERS(
            () -> new ReferenceStore() {
                @Override
                public void elapse(Duration time) {
                    // The caller's own clock has hardly moved.
                    super.elapse(Duration.ofNanos(1_000));
                }
            },
            "aClaimAfterTheLeaseIsOverTakesOverWithAHigherTokenAndTheFirstClaimsTime",
            "aCompletedRecordPastItsRetentionIsFreeAndHandsNothingOver",
            "tokensFollowTheStoresClockInMicroseconds"),
    LEASE_IS_AN_EXPIRY(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult claim(ClaimRequest request) {
                    locked(() -> rows.values().removeIf(row -> row.outcome == null && isLeaseOver(row)));
                    return super.claim(request);
                }
            },
            "anAbandonedKeyStaysSoHoweverLongNobodyAsks",
            "anAbandonedKeyIsRefusedWithNothingChangedIfTheRequestMayNotTakeOver",
            Histories.TEST),
    COMPLETED_NEVER_EXPIRES(
            () -> new ReferenceStore() {
                @Override
                protected boolean isExpired(Row row) {
                    return false;
                }
            },
            "aCompletedRecordPastItsRetentionIsFreeAndHandsNothingOver",
            "aClaimWhoseRecordExpiredCanWriteNothing",
            Histories.TEST),
    EXPIRED_RECORD_HANDS_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void inherit(Row row, @Nullable Row expired) {
                    if (expired != null) {
                        row.firstClaimedAt = expired.firstClaimedAt;
                        row.takeovers = expired.takeovers;
                    }
                }
            },
            "aCompletedRecordPastItsRetentionIsFreeAndHandsNothingOver",
            Histories.TEST),
    RETENTION_IS_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                protected boolean isExpired(Row row) {
                    return isLeaseOver(row);
                }
            },
            "aCompletedRecordIsKeptForItsRetention",
            "eachRecordHasARetentionOfItsOwn",
            Histories.TEST),
    TOKEN_RESTARTS(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return previous == null ? 1 : previous.token + 1;
                }
            },
            "tokensGrowAfterRelease",
            "tokensGrowAfterACompletedRecordWasForgotten",
            "tokensGrowAfterAnAbandonedRecordWasForgotten",
            "tokensFollowTheStoresClockInMicroseconds",
            Histories.TEST),
    TOKEN_RESTARTS_AFTER_EXPIRY(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return previous != null && previous.outcome != null ? 1 : super.nextToken(previous);
                }
            },
            "tokensGrowAfterExpiry",
            "tokensGrowAfterPurge",
            Histories.TEST),
    TOKEN_IS_THE_CLOCK_ALONE(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return now.toEpochMilli() * 1_000;
                }
            },
            "tokensGrowWithEveryTakeOverEvenIfNoTimePasses",
            "oneOwnerAtATimeWithTokensThatGrow"),
    TOKEN_STAYS_AT_TAKE_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    long token = row.token;
                    super.takeOver(row, request);
                    row.token = token;
                }
            },
            "aClaimAfterTheLeaseIsOverTakesOverWithAHigherTokenAndTheFirstClaimsTime",
            "tokensGrowWithEveryTakeOverEvenIfNoTimePasses",
            Histories.TEST),
    STALE_RELEASE_FREES_THE_SUCCESSOR(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim) {
                    return locked(() -> rows.remove(claim.key()) != null);
                }
            },
            "aClaimThatWasTakenOverCanWriteNothingAndChangesNothing",
            "aCompletedKeyCanBeNeitherReleasedNorAbandonedNorRenewed",
            Histories.TEST),
    RENEWAL_REVIVES_A_LOST_CLAIM(
            RenewalRevivesStore::new,
            "ofManyClaimsThoseStillHeldAreRenewed",
            "aClaimThatWasTakenOverCanWriteNothingAndChangesNothing",
            Histories.TEST),
    RENEWAL_IS_ALL_OR_NOTHING(
            () -> new ReferenceStore() {
                @Override
                public RenewalResult renew(Collection<Claim> claims, Duration lease) {
                    RenewalResult result = super.renew(claims, lease);
                    return result.renewed().size() == claims.size() ? result : RenewalResult.of(Set.of());
                }
            },
            "ofManyClaimsThoseStillHeldAreRenewed",
            Histories.TEST),
    RENEWAL_RENEWS_THE_FIRST_ONLY(
            () -> new ReferenceStore() {
                @Override
                public RenewalResult renew(Collection<Claim> claims, Duration lease) {
                    super.renew(claims.stream().limit(1).toList(), lease);
                    return super.renew(claims, Duration.ofSeconds(1));
                }
            },
            "ofManyClaimsThoseStillHeldAreRenewed",
            Histories.TEST),
    RENEWAL_ADDS_TO_THE_OLD_END(
            () -> new ReferenceStore() {
                @Override
                public RenewalResult renew(Collection<Claim> claims, Duration lease) {
                    RenewalResult result = super.renew(claims, lease);
                    result.renewed()
                            .forEach(claim -> locked(() -> {
                                Row row = Objects.requireNonNull(row(claim.key()));
                                row.leaseEndsAt = row.leaseEndsAt.plus(lease);
                                return row;
                            }));
                    return result;
                }
            },
            "aRenewedLeaseEndsSoLongAfterTheRenewal",
            "aRenewalCanShortenTheLease",
            Histories.TEST),
    REPEATED_CLAIM_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    return inProgress(row);
                }
            },
            "aClaimRepeatedWithItsClaimIdGetsTheSameAnswerAndNoLongerLease",
            "aClaimRepeatedByManyThreadsGetsTheSameAnswer",
            Histories.TEST),
    REPEATED_CLAIM_RENEWS(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    row.leaseEndsAt = now.plus(request.lease());
                    return claimed(row);
                }
            },
            "aClaimRepeatedWithItsClaimIdGetsTheSameAnswerAndNoLongerLease",
            Histories.TEST),
    REPEATED_CLAIM_GETS_ANOTHER_TOKEN(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    row.token = nextToken(row);
                    return claimed(row);
                }
            },
            "aClaimRepeatedWithItsClaimIdGetsTheSameAnswerAndNoLongerLease",
            "aClaimRepeatedByManyThreadsGetsTheSameAnswer",
            Histories.TEST),
    REPEATED_COMPLETION_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    IdempotencyRecord record = find(claim.key());
                    return (record == null || record.outcome() == null) && super.complete(claim, outcome, retention);
                }
            },
            "completingAgainByTheSameClaimIsTrueAndLeavesTheRecordAsItIs",
            Histories.TEST),
    REPEATED_COMPLETION_OVERWRITES(
            () -> new ReferenceStore() {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    return locked(() -> {
                        Row row = row(claim.key());
                        if (row == null || !isMine(row, claim)) {
                            return false;
                        }
                        record(row, outcome, retention);
                        return true;
                    });
                }
            },
            "completingAgainByTheSameClaimIsTrueAndLeavesTheRecordAsItIs",
            Histories.TEST),
    TAKES_OVER_WITHOUT_LEAVE(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayTakeOver(Row row, ClaimRequest request) {
                    return request.fingerprint().matches(row.fingerprint);
                }
            },
            "anAbandonedKeyIsRefusedWithNothingChangedIfTheRequestMayNotTakeOver",
            Histories.TEST),
    TAKES_OVER_WITH_ANOTHER_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayTakeOver(Row row, ClaimRequest request) {
                    return request.mayTakeOver();
                }
            },
            "anAbandonedKeyIsRefusedWithNothingChangedIfTheFingerprintDiffers",
            Histories.TEST),
    TAKE_OVER_IS_A_FIRST_CLAIM(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    super.takeOver(row, request);
                    row.firstClaimedAt = now;
                    row.takeovers = 0;
                }
            },
            "aClaimAfterTheLeaseIsOverTakesOverWithAHigherTokenAndTheFirstClaimsTime",
            Histories.TEST),
    TAKE_OVER_REPLACES_THE_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    super.takeOver(row, request);
                    row.fingerprint = request.fingerprint();
                }
            },
            "aTakeOverByARequestWithoutAFingerprintKeepsThatOfTheFirst",
            Histories.TEST),
    ABANDONING_RELEASES(
            () -> new ReferenceStore() {
                @Override
                public boolean abandon(Claim claim) {
                    return release(claim);
                }
            },
            "abandoningEndsTheLeaseNowAndKeepsEverythingElse",
            "abandoningTwiceIsTrueTwice",
            Histories.TEST),
    RELEASE_IS_REFUSED_AFTER_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim) {
                    IdempotencyRecord record = find(claim.key());
                    return record != null && !record.isAbandoned() && super.release(claim);
                }
            },
            "anAbandonedClaimThatNobodyTookOverCanBeReleased",
            Histories.TEST),
    COMPLETION_IS_REFUSED_AFTER_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    IdempotencyRecord record = find(claim.key());
                    return record != null && !record.isAbandoned() && super.complete(claim, outcome, retention);
                }
            },
            "anAbandonedClaimThatNobodyTookOverCanBeCompleted",
            Histories.TEST),
    FORGETS_WHAT_IS_LIVE(
            () -> new ReferenceStore() {
                @Override
                public boolean forget(IdempotencyKey key, long expectedToken) {
                    return locked(() -> {
                        Row row = row(key);
                        return row != null && row.token == expectedToken && rows.remove(key) != null;
                    });
                }
            },
            "aLiveRecordIsNotForgotten",
            Histories.TEST),
    FORGETS_WITHOUT_THE_TOKEN(
            () -> new ReferenceStore() {
                @Override
                public boolean forget(IdempotencyKey key, long expectedToken) {
                    return locked(() -> {
                        Row row = row(key);
                        return row != null && super.forget(key, row.token);
                    });
                }
            },
            "aCompletedRecordIsForgottenIfItsTokenIsKnown",
            "aRecordSeenBeforeATakeOverIsNotForgottenAfterIt",
            Histories.TEST),
    FOLDS_CASE(
            () -> keyedBy(key -> key.toString().toLowerCase(Locale.ROOT)),
            "keysThatDifferInCaseAreDifferentKeys",
            Histories.TEST),
    TRIMS_TRAILING_SPACES(
            () -> keyedBy(key -> key.toString().stripTrailing()), "keysThatDifferInSpacesAreDifferentKeys"),
    NORMALISES_UNICODE(
            () -> keyedBy(key -> Normalizer.normalize(key.toString(), Normalizer.Form.NFC)),
            "keysThatDifferInUnicodeNormalisationAreDifferentKeys"),
    JOINS_SCOPE_AND_VALUE(
            () -> keyedBy(key -> key.operation() + ":" + key.scope() + ":" + key.value()),
            "keysWhosePartsOnlyJoinToTheSameTextAreDifferentKeys"),
    LEAVES_THE_SCOPE_OUT(
            () -> keyedBy(key -> List.of(key.operation(), key.value())),
            "keysThatDifferInCaseAreDifferentKeys",
            Histories.TEST),
    CUTS_LONG_KEYS(
            () -> keyedBy(key -> List.of(
                    key.operation(),
                    key.scope(),
                    key.value().substring(0, Math.min(254, key.value().length())))),
            "keysOfGreatestLengthThatDifferInTheLastCharacterAreDifferentKeys"),
    LOSES_SUPPLEMENTARY_CHARACTERS(
            () -> keyedBy(key -> key.toString().replaceAll("[^\\u0000-\\uFFFF]", "?")),
            "supplementaryCharactersAreKept"),
    CUTS_LARGE_OUTCOMES(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length > 65_535
                            ? new RecordedOutcome.Encoded(encoded.kind(), Arrays.copyOf(encoded.content(), 65_535))
                            : outcome;
                }
            },
            "bytesOfEveryLengthAreKept"),
    TAKES_EMPTY_BYTES_FOR_NOTHING(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length == 0
                            ? new RecordedOutcome.NotReplayable("")
                            : outcome;
                }
            },
            "bytesOfEveryLengthAreKept"),
    TAKES_FAILURES_FOR_VALUES(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded
                            ? new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, encoded.content())
                            : outcome;
                }
            },
            "aFailureIsKeptAsAFailure"),
    LOSES_THE_REASON(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.NotReplayable
                            ? new RecordedOutcome.NotReplayable("not replayable")
                            : outcome;
                }
            },
            "anOutcomeThatIsNotReplayableIsKeptWithItsReason",
            Histories.TEST),
    SHOWS_COMPLETED_RECORDS_AS_OF_THEIR_COMPLETION(
            () -> new ReferenceStore() {
                @Override
                protected IdempotencyRecord shown(Row row) {
                    IdempotencyRecord record = super.shown(row);
                    return new IdempotencyRecord(
                            record.key(),
                            record.fencingToken(),
                            record.fingerprint(),
                            record.firstClaimedAt(),
                            record.claimedAt(),
                            record.takeovers(),
                            record.traceId(),
                            record.state(),
                            row.completedAt == null ? record.observedAt() : row.completedAt);
                }
            },
            "aCompletedRecordByValueTellsTheTimeAtWhichItWasGiven"),
    NEARBY_IS_WHATEVER_IS_FOUND(
            () -> new NearbyStore() {
                @Override
                public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
                    return nearby(find(key), new RecordedOutcome.NotReplayable("in progress"));
                }
            },
            "nearbyThereIsNothingButACompletedRecordWithinItsRetention"),
    NEARBY_NEVER_ENDS(
            () -> new NearbyStore() {
                @Override
                public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
                    return locked(() -> {
                        Row row = rows.get(key);
                        return row == null || row.outcome == null
                                ? null
                                : new Nearby(row.fingerprint, row.outcome, row.traceId);
                    });
                }
            },
            "nearbyThereIsNothingButACompletedRecordWithinItsRetention"),
    NEARBY_STAYS_WHEN_FORGOTTEN(
            () -> new NearbyStore() {
                private @Nullable NearbyOutcome forgotten;

                @Override
                public boolean forget(IdempotencyKey key, long expectedToken) {
                    forgotten = nearby(find(key), null);
                    return super.forget(key, expectedToken);
                }

                @Override
                public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
                    return forgotten;
                }
            },
            "whatWasForgottenHereIsNotNearbyAnyMore"),
    SHOWS_THE_TIME_OF_THE_CLAIM(
            () -> new ReferenceStore() {
                @Override
                protected IdempotencyRecord shown(Row row) {
                    IdempotencyRecord record = super.shown(row);
                    return new IdempotencyRecord(
                            record.key(),
                            record.fencingToken(),
                            record.fingerprint(),
                            record.firstClaimedAt(),
                            record.claimedAt(),
                            record.takeovers(),
                            record.traceId(),
                            record.state(),
                            record.claimedAt());
                }
            },
            "aRecordInProgressIsShownAsTheStoresClockSeesIt",
            "aKeyInProgressIsRefusedToOthersWithItsRecord",
            Histories.TEST),
    KEEPS_THE_REQUEST_OF_THE_LAST_CLAIM(
            () -> new ReferenceStore() {
                @Override
                protected void keep(Row row, @Nullable RecordedRequest request) {
                    row.request = request == null ? row.request : request;
                }
            },
            "aRequestOutlivesTakeOversRenewalsAndSteps",
            "aReleaseThatKeepsStepsKeepsTheRequestForTheNextClaim",
            Histories.TEST),
    LOSES_THE_REQUEST_OF_A_CLAIM_THAT_TAKES_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void keep(Row row, @Nullable RecordedRequest request) {
                    // Only that of a free key's claim is kept.
                }
            },
            "aClaimThatTakesOverBringsItsRequestWhereThereIsNone",
            Histories.TEST),
    TAKES_LIVE_RECORDS_FOR_RECOVERABLE(
            () -> new ReferenceStore() {
                @Override
                public List<IdempotencyRecord> listRecoverable(
                        String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
                    RecordQuery all = new RecordQuery(false, Duration.ZERO, operation, after, limit);
                    return locked(() -> list(all).stream()
                            .filter(record -> findRequest(record.key(), record.fencingToken()) != null)
                            .toList());
                }
            },
            "abandonedRecordsWithARequestAreListedAndNoOthers",
            "whatIsRecoverableIsListedSoLongAfterItsLeaseEndedByTheStoresClock",
            Histories.TEST),
    TAKES_RECORDS_WITHOUT_A_REQUEST_FOR_RECOVERABLE(
            () -> new ReferenceStore() {
                @Override
                protected boolean isRecoverable(Row row, Duration abandonedFor) {
                    return true;
                }
            },
            "abandonedRecordsWithARequestAreListedAndNoOthers",
            Histories.TEST),
    HANDS_A_REQUEST_TO_THE_NEXT_LIFE(
            () -> new ReferenceStore() {
                @Override
                protected void inherit(Row row, @Nullable Row expired) {
                    row.request =
                            row.request == null && expired != null ? new RecordedRequest(new byte[0]) : row.request;
                }
            },
            "aRequestIsDroppedWhenItsKeyIsCompletedReleasedOrForgotten",
            Histories.TEST),
    FINDS_THE_REQUEST_OF_ANY_TOKEN(
            () -> new ReferenceStore() {
                @Override
                public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
                    IdempotencyRecord record = find(key);
                    return record == null ? null : super.findRequest(key, record.fencingToken());
                }
            },
            "theRequestOfAClaimIsKeptAsItIsAndFoundByItsTokenOnly",
            "aRequestOutlivesTakeOversRenewalsAndSteps"),
    STEP_OF_A_LOST_CLAIM_IS_RECORDED(
            () -> new ReferenceStore() {
                @Override
                public boolean recordStep(Claim claim, RecordedStep step) {
                    return locked(() -> {
                        Row row = row(claim.key());
                        if (row == null || !isInProgress(row)) {
                            return false;
                        }
                        record(row, step);
                        return true;
                    });
                }
            },
            "aStepIsRefusedToAClaimThatWasTakenOverAndNothingChanges",
            "aClaimThatWasTakenOverCanWriteNothingAndChangesNothing",
            "aStepThatIsRecordedWhileAnotherTakesOverIsHandedOnOrRefused",
            Histories.TEST),
    STEP_IS_RECORDED_AFTER_THE_CLAIM_ENDED(
            () -> new ReferenceStore() {
                @Override
                public boolean recordStep(Claim claim, RecordedStep step) {
                    return locked(() -> {
                        Row row = row(claim.key());
                        if (row == null || !isMine(row, claim)) {
                            return false;
                        }
                        record(row, step);
                        return true;
                    });
                }
            },
            "aStepIsRefusedToAClaimThatCompleted",
            "aStepIsRefusedToAClaimThatWasReleasedWithOrWithoutSteps",
            "aClaimThatWasReleasedWithStepsCanWriteNothing",
            Histories.TEST),
    STEP_IS_REFUSED_AFTER_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                public boolean recordStep(Claim claim, RecordedStep step) {
                    IdempotencyRecord record = find(claim.key());
                    return record != null && !record.isAbandoned() && super.recordStep(claim, step);
                }
            },
            "anAbandonedClaimThatNobodyTookOverCanRecordSteps",
            Histories.TEST),
    REPEATED_STEP_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                public boolean recordStep(Claim claim, RecordedStep step) {
                    return locked(() -> !findSteps(claim.key()).contains(step) && super.recordStep(claim, step));
                }
            },
            "aStepThatWasBegunTakesItsOutcomeAndKeepsTheFirst"),
    STEP_TAKES_THE_LAST_OUTCOME(
            () -> new ReferenceStore() {
                @Override
                protected void record(Row row, RecordedStep step) {
                    if (step.outcome() != null) {
                        row.steps.remove(step.name());
                    }
                    super.record(row, step);
                }
            },
            "aStepThatWasBegunTakesItsOutcomeAndKeepsTheFirst",
            "everyKindOfOutcomeOfAStepStaysWhenTheStepIsBegunAgain",
            Histories.TEST),
    STEP_BEGUN_AGAIN_LOSES_ITS_OUTCOME(
            () -> new ReferenceStore() {
                @Override
                protected void record(Row row, RecordedStep step) {
                    if (step.outcome() == null) {
                        row.steps.remove(step.name());
                    }
                    super.record(row, step);
                }
            },
            "aStepThatWasBegunTakesItsOutcomeAndKeepsTheFirst",
            "everyKindOfOutcomeOfAStepStaysWhenTheStepIsBegunAgain",
            Histories.TEST),
    STEP_STAYS_BEGUN(
            () -> new ReferenceStore() {
                @Override
                protected void record(Row row, RecordedStep step) {
                    row.steps.putIfAbsent(step.name(), step);
                }
            },
            "aStepThatWasBegunTakesItsOutcomeAndKeepsTheFirst",
            "namesOfStepsAreComparedCharByChar",
            Histories.TEST),
    FOLDS_CASE_OF_STEPS(
            () -> stepsBy(name -> name.toLowerCase(Locale.ROOT)), "namesOfStepsAreComparedCharByChar", Histories.TEST),
    TRIMS_NAMES_OF_STEPS(() -> stepsBy(String::stripTrailing), "namesOfStepsAreComparedCharByChar"),
    NORMALISES_NAMES_OF_STEPS(
            () -> stepsBy(name -> Normalizer.normalize(name, Normalizer.Form.NFC)),
            "namesOfStepsAreComparedCharByChar"),
    CUTS_NAMES_OF_STEPS(
            () -> stepsBy(name -> name.substring(0, Math.min(254, name.length()))),
            "namesOfStepsAreComparedCharByChar"),
    CUTS_LARGE_OUTCOMES_OF_STEPS(
            () -> stepsAs(
                    outcome -> outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length > 65_535
                            ? new RecordedOutcome.Encoded(encoded.kind(), Arrays.copyOf(encoded.content(), 65_535))
                            : outcome),
            "aStepIsKeptAsItWasRecorded"),
    TAKES_EMPTY_OUTCOMES_FOR_BEGUN(
            () -> stepsAs(outcome -> outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length == 0
                    ? null
                    : outcome),
            "aStepIsKeptAsItWasRecorded",
            "everyKindOfOutcomeOfAStepStaysWhenTheStepIsBegunAgain"),
    TAKES_FAILURES_OF_STEPS_FOR_VALUES(
            () -> stepsAs(outcome -> outcome instanceof RecordedOutcome.Encoded encoded
                    ? new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, encoded.content())
                    : outcome),
            "aStepIsKeptAsItWasRecorded"),
    LOSES_THE_REASON_OF_A_STEP(
            () -> stepsAs(outcome -> outcome instanceof RecordedOutcome.NotReplayable
                    ? new RecordedOutcome.NotReplayable("not replayable")
                    : outcome),
            "aStepIsKeptAsItWasRecorded"),
    SHARES_STEPS_BETWEEN_KEYS(
            () -> new ReferenceStore() {
                private final Map<String, RecordedStep> shared = new LinkedHashMap<>();

                @Override
                protected void record(Row row, RecordedStep step) {
                    row.steps = shared;
                    super.record(row, step);
                }
            },
            "stepsBelongToTheKeyThatTheyWereRecordedFor",
            Histories.TEST),
    STEPS_ARE_LOST_WHEN_TAKEN_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    super.takeOver(row, request);
                    row.steps.clear();
                }
            },
            "aClaimHandsOnTheStepsOfAllClaimsBeforeAndDoesSoAgainIfItIsRepeated",
            "anAbandonedKeyIsTakenOverByWhoeverSawItsTokenWhateverItsRequestSaid",
            Histories.TEST),
    REPEATED_CLAIM_IS_HANDED_NO_STEPS(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    ClaimResult.Claimed claimed = claimed(row);
                    return new ClaimResult.Claimed(claimed.claim(), claimed.firstClaimedAt(), claimed.takeovers());
                }
            },
            "aClaimHandsOnTheStepsOfAllClaimsBeforeAndDoesSoAgainIfItIsRepeated",
            Histories.TEST),
    EXPIRED_RECORD_HANDS_STEPS_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void inherit(Row row, @Nullable Row expired) {
                    if (expired != null) {
                        row.steps = expired.steps;
                    }
                }
            },
            "noStepOutlivesTheCompletedRecord",
            "whatWasReleasedWithStepsIsFreeAfterTheirRetentionAndHandsNothingOver",
            "whatWasReleasedWithStepsHandsNothingOverOnceItIsPurged",
            Histories.TEST),
    STEPS_OUTLIVE_THEIR_RECORD(
            StepsApartStore::new,
            "noStepOutlivesACompletedRecordThatWasForgotten",
            "noStepOutlivesAnAbandonedRecordThatWasForgotten",
            "noStepOutlivesAReleaseThatDoesNotKeepThem",
            "whatWasReleasedWithStepsIsForgottenIfItsTokenIsKnown",
            Histories.TEST),
    COMPLETED_RECORD_SHOWS_STEPS(
            () -> new ReferenceStore() {
                @Override
                public List<RecordedStep> findSteps(IdempotencyKey key) {
                    return locked(() -> {
                        Row row = row(key);
                        return row == null ? List.of() : List.copyOf(row.steps.values());
                    });
                }
            },
            "aKeyThatIsFreeOrCompletedHasNoSteps",
            Histories.TEST),
    RELEASE_KEEPS_STEPS(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim) {
                    return release(claim, Duration.ofHours(1));
                }
            },
            "noStepOutlivesAReleaseThatDoesNotKeepThem",
            Histories.TEST),
    RELEASE_WITH_STEPS_LOSES_THEM(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim, Duration stepRetention) {
                    return release(claim);
                }
            },
            "aRecordReleasedWithStepsIsShownWithItsTimes",
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            "aStepThatIsRecordedWhileItsClaimIsReleasedIsKeptOrRefused",
            Histories.TEST),
    RELEASE_WITHOUT_STEPS_KEEPS_A_RECORD(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim, Duration stepRetention) {
                    return locked(() -> {
                        Row row = row(claim.key());
                        boolean released = super.release(claim, stepRetention);
                        if (released && row != null && row.steps.isEmpty()) {
                            row.releasedAt = now;
                            row.retainedUntil = now.plus(stepRetention);
                            rows.put(normalized(claim.key()), row);
                        }
                        return released;
                    });
                }
            },
            "aClaimWithoutStepsIsReleasedToBeFreeEvenIfStepsWouldBeKept",
            Histories.TEST),
    RELEASE_WITH_STEPS_ABANDONS(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim, Duration stepRetention) {
                    return findSteps(claim.key()).isEmpty() ? release(claim) : abandon(claim);
                }
            },
            "aRecordReleasedWithStepsIsShownWithItsTimes",
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            "aClaimThatWasReleasedWithStepsCanWriteNothing",
            "whatIsNotInProgressIsNotTakenOver",
            "abandonedRecordsAreListedAndNoOthers",
            Histories.TEST),
    RELEASED_WITH_STEPS_NEVER_EXPIRES(
            () -> new ReferenceStore() {
                @Override
                protected boolean isExpired(Row row) {
                    return row.releasedAt == null && super.isExpired(row);
                }
            },
            "whatWasReleasedWithStepsIsFreeAfterTheirRetentionAndHandsNothingOver",
            "whatWasReleasedWithStepsHandsNothingOverOnceItIsPurged",
            Histories.TEST),
    CONTINUATION_NEEDS_LEAVE(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayContinue(Row row, ClaimRequest request) {
                    return mayTakeOver(row, request);
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            Histories.TEST),
    CONTINUES_WITH_ANOTHER_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayContinue(Row row, ClaimRequest request) {
                    return true;
                }
            },
            "whatWasReleasedWithStepsIsRefusedToAnotherFingerprintWithNothingChanged",
            Histories.TEST),
    CONTINUATION_IS_A_TAKE_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void continueBy(Row row, ClaimRequest request) {
                    int takeovers = row.takeovers + 1;
                    super.continueBy(row, request);
                    row.takeovers = takeovers;
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            Histories.TEST),
    CONTINUATION_IS_A_FIRST_CLAIM(
            () -> new ReferenceStore() {
                @Override
                protected void continueBy(Row row, ClaimRequest request) {
                    super.continueBy(row, request);
                    row.firstClaimedAt = now;
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            "aRecordCanBeReleasedWithStepsAgainAndAgain",
            Histories.TEST),
    CONTINUATION_LOSES_STEPS(
            () -> new ReferenceStore() {
                @Override
                protected void continueBy(Row row, ClaimRequest request) {
                    super.continueBy(row, request);
                    row.steps.clear();
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            "aRecordCanBeReleasedWithStepsAgainAndAgain",
            Histories.TEST),
    CONTINUATION_REPLACES_THE_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected void continueBy(Row row, ClaimRequest request) {
                    super.continueBy(row, request);
                    row.fingerprint = request.fingerprint();
                }
            },
            "aClaimWithoutAFingerprintContinuesAndKeepsThatOfTheFirst",
            Histories.TEST),
    CONTINUATION_KEEPS_THE_TOKEN(
            () -> new ReferenceStore() {
                @Override
                protected void continueBy(Row row, ClaimRequest request) {
                    long token = row.token;
                    super.continueBy(row, request);
                    row.token = token;
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver",
            "aRecordCanBeReleasedWithStepsAgainAndAgain",
            Histories.TEST),
    CONTINUATION_EXPIRES(
            () -> new ReferenceStore() {
                @Override
                public @Nullable IdempotencyRecord find(IdempotencyKey key) {
                    return locked(() -> {
                        Row row = rows.get(key);
                        return row != null && !row.steps.isEmpty() && now.isAfter(row.claimedAt.plusSeconds(7_000))
                                ? null
                                : super.find(key);
                    });
                }
            },
            "aClaimContinuesWhatWasReleasedWithStepsWhetherOrNotItMayTakeOver"),
    DOES_NOT_FORGET_WHAT_WAS_RELEASED_WITH_STEPS(
            () -> new ReferenceStore() {
                @Override
                public boolean forget(IdempotencyKey key, long expectedToken) {
                    IdempotencyRecord record = find(key);
                    return record != null
                            && !(record.state() instanceof IdempotencyRecord.Released)
                            && super.forget(key, expectedToken);
                }
            },
            "whatWasReleasedWithStepsIsForgottenIfItsTokenIsKnown",
            Histories.TEST),
    TAKES_OVER_WITHOUT_THE_TOKEN(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult.@Nullable Claimed takeOver(
                        IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
                    return locked(() -> {
                        Row row = row(key);
                        return row == null ? null : super.takeOver(key, row.token, claimId, lease);
                    });
                }
            },
            "anAbandonedKeyIsNotTakenOverWithAnotherTokenThanItsOwn",
            "takingOverAgainAfterOnesOwnLeaseNeedsTheTokenOfTheRecord",
            Histories.TEST),
    TAKES_OVER_WHAT_IS_LIVE(
            () -> new TakingOverStore(true, false),
            "aLiveKeyIsNotTakenOver",
            "takingOverAgainWithTheSameClaimIdGetsTheSameAnswerAndNoLongerLease",
            Histories.TEST),
    TAKES_OVER_WHAT_IS_NOT_IN_PROGRESS(
            () -> new TakingOverStore(false, true), "whatIsNotInProgressIsNotTakenOver", Histories.TEST),
    REPEATED_TAKE_OVER_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult.@Nullable Claimed takeOver(
                        IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
                    IdempotencyRecord record = find(key);
                    return record != null && record.isAbandoned()
                            ? super.takeOver(key, expectedToken, claimId, lease)
                            : null;
                }
            },
            "takingOverAgainWithTheSameClaimIdGetsTheSameAnswerAndNoLongerLease",
            Histories.TEST),
    REPEATED_TAKE_OVER_RENEWS(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult.@Nullable Claimed takeOver(
                        IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
                    return locked(() -> {
                        ClaimResult.Claimed claimed = super.takeOver(key, expectedToken, claimId, lease);
                        if (claimed != null) {
                            renew(List.of(claimed.claim()), lease);
                        }
                        return claimed;
                    });
                }
            },
            "takingOverAgainWithTheSameClaimIdGetsTheSameAnswerAndNoLongerLease",
            Histories.TEST),
    TAKE_OVER_WITH_THE_TOKEN_FORGETS_THE_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult.@Nullable Claimed takeOver(
                        IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
                    return locked(() -> {
                        ClaimResult.Claimed claimed = super.takeOver(key, expectedToken, claimId, lease);
                        if (claimed != null) {
                            Objects.requireNonNull(row(key)).fingerprint = Fingerprint.none();
                        }
                        return claimed;
                    });
                }
            },
            "anAbandonedKeyIsTakenOverByWhoeverSawItsTokenWhateverItsRequestSaid",
            Histories.TEST),
    CHECK_THEN_TAKE_OVER_WITH_THE_TOKEN(
            CheckThenTakeOverWithTheTokenStore::new,
            "ofThoseThatTakeOverWithTheTokenExactlyOneGetsIt",
            "ofAnOwnerThatCompletesLateAndOneThatTakesOverWithTheTokenExactlyOneWins"),
    CHECK_THEN_RECORD_A_STEP(
            CheckThenRecordStepStore::new,
            "aStepThatIsRecordedWhileAnotherTakesOverIsHandedOnOrRefused",
            "aStepThatIsRecordedWhileItsClaimIsReleasedIsKeptOrRefused"),
    KEEPS_THE_FIRST_TRACE(
            () -> new ReferenceStore() {
                @Override
                protected void trace(Row row, ClaimRequest request) {}
            },
            "theRecordHasTheTraceOfItsLastClaimAndKeepsItWhenItIsCompleted"),
    LOSES_THE_TRACE_WITH_A_CLAIM_THAT_HAS_NONE(
            () -> new ReferenceStore() {
                @Override
                protected void trace(Row row, ClaimRequest request) {
                    row.traceId = request.traceId();
                }
            },
            "aClaimWithoutATraceLeavesTheTraceOfTheOneBefore"),
    KEEPS_THE_TRACE_OF_THE_LAST_LIFE(
            () -> new ReferenceStore() {
                @Override
                protected void inherit(Row row, @Nullable Row expired) {
                    row.traceId = row.traceId == null && expired != null ? expired.traceId : row.traceId;
                }
            },
            "aKeyThatIsClaimedAgainAfterItWasFreeHasNoTraceOfItsLastLife"),
    LISTS_LIVE_ONES_AS_ABANDONED(
            () -> listing((record, query) -> record.state() instanceof IdempotencyRecord.InProgress
                    && isOfOperation(record, query)
                    && record.claimedSince().compareTo(query.claimedSince()) >= 0),
            "abandonedRecordsAreListedAndNoOthers",
            "recordsInProgressAreListedByTheTimeSinceTheirLastClaim",
            Histories.TEST),
    LISTS_ABANDONED_ONES_ONLY(
            () -> listing((record, query) -> record.isAbandoned() && query.matches(record)),
            "abandonedRecordsAreListedAndNoOthers",
            "recordsInProgressAreListedByTheTimeSinceTheirLastClaim",
            Histories.TEST),
    LISTS_WHAT_IS_NOT_IN_PROGRESS(
            () -> listing((record, query) -> isOfOperation(record, query)
                    && (query.matches(record) || !(record.state() instanceof IdempotencyRecord.InProgress))),
            "abandonedRecordsAreListedAndNoOthers",
            Histories.TEST),
    LISTS_BY_THE_FIRST_CLAIM(
            () -> listing((record, query) -> query.matches(new IdempotencyRecord(
                    record.key(),
                    record.fencingToken(),
                    record.fingerprint(),
                    record.firstClaimedAt(),
                    record.firstClaimedAt(),
                    record.takeovers(),
                    record.traceId(),
                    record.state(),
                    record.observedAt()))),
            "recordsInProgressAreListedByTheTimeSinceTheirLastClaim",
            Histories.TEST),
    LISTS_WHATEVER_BEGINS_WITH_THE_OPERATION(
            () -> listing((record, query) -> anyOperation(query).matches(record)
                    && record.key().toString().startsWith(Objects.requireNonNullElse(query.operation(), ""))),
            "recordsOfOneOperationAreListedAndThoseOfNoOther"),
    LISTS_KEYS_WITHOUT_A_SCOPE_ONLY(
            () -> listing((record, query) ->
                    query.matches(record) && record.key().scope().isEmpty()),
            "recordsOfOneOperationAreListedAndThoseOfNoOther",
            "pagesShowEveryRecordOnceInOneOrder",
            Histories.TEST),
    FOLDS_CASE_OF_OPERATIONS(
            () -> listing((record, query) -> anyOperation(query).matches(record)
                    && (query.operation() == null || record.key().operation().equalsIgnoreCase(query.operation()))),
            "recordsOfOneOperationAreListedAndThoseOfNoOther"),
    LISTS_WITHOUT_A_LIMIT(
            () -> new ReferenceStore() {
                @Override
                public List<IdempotencyRecord> list(RecordQuery query) {
                    return super.list(query.limit(Integer.MAX_VALUE));
                }
            },
            "pagesShowEveryRecordOnceInOneOrder"),
    PAGES_OVERLAP(
            () -> new ReferenceStore() {
                @Override
                public List<IdempotencyRecord> list(RecordQuery query) {
                    IdempotencyRecord last = query.after() == null ? null : find(query.after());
                    return last == null || !query.matches(last)
                            ? super.list(query)
                            : Stream.concat(Stream.of(last), super.list(query).stream())
                                    .limit(query.limit())
                                    .toList();
                }
            },
            "pagesShowEveryRecordOnceInOneOrder"),
    PAGES_FOLD_CASE(
            () -> new ReferenceStore() {
                @Override
                public List<IdempotencyRecord> list(RecordQuery query) {
                    String after = query.after() == null ? "" : folded(query.after());
                    return super.list(new RecordQuery(
                                    query.abandonedOnly(),
                                    query.claimedSince(),
                                    query.operation(),
                                    null,
                                    Integer.MAX_VALUE))
                            .stream()
                            .filter(record -> folded(record.key()).compareTo(after) > 0)
                            .sorted(Comparator.comparing(record -> folded(record.key())))
                            .limit(query.limit())
                            .toList();
                }

                private String folded(IdempotencyKey key) {
                    return key.toString().toLowerCase(Locale.ROOT);
                }
            },
            "pagesShowEveryRecordOnceInOneOrder"),
    PAGES_NEED_THEIR_LAST_RECORD(
            () -> new ReferenceStore() {
                @Override
                public List<IdempotencyRecord> list(RecordQuery query) {
                    return query.after() != null && find(query.after()) == null ? List.of() : super.list(query);
                }
            },
            "aPageGoesOnWhereTheLastOneEndedEvenIfItsRecordsAreGone");

    private final Supplier<ReferenceStore> stores;
    private final List<String> noticedBy;

    PlantedFault(Supplier<ReferenceStore> stores, String... noticedBy) {
        this.stores = stores;
        this.noticedBy = List.of(noticedBy);
    }

    /** A new store with this fault. */
    ReferenceStore store() {
        return stores.get();
    }

    /** The contract's tests that have to fail, among others. */
    List<String> noticedBy() {
        return noticedBy;
    }

    /** Whether random histories have to find it. */
    boolean isFoundByHistories() {
        return noticedBy.contains(Histories.TEST);
    }

    /** Names the contract's random histories, which a constant of the enum itself could not. */
    private static final class Histories {
        static final String TEST = "everyRandomHistoryAgreesWithTheReference";
    }

    private interface Normalization {
        Object of(IdempotencyKey key);
    }

    /** One that claims to have outcomes nearby. */
    private abstract static class NearbyStore extends ReferenceStore implements NearbyOutcomes {}

    private record Nearby(
            Fingerprint fingerprint,
            RecordedOutcome outcome,
            @Nullable String traceId) implements NearbyOutcome {}

    private static @Nullable NearbyOutcome nearby(
            @Nullable IdempotencyRecord record, @Nullable RecordedOutcome whileInProgress) {
        if (record == null) {
            return null;
        }
        RecordedOutcome outcome = record.outcome() == null ? whileInProgress : record.outcome();
        return outcome == null ? null : new Nearby(record.fingerprint(), outcome, record.traceId());
    }

    private static ReferenceStore stepsBy(UnaryOperator<String> normalization) {
        return new ReferenceStore() {
            @Override
            protected String normalized(String stepName) {
                return normalization.apply(stepName);
            }
        };
    }

    private interface Change {
        @Nullable
        RecordedOutcome of(@Nullable RecordedOutcome outcome);
    }

    private static ReferenceStore stepsAs(Change change) {
        return new ReferenceStore() {
            @Override
            protected void record(Row row, RecordedStep step) {
                super.record(row, new RecordedStep(step.name(), change.of(step.outcome())));
            }
        };
    }

    private static ReferenceStore listing(BiPredicate<IdempotencyRecord, RecordQuery> filter) {
        return new ReferenceStore() {
            @Override
            public List<IdempotencyRecord> list(RecordQuery query) {
                String after = query.after() == null ? "" : query.after().toString();
                return locked(() -> rows.values().stream()
                        .filter(row -> row(row.key) != null)
                        .map(this::shown)
                        .filter(record -> filter.test(record, query)
                                && record.key().toString().compareTo(after) > 0)
                        .sorted(Comparator.comparing(record -> record.key().toString()))
                        .limit(query.limit())
                        .toList());
            }
        };
    }

    private static boolean isOfOperation(IdempotencyRecord record, RecordQuery query) {
        return query.operation() == null
                || query.operation().equals(record.key().operation());
    }

    private static RecordQuery anyOperation(RecordQuery query) {
        return new RecordQuery(query.abandonedOnly(), query.claimedSince(), null, query.after(), query.limit());
    }

    private static ReferenceStore keyedBy(Normalization normalization) {
        return new ReferenceStore() {
            @Override
            protected Object normalized(IdempotencyKey key) {
                return normalization.of(key);
            }
        };
    }

    /** Takes every claim of a key in progress for its last one. */
    private static final class UnfencedStore extends ReferenceStore {
        @Override
        protected boolean isMine(Row row, Claim claim) {
            return true;
        }
    }

    /**
     * Waits between check and act until another request has come, at most 10 ms. Only for keys that the contract lets
     * threads contest: waiting at every key would take long.
     */
    private abstract static class GapStore extends ReferenceStore {

        private final AtomicInteger requests = new AtomicInteger();

        final void gap(IdempotencyKey key) {
            int before = requests.incrementAndGet();
            long deadline = System.nanoTime() + 10_000_000;
            while (key.value().startsWith("contested") && requests.get() == before && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
        }

        final void came() {
            requests.incrementAndGet();
        }
    }

    private static final class CheckThenActStore extends GapStore {
        @Override
        public ClaimResult claim(ClaimRequest request) {
            if (find(request.key()) != null) {
                return super.claim(request);
            }
            gap(request.key());
            return locked(() -> claimFree(request));
        }
    }

    private static final class CheckThenTakeOverStore extends GapStore {
        @Override
        public ClaimResult claim(ClaimRequest request) {
            Row abandoned = locked(() -> {
                Row row = row(request.key());
                return row != null && row.outcome == null && isLeaseOver(row) && mayTakeOver(row, request) ? row : null;
            });
            if (abandoned == null) {
                return super.claim(request);
            }
            gap(request.key());
            return locked(() -> {
                takeOver(abandoned, request);
                return claimed(abandoned);
            });
        }
    }

    private static final class CheckThenCompleteStore extends GapStore {
        @Override
        public ClaimResult claim(ClaimRequest request) {
            ClaimResult result = super.claim(request);
            came();
            return result;
        }

        @Override
        public boolean release(Claim claim) {
            boolean released = super.release(claim);
            came();
            return released;
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            Row held = locked(() -> {
                Row row = row(claim.key());
                return row != null && row.outcome == null && isMine(row, claim) ? row : null;
            });
            if (held == null) {
                return super.complete(claim, outcome, retention);
            }
            gap(claim.key());
            return locked(() -> {
                record(held, outcome, retention);
                return true;
            });
        }
    }

    private static final class CheckThenTakeOverWithTheTokenStore extends GapStore {
        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            boolean completed = super.complete(claim, outcome, retention);
            came();
            return completed;
        }

        @Override
        public ClaimResult.@Nullable Claimed takeOver(
                IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
            Row abandoned = locked(() -> {
                Row row = row(key);
                return row != null && isInProgress(row) && isLeaseOver(row) && row.token == expectedToken ? row : null;
            });
            if (abandoned == null) {
                return super.takeOver(key, expectedToken, claimId, lease);
            }
            gap(key);
            return locked(() -> {
                takeOver(abandoned, new ClaimRequest(key, claimId, abandoned.fingerprint, lease, true));
                return claimed(abandoned);
            });
        }
    }

    private static final class CheckThenRecordStepStore extends GapStore {
        @Override
        public ClaimResult claim(ClaimRequest request) {
            ClaimResult result = super.claim(request);
            came();
            return result;
        }

        @Override
        public boolean release(Claim claim, Duration stepRetention) {
            boolean released = super.release(claim, stepRetention);
            came();
            return released;
        }

        @Override
        public boolean recordStep(Claim claim, RecordedStep step) {
            Row held = locked(() -> {
                Row row = row(claim.key());
                return row != null && isInProgress(row) && isMine(row, claim) ? row : null;
            });
            if (held == null) {
                return false;
            }
            gap(claim.key());
            return locked(() -> {
                record(held, step);
                return true;
            });
        }
    }

    /** Takes over more than what is abandoned. */
    private static final class TakingOverStore extends ReferenceStore {

        private final boolean live;
        private final boolean ended;

        TakingOverStore(boolean live, boolean ended) {
            this.live = live;
            this.ended = ended;
        }

        @Override
        public ClaimResult.@Nullable Claimed takeOver(
                IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
            return locked(() -> {
                Row row = row(key);
                if (row == null
                        || row.token != expectedToken
                        || !(isInProgress(row) ? live && !row.claimId.equals(claimId) : ended)) {
                    return super.takeOver(key, expectedToken, claimId, lease);
                }
                row.outcome = null;
                row.releasedAt = null;
                takeOver(row, new ClaimRequest(key, claimId, row.fingerprint, lease, true));
                return claimed(row);
            });
        }
    }

    /** Keeps steps by key, and so beyond the life of a record. */
    private static final class StepsApartStore extends ReferenceStore {

        private final Map<IdempotencyKey, Map<String, RecordedStep>> stepsOfKeys = new HashMap<>();

        @Override
        protected void record(Row row, RecordedStep step) {
            row.steps = stepsOfKeys.computeIfAbsent(row.key, key -> new LinkedHashMap<>());
            super.record(row, step);
        }

        @Override
        protected void inherit(Row row, @Nullable Row expired) {
            row.steps = stepsOfKeys.getOrDefault(row.key, row.steps);
        }
    }

    private static final class RenewalRevivesStore extends ReferenceStore {
        @Override
        public RenewalResult renew(Collection<Claim> claims, Duration lease) {
            return locked(() -> {
                Set<Claim> renewed = new LinkedHashSet<>();
                for (Claim claim : claims) {
                    Row row = row(claim.key());
                    if (row != null && row.outcome == null) {
                        row.claimId = claim.id();
                        row.token = claim.fencingToken();
                        row.leaseEndsAt = now.plus(lease);
                        renewed.add(claim);
                    }
                }
                return RenewalResult.of(renewed);
            });
        }
    }

    private abstract static class OutcomeChangingStore extends ReferenceStore {

        abstract RecordedOutcome changed(RecordedOutcome outcome);

        @Override
        protected void record(Row row, RecordedOutcome outcome, Duration retention) {
            super.record(row, changed(outcome), retention);
        }
    }
}
