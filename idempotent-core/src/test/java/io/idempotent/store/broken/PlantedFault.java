package io.idempotent.store.broken;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.ReferenceStore;
import java.text.Normalizer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a store can get wrong: each breaks one rule of {@link ReferenceStore}, and names tests that have to notice. */
@SuppressWarnings("ImmutableEnumChecker") // a supplier without state and an immutable list
enum PlantedFault {
    UNFENCED(
            UnfencedStore::new,
            "a_claim_that_was_taken_over_can_write_nothing_and_changes_nothing",
            "of_old_and_new_owner_that_complete_at_once_only_the_new_one_does",
            Histories.TEST),
    FENCED_BY_CLAIM_ID_ONLY(
            () -> new ReferenceStore() {
                @Override
                protected boolean isMine(Row row, Claim claim) {
                    return row.claimId.equals(claim.id());
                }
            },
            "a_claim_with_the_right_id_and_another_token_can_write_nothing",
            "a_claim_repeated_after_its_own_lease_is_a_take_over_like_any_other"),
    FENCED_BY_TOKEN_ONLY(
            () -> new ReferenceStore() {
                @Override
                protected boolean isMine(Row row, Claim claim) {
                    return row.token == claim.fencingToken();
                }
            },
            "a_claim_with_the_right_token_and_another_id_can_write_nothing",
            Histories.TEST),
    CHECK_THEN_ACT(
            CheckThenActStore::new,
            "of_many_threads_that_claim_a_key_exactly_one_gets_it",
            "of_many_threads_that_claim_an_expired_key_exactly_one_gets_it"),
    CHECK_THEN_TAKE_OVER(CheckThenTakeOverStore::new, "of_those_that_take_over_an_abandoned_key_exactly_one_gets_it"),
    CHECK_THEN_COMPLETE(
            CheckThenCompleteStore::new,
            "a_claim_that_is_completed_and_released_at_once_is_one_of_both",
            "of_an_owner_that_completes_late_and_one_that_takes_over_exactly_one_wins"),
    LEASE_NEVER_ENDS(
            () -> new ReferenceStore() {
                @Override
                protected boolean isLeaseOver(Row row) {
                    return false;
                }
            },
            "a_claim_after_the_lease_is_over_takes_over_with_a_higher_token_and_the_first_claims_time",
            "an_abandoned_record_is_forgotten_if_its_token_is_known",
            Histories.TEST),
    TIME_IS_THE_CALLERS(
            () -> new ReferenceStore() {
                @Override
                public void elapse(Duration time) {
                    // The caller's own clock has hardly moved.
                    super.elapse(Duration.ofNanos(1_000));
                }
            },
            "a_claim_after_the_lease_is_over_takes_over_with_a_higher_token_and_the_first_claims_time",
            "a_completed_record_past_its_retention_is_free_and_hands_nothing_over",
            "tokens_follow_the_stores_clock_in_microseconds"),
    LEASE_IS_AN_EXPIRY(
            () -> new ReferenceStore() {
                @Override
                public ClaimResult claim(ClaimRequest request) {
                    locked(() -> rows.values().removeIf(row -> row.outcome == null && isLeaseOver(row)));
                    return super.claim(request);
                }
            },
            "an_abandoned_key_stays_so_however_long_nobody_asks",
            "an_abandoned_key_is_refused_with_nothing_changed_if_the_request_may_not_take_over",
            Histories.TEST),
    COMPLETED_NEVER_EXPIRES(
            () -> new ReferenceStore() {
                @Override
                protected boolean isExpired(Row row) {
                    return false;
                }
            },
            "a_completed_record_past_its_retention_is_free_and_hands_nothing_over",
            "a_claim_whose_record_expired_can_write_nothing",
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
            "a_completed_record_past_its_retention_is_free_and_hands_nothing_over",
            Histories.TEST),
    RETENTION_IS_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                protected boolean isExpired(Row row) {
                    return isLeaseOver(row);
                }
            },
            "a_completed_record_is_kept_for_its_retention",
            "each_record_has_a_retention_of_its_own",
            Histories.TEST),
    TOKEN_RESTARTS(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return previous == null ? 1 : previous.token + 1;
                }
            },
            "tokens_grow_after_release",
            "tokens_grow_after_a_completed_record_was_forgotten",
            "tokens_grow_after_an_abandoned_record_was_forgotten",
            "tokens_follow_the_stores_clock_in_microseconds",
            Histories.TEST),
    TOKEN_RESTARTS_AFTER_EXPIRY(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return previous != null && previous.outcome != null ? 1 : super.nextToken(previous);
                }
            },
            "tokens_grow_after_expiry",
            "tokens_grow_after_purge",
            Histories.TEST),
    TOKEN_IS_THE_CLOCK_ALONE(
            () -> new ReferenceStore() {
                @Override
                protected long nextToken(@Nullable Row previous) {
                    return now.toEpochMilli() * 1_000;
                }
            },
            "tokens_grow_with_every_take_over_even_if_no_time_passes",
            "one_owner_at_a_time_with_tokens_that_grow"),
    TOKEN_STAYS_AT_TAKE_OVER(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    long token = row.token;
                    super.takeOver(row, request);
                    row.token = token;
                }
            },
            "a_claim_after_the_lease_is_over_takes_over_with_a_higher_token_and_the_first_claims_time",
            "tokens_grow_with_every_take_over_even_if_no_time_passes",
            Histories.TEST),
    STALE_RELEASE_FREES_THE_SUCCESSOR(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim) {
                    return locked(() -> rows.remove(claim.key()) != null);
                }
            },
            "a_claim_that_was_taken_over_can_write_nothing_and_changes_nothing",
            "a_completed_key_can_be_neither_released_nor_abandoned_nor_renewed",
            Histories.TEST),
    RENEWAL_REVIVES_A_LOST_CLAIM(
            RenewalRevivesStore::new,
            "of_many_claims_those_still_held_are_renewed",
            "a_claim_that_was_taken_over_can_write_nothing_and_changes_nothing",
            Histories.TEST),
    RENEWAL_IS_ALL_OR_NOTHING(
            () -> new ReferenceStore() {
                @Override
                public Set<Claim> renew(Collection<Claim> claims, Duration lease) {
                    Set<Claim> renewed = super.renew(claims, lease);
                    return renewed.size() == claims.size() ? renewed : Set.of();
                }
            },
            "of_many_claims_those_still_held_are_renewed",
            Histories.TEST),
    RENEWAL_RENEWS_THE_FIRST_ONLY(
            () -> new ReferenceStore() {
                @Override
                public Set<Claim> renew(Collection<Claim> claims, Duration lease) {
                    super.renew(claims.stream().limit(1).toList(), lease);
                    return super.renew(claims, Duration.ofSeconds(1));
                }
            },
            "of_many_claims_those_still_held_are_renewed",
            Histories.TEST),
    RENEWAL_ADDS_TO_THE_OLD_END(
            () -> new ReferenceStore() {
                @Override
                public Set<Claim> renew(Collection<Claim> claims, Duration lease) {
                    Set<Claim> renewed = new LinkedHashSet<>(super.renew(claims, lease));
                    renewed.forEach(claim -> locked(() -> {
                        Row row = Objects.requireNonNull(row(claim.key()));
                        row.leaseEndsAt = row.leaseEndsAt.plus(lease);
                        return row;
                    }));
                    return renewed;
                }
            },
            "a_renewed_lease_ends_so_long_after_the_renewal",
            "a_renewal_can_shorten_the_lease",
            Histories.TEST),
    REPEATED_CLAIM_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    return inProgress(row);
                }
            },
            "a_claim_repeated_with_its_claim_id_gets_the_same_answer_and_no_longer_lease",
            "a_claim_repeated_by_many_threads_gets_the_same_answer",
            Histories.TEST),
    REPEATED_CLAIM_RENEWS(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    row.leaseEndsAt = now.plus(request.lease());
                    return claimed(row);
                }
            },
            "a_claim_repeated_with_its_claim_id_gets_the_same_answer_and_no_longer_lease",
            Histories.TEST),
    REPEATED_CLAIM_GETS_ANOTHER_TOKEN(
            () -> new ReferenceStore() {
                @Override
                protected ClaimResult repeated(Row row, ClaimRequest request) {
                    row.token = nextToken(row);
                    return claimed(row);
                }
            },
            "a_claim_repeated_with_its_claim_id_gets_the_same_answer_and_no_longer_lease",
            "a_claim_repeated_by_many_threads_gets_the_same_answer",
            Histories.TEST),
    REPEATED_COMPLETION_IS_REFUSED(
            () -> new ReferenceStore() {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    IdempotencyRecord record = find(claim.key());
                    return (record == null || record.outcome() == null) && super.complete(claim, outcome, retention);
                }
            },
            "completing_again_by_the_same_claim_is_true_and_leaves_the_record_as_it_is",
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
            "completing_again_by_the_same_claim_is_true_and_leaves_the_record_as_it_is",
            Histories.TEST),
    TAKES_OVER_WITHOUT_LEAVE(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayTakeOver(Row row, ClaimRequest request) {
                    return request.fingerprint().matches(row.fingerprint);
                }
            },
            "an_abandoned_key_is_refused_with_nothing_changed_if_the_request_may_not_take_over",
            Histories.TEST),
    TAKES_OVER_WITH_ANOTHER_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected boolean mayTakeOver(Row row, ClaimRequest request) {
                    return request.mayTakeOver();
                }
            },
            "an_abandoned_key_is_refused_with_nothing_changed_if_the_fingerprint_differs",
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
            "a_claim_after_the_lease_is_over_takes_over_with_a_higher_token_and_the_first_claims_time",
            Histories.TEST),
    TAKE_OVER_REPLACES_THE_FINGERPRINT(
            () -> new ReferenceStore() {
                @Override
                protected void takeOver(Row row, ClaimRequest request) {
                    super.takeOver(row, request);
                    row.fingerprint = request.fingerprint();
                }
            },
            "a_take_over_by_a_request_without_a_fingerprint_keeps_that_of_the_first",
            Histories.TEST),
    ABANDONING_RELEASES(
            () -> new ReferenceStore() {
                @Override
                public boolean abandon(Claim claim) {
                    return release(claim);
                }
            },
            "abandoning_ends_the_lease_now_and_keeps_everything_else",
            "abandoning_twice_is_true_twice",
            Histories.TEST),
    RELEASE_IS_REFUSED_AFTER_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                public boolean release(Claim claim) {
                    IdempotencyRecord record = find(claim.key());
                    return record != null && !record.isAbandoned() && super.release(claim);
                }
            },
            "an_abandoned_claim_that_nobody_took_over_can_be_released",
            Histories.TEST),
    COMPLETION_IS_REFUSED_AFTER_THE_LEASE(
            () -> new ReferenceStore() {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    IdempotencyRecord record = find(claim.key());
                    return record != null && !record.isAbandoned() && super.complete(claim, outcome, retention);
                }
            },
            "an_abandoned_claim_that_nobody_took_over_can_be_completed",
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
            "a_live_record_is_not_forgotten",
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
            "a_completed_record_is_forgotten_if_its_token_is_known",
            "a_record_seen_before_a_take_over_is_not_forgotten_after_it",
            Histories.TEST),
    FOLDS_CASE(
            () -> keyedBy(key -> key.toString().toLowerCase(Locale.ROOT)),
            "keys_that_differ_in_case_are_different_keys",
            Histories.TEST),
    TRIMS_TRAILING_SPACES(
            () -> keyedBy(key -> key.toString().stripTrailing()), "keys_that_differ_in_spaces_are_different_keys"),
    NORMALISES_UNICODE(
            () -> keyedBy(key -> Normalizer.normalize(key.toString(), Normalizer.Form.NFC)),
            "keys_that_differ_in_unicode_normalisation_are_different_keys"),
    JOINS_SCOPE_AND_VALUE(
            () -> keyedBy(key -> key.operation() + ":" + key.scope() + ":" + key.value()),
            "keys_whose_parts_only_join_to_the_same_text_are_different_keys"),
    LEAVES_THE_SCOPE_OUT(
            () -> keyedBy(key -> List.of(key.operation(), key.value())),
            "keys_that_differ_in_case_are_different_keys",
            Histories.TEST),
    CUTS_LONG_KEYS(
            () -> keyedBy(key -> List.of(
                    key.operation(),
                    key.scope(),
                    key.value().substring(0, Math.min(254, key.value().length())))),
            "keys_of_greatest_length_that_differ_in_the_last_character_are_different_keys"),
    LOSES_SUPPLEMENTARY_CHARACTERS(
            () -> keyedBy(key -> key.toString().replaceAll("[^\\u0000-\\uFFFF]", "?")),
            "supplementary_characters_are_kept"),
    CUTS_LARGE_OUTCOMES(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length > 65_535
                            ? new RecordedOutcome.Encoded(encoded.kind(), Arrays.copyOf(encoded.content(), 65_535))
                            : outcome;
                }
            },
            "bytes_of_every_length_are_kept"),
    TAKES_EMPTY_BYTES_FOR_NOTHING(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded && encoded.content().length == 0
                            ? new RecordedOutcome.NotReplayable("")
                            : outcome;
                }
            },
            "bytes_of_every_length_are_kept"),
    TAKES_FAILURES_FOR_VALUES(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.Encoded encoded
                            ? new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, encoded.content())
                            : outcome;
                }
            },
            "a_failure_is_kept_as_a_failure"),
    LOSES_THE_REASON(
            () -> new OutcomeChangingStore() {
                @Override
                RecordedOutcome changed(RecordedOutcome outcome) {
                    return outcome instanceof RecordedOutcome.NotReplayable
                            ? new RecordedOutcome.NotReplayable("not replayable")
                            : outcome;
                }
            },
            "an_outcome_that_is_not_replayable_is_kept_with_its_reason",
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
                            record.state(),
                            row.completedAt == null ? record.observedAt() : row.completedAt);
                }
            },
            "a_completed_record_by_value_tells_the_time_at_which_it_was_given"),
    NEARBY_IS_WHATEVER_IS_FOUND(
            () -> new ReferenceStore() {
                @Override
                public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
                    return nearby(find(key), new RecordedOutcome.NotReplayable("in progress"));
                }
            },
            "nearby_there_is_nothing_but_a_completed_record_within_its_retention"),
    NEARBY_NEVER_ENDS(
            () -> new ReferenceStore() {
                @Override
                public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
                    return locked(() -> {
                        Row row = rows.get(key);
                        return row == null || row.outcome == null ? null : new Nearby(row.fingerprint, row.outcome);
                    });
                }
            },
            "nearby_there_is_nothing_but_a_completed_record_within_its_retention"),
    NEARBY_STAYS_WHEN_FORGOTTEN(
            () -> new ReferenceStore() {
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
            "what_was_forgotten_here_is_not_nearby_any_more"),
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
                            record.state(),
                            record.claimedAt());
                }
            },
            "a_record_in_progress_is_shown_as_the_stores_clock_sees_it",
            "a_key_in_progress_is_refused_to_others_with_its_record",
            Histories.TEST);

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
        static final String TEST = "every_random_history_agrees_with_the_reference";
    }

    private interface Normalization {
        Object of(IdempotencyKey key);
    }

    private record Nearby(Fingerprint fingerprint, RecordedOutcome outcome) implements NearbyOutcome {}

    private static @Nullable NearbyOutcome nearby(
            @Nullable IdempotencyRecord record, @Nullable RecordedOutcome whileInProgress) {
        if (record == null) {
            return null;
        }
        RecordedOutcome outcome = record.outcome() == null ? whileInProgress : record.outcome();
        return outcome == null ? null : new Nearby(record.fingerprint(), outcome);
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

    private static final class RenewalRevivesStore extends ReferenceStore {
        @Override
        public Set<Claim> renew(Collection<Claim> claims, Duration lease) {
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
                return renewed;
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
