package io.idempotent.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A random sequence of requests by a few claimants for a few keys while time elapses, made of a store and of
 * {@link ReferenceStore} alike, whose answers have to agree at every step.
 *
 * <p>Time elapses in whole units, and leases and retentions last some units and a half, so that it does not matter if a
 * store's clock also moves on its own: no question of time is decided by less than ten seconds. Fencing tokens need not
 * be equal: they have to grow where the reference's do, and stay where those stay.
 */
public final class RandomHistory {

    private static final Duration UNIT = Duration.ofSeconds(20);
    private static final Duration SLACK = Duration.ofSeconds(8);
    private static final List<Fingerprint> FINGERPRINTS = List.of(
            Fingerprint.ofDigest("1:pay"),
            Fingerprint.ofDigest("1:pay"),
            Fingerprint.ofDigest("1:pay"),
            Fingerprint.ofDigest("1:other"),
            Fingerprint.none());

    private static final List<String> STEP_NAMES = List.of("reserve", "Reserve", "charge");

    private final long seed;
    private final Random random;
    private final ReferenceStore reference = new ReferenceStore();
    private final Supplier<IdempotencyStore> nodes;
    private final Consumer<Duration> elapse;
    private final List<IdempotencyKey> keys;
    private final List<Pair> pairs = new ArrayList<>();
    private final List<UUID> claimIds = new ArrayList<>();
    private final Set<Claim> released = new LinkedHashSet<>();
    private final Map<Long, Long> tokens = new HashMap<>();
    private final Map<IdempotencyKey, Long> lastTokens = new HashMap<>();
    private final List<String> steps = new ArrayList<>();
    private @Nullable Instant referenceStart;
    private @Nullable Instant start;

    /** One claim as the reference and as the store know it. */
    private record Pair(Claim expected, Claim actual) {}

    private RandomHistory(long seed, Supplier<IdempotencyStore> nodes, Consumer<Duration> elapse) {
        this.seed = seed;
        this.random = new Random(seed);
        this.nodes = nodes;
        this.elapse = elapse;
        // Other keys for each history, since a durable store still has those of the last.
        String operation = "history-" + UUID.randomUUID();
        this.keys = List.of(
                IdempotencyKey.of(operation, "a"),
                IdempotencyKey.of(operation, "A"),
                new IdempotencyKey(operation, "tenant", "a"));
    }

    /**
     * Runs one history.
     *
     * @param seed determines it
     * @param length how many steps it has
     * @param nodes the store, asked for at each step, so that it can be another node of it each time
     * @param elapse lets the store's time pass
     * @throws AssertionError if the store does not agree with the reference, with the seed and all steps so far
     */
    public static void check(long seed, int length, Supplier<IdempotencyStore> nodes, Consumer<Duration> elapse) {
        new RandomHistory(seed, nodes, elapse).run(length);
    }

    private void run(int length) {
        for (int step = 0; step < length; step++) {
            try {
                step();
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError(
                        "Seed " + seed + ", step " + step + " (repeat it with -Didempotent.seed=" + seed + "): "
                                + failure.getMessage() + "\nThe steps, the last one failed:\n"
                                + String.join("\n", steps),
                        failure);
            }
        }
    }

    private void step() {
        int dice = random.nextInt(100);
        if (dice < 30 || pairs.isEmpty()) {
            claim();
        } else if (dice < 41) {
            recordStep();
        } else if (dice < 49) {
            complete();
        } else if (dice < 58) {
            release();
        } else if (dice < 64) {
            abandon();
        } else if (dice < 68) {
            takeOver();
        } else if (dice < 74) {
            renew();
        } else if (dice < 80) {
            find();
        } else if (dice < 83) {
            list();
            listRecoverable();
        } else if (dice < 89) {
            forget();
        } else {
            Duration time = UNIT.multipliedBy(1 + random.nextInt(3));
            steps.add("elapse " + time);
            reference.elapse(time);
            elapse.accept(time);
        }
    }

    private void claim() {
        UUID claimId;
        if (!claimIds.isEmpty() && random.nextInt(10) < 3) {
            claimId = claimIds.get(random.nextInt(claimIds.size()));
        } else {
            claimId = new UUID(random.nextLong(), random.nextLong());
            claimIds.add(claimId);
        }
        ClaimRequest request = new ClaimRequest(
                keys.get(random.nextInt(keys.size())),
                claimId,
                // A request that is repeated says the same again.
                FINGERPRINTS.get(Math.floorMod(claimId.hashCode(), FINGERPRINTS.size())),
                unitsAndAHalf(random.nextBoolean() ? 1 : 4),
                random.nextInt(10) < 7,
                null,
                requested(claimId));
        steps.add(request.toString());
        ClaimResult expected = reference.claim(request);
        ClaimResult actual = nodes.get().claim(request);
        answered(actual);
        assertThat(actual.getClass()).isEqualTo(expected.getClass());
        if (expected instanceof ClaimResult.Claimed right && actual instanceof ClaimResult.Claimed claimed) {
            checkClaimed(right, claimed);
        } else if (expected instanceof ClaimResult.InProgress right
                && actual instanceof ClaimResult.InProgress inProgress) {
            checkRecord(right.record(), inProgress.record());
        } else if (expected instanceof ClaimResult.Abandoned right
                && actual instanceof ClaimResult.Abandoned abandoned) {
            checkRecord(right.record(), abandoned.record());
        } else if (expected instanceof ClaimResult.Completed right
                && actual instanceof ClaimResult.Completed completed) {
            checkRecord(right.record(), completed.record());
        }
    }

    /** Of every two calls, one leaves what somebody else can finish. */
    private static @Nullable RecordedRequest requested(UUID claimId) {
        return claimId.getLeastSignificantBits() % 2 == 0
                ? null
                : new RecordedRequest(claimId.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void checkClaimed(ClaimResult.Claimed expected, ClaimResult.Claimed actual) {
        Claim claim = actual.claim();
        assertThat(claim.key()).isEqualTo(expected.claim().key());
        assertThat(claim.id()).isEqualTo(expected.claim().id());
        assertThat(actual.takeovers()).isEqualTo(expected.takeovers());
        long expectedToken = expected.claim().fencingToken();
        Long knownToken = tokens.get(expectedToken);
        if (knownToken == null) {
            assertThat(claim.fencingToken())
                    .as("token, higher than any that the key had")
                    .isGreaterThan(lastTokens.getOrDefault(claim.key(), Long.MIN_VALUE));
            tokens.put(expectedToken, claim.fencingToken());
            lastTokens.put(claim.key(), claim.fencingToken());
            pairs.add(new Pair(expected.claim(), claim));
        } else {
            assertThat(claim.fencingToken()).as("token of a repeated claim").isEqualTo(knownToken);
        }
        if (start == null) {
            referenceStart = expected.firstClaimedAt();
            start = actual.firstClaimedAt();
        }
        checkTime("first claimed", expected.firstClaimedAt(), actual.firstClaimedAt());
        assertThat(actual.steps()).as("steps").containsExactlyInAnyOrderElementsOf(expected.steps());
    }

    private void takeOver() {
        Pair pair = anyPair();
        UUID claimId = random.nextInt(10) < 3 ? pair.actual().id() : new UUID(random.nextLong(), random.nextLong());
        claimIds.add(claimId);
        Duration lease = unitsAndAHalf(1);
        steps.add("take over " + pair.actual() + " by " + claimId + " for " + lease);
        ClaimResult.Claimed expected =
                reference.takeOver(pair.expected().key(), pair.expected().fencingToken(), claimId, lease);
        ClaimResult.Claimed actual =
                nodes.get().takeOver(pair.actual().key(), pair.actual().fencingToken(), claimId, lease);
        answered(actual);
        if (expected == null || actual == null) {
            assertThat(actual).isEqualTo(expected);
        } else {
            checkClaimed(expected, actual);
        }
    }

    private void recordStep() {
        Pair pair = anyPair();
        byte[] content = ("outcome " + random.nextInt(1_000)).getBytes(StandardCharsets.UTF_8);
        RecordedStep step = new RecordedStep(
                STEP_NAMES.get(random.nextInt(STEP_NAMES.size())),
                random.nextInt(3) == 0
                        ? null
                        : new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, content));
        steps.add("record " + step + " of " + pair.actual());
        boolean expected = reference.recordStep(pair.expected(), step);
        boolean actual = nodes.get().recordStep(pair.actual(), step);
        answered(actual);
        assertThat(actual).isEqualTo(expected);
    }

    private void complete() {
        Pair pair = anyPair();
        byte[] content = ("outcome " + random.nextInt(1_000)).getBytes(StandardCharsets.UTF_8);
        RecordedOutcome outcome = random.nextInt(5) == 0
                ? new RecordedOutcome.NotReplayable("too large")
                : new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, content);
        Duration retention = unitsAndAHalf(random.nextBoolean() ? 2 : 6);
        steps.add("complete " + pair.actual() + " for " + retention);
        boolean expected = reference.complete(pair.expected(), outcome, retention);
        boolean actual = nodes.get().complete(pair.actual(), outcome, retention);
        answered(actual);
        assertThat(actual).isEqualTo(expected);
    }

    private void release() {
        Pair pair = anyPair();
        Duration retention = random.nextInt(3) == 0 ? null : unitsAndAHalf(random.nextBoolean() ? 2 : 6);
        steps.add("release " + pair.actual() + (retention == null ? "" : " and keep its steps for " + retention));
        boolean expected =
                retention == null ? reference.release(pair.expected()) : reference.release(pair.expected(), retention);
        IdempotencyStore node = nodes.get();
        boolean actual = retention == null ? node.release(pair.actual()) : node.release(pair.actual(), retention);
        answered(actual);
        // A store may still know that this claim released the key.
        if (expected || !released.contains(pair.actual())) {
            assertThat(actual).isEqualTo(expected);
        }
        if (expected) {
            released.add(pair.actual());
        }
    }

    private void abandon() {
        Pair pair = anyPair();
        steps.add("abandon " + pair.actual());
        boolean expected = reference.abandon(pair.expected());
        boolean actual = nodes.get().abandon(pair.actual());
        answered(actual);
        assertThat(actual).isEqualTo(expected);
    }

    private void renew() {
        Map<IdempotencyKey, Pair> chosen = new HashMap<>();
        int number = 1 + random.nextInt(3);
        for (int index = 0; index < number; index++) {
            Pair pair = anyPair();
            chosen.put(pair.actual().key(), pair);
        }
        Duration lease = unitsAndAHalf(random.nextBoolean() ? 1 : 4);
        List<Claim> claims = chosen.values().stream().map(Pair::actual).toList();
        steps.add("renew " + claims + " for " + lease);
        Set<Claim> renewed = reference
                .renew(chosen.values().stream().map(Pair::expected).toList(), lease)
                .renewed();
        Set<Claim> actual = nodes.get().renew(claims, lease).renewed();
        answered(actual);
        assertThat(actual)
                .containsExactlyInAnyOrderElementsOf(chosen.values().stream()
                        .filter(pair -> renewed.contains(pair.expected()))
                        .map(Pair::actual)
                        .toList());
    }

    private void find() {
        IdempotencyKey key = keys.get(random.nextInt(keys.size()));
        steps.add("find " + key);
        IdempotencyRecord expected = reference.find(key);
        IdempotencyRecord actual = nodes.get().find(key);
        answered(actual);
        if (expected == null || actual == null) {
            assertThat(actual).isEqualTo(expected);
        } else {
            checkRecord(expected, actual);
            RecoverableRecords requests = nodes.get().unwrap(RecoverableRecords.class);
            if (requests != null) {
                assertThat(requests.findRequest(key, actual.fencingToken()))
                        .as("request")
                        .isEqualTo(reference.findRequest(key, expected.fencingToken()));
            }
        }
        assertThat(nodes.get().findSteps(key))
                .as("steps")
                .containsExactlyInAnyOrderElementsOf(reference.findSteps(key));
    }

    private void list() {
        RecordQuery query = random.nextBoolean()
                ? RecordQuery.abandoned()
                : RecordQuery.inProgress(unitsAndAHalf(random.nextInt(3)));
        query = query.ofOperation(keys.get(0).operation());
        steps.add("list " + query);
        Map<IdempotencyKey, IdempotencyRecord> expected = byKey(reference.list(query));
        List<IdempotencyRecord> records = nodes.get().list(query);
        answered(records);
        Map<IdempotencyKey, IdempotencyRecord> actual = byKey(records);
        assertThat(records).hasSameSizeAs(actual.keySet());
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((key, record) -> checkRecord(record, Objects.requireNonNull(actual.get(key))));
    }

    private void listRecoverable() {
        RecoverableRecords requests = nodes.get().unwrap(RecoverableRecords.class);
        if (requests == null) {
            return;
        }
        String operation = keys.get(0).operation();
        steps.add("list what is recoverable");
        List<IdempotencyRecord> actual = requests.listRecoverable(operation, Duration.ZERO, null, 100);
        answered(actual);
        assertThat(actual)
                .extracting(IdempotencyRecord::key)
                .containsExactlyInAnyOrderElementsOf(
                        byKey(reference.listRecoverable(operation, Duration.ZERO, null, 100))
                                .keySet());
    }

    private static Map<IdempotencyKey, IdempotencyRecord> byKey(List<IdempotencyRecord> records) {
        Map<IdempotencyKey, IdempotencyRecord> map = new HashMap<>();
        records.forEach(record -> map.put(record.key(), record));
        return map;
    }

    private void forget() {
        Pair pair = anyPair();
        steps.add("forget " + pair.actual().key() + " of token " + pair.actual().fencingToken());
        boolean expected =
                reference.forget(pair.expected().key(), pair.expected().fencingToken());
        boolean actual = nodes.get().forget(pair.actual().key(), pair.actual().fencingToken());
        answered(actual);
        assertThat(actual).isEqualTo(expected);
    }

    private void checkRecord(IdempotencyRecord expected, IdempotencyRecord actual) {
        assertThat(actual.key()).isEqualTo(expected.key());
        assertThat(actual.fencingToken()).isEqualTo(tokens.get(expected.fencingToken()));
        assertThat(actual.fingerprint()).isEqualTo(expected.fingerprint());
        assertThat(actual.takeovers()).isEqualTo(expected.takeovers());
        assertThat(actual.isAbandoned()).as("abandoned").isEqualTo(expected.isAbandoned());
        assertThat(actual.outcome()).isEqualTo(expected.outcome());
        checkTime("first claimed", expected.firstClaimedAt(), actual.firstClaimedAt());
        checkTime("claimed", expected.claimedAt(), actual.claimedAt());
        if (expected.state() instanceof IdempotencyRecord.Completed right
                && actual.state() instanceof IdempotencyRecord.Completed completed) {
            checkTime("completed", right.completedAt(), completed.completedAt());
            checkTime("retained", right.retainedUntil(), completed.retainedUntil());
        } else if (expected.state() instanceof IdempotencyRecord.Released right
                && actual.state() instanceof IdempotencyRecord.Released givenBack) {
            checkTime("released", right.releasedAt(), givenBack.releasedAt());
            checkTime("retained", right.retainedUntil(), givenBack.retainedUntil());
        } else if (expected.state() instanceof IdempotencyRecord.InProgress right
                && actual.state() instanceof IdempotencyRecord.InProgress inProgress) {
            checkTime("observed", expected.observedAt(), actual.observedAt());
            // Abandoning what is abandoned may or may not move the end of its lease.
            if (!expected.isAbandoned()) {
                checkTime("lease ends", right.leaseEndsAt(), inProgress.leaseEndsAt());
            }
        } else {
            assertThat(actual.state().getClass()).isEqualTo(expected.state().getClass());
        }
    }

    private void checkTime(String what, Instant expected, Instant actual) {
        Duration sinceStart = Duration.between(Objects.requireNonNull(referenceStart), expected);
        assertThat(actual)
                .as(what)
                .isCloseTo(Objects.requireNonNull(start).plus(sinceStart), within(SLACK.toMillis(), ChronoUnit.MILLIS));
    }

    /** Mostly the last claim, at times a stale one, at times one that nobody made. */
    private Pair anyPair() {
        Pair pair = pairs.get(random.nextInt(10) < 6 ? pairs.size() - 1 : random.nextInt(pairs.size()));
        if (random.nextInt(10) > 0) {
            return pair;
        }
        UUID forged = new UUID(random.nextLong(), random.nextLong());
        return new Pair(
                new Claim(pair.expected().key(), forged, pair.expected().fencingToken()),
                new Claim(pair.actual().key(), forged, pair.actual().fencingToken()));
    }

    private void answered(@Nullable Object answer) {
        steps.set(steps.size() - 1, steps.get(steps.size() - 1) + "\n    -> " + answer);
    }

    private static Duration unitsAndAHalf(int units) {
        return UNIT.multipliedBy(units).plus(UNIT.dividedBy(2));
    }
}
