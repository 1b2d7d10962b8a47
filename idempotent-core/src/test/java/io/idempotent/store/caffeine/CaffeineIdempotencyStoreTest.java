package io.idempotent.store.caffeine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.tuple;

import com.github.benmanes.caffeine.cache.Ticker;
import com.sun.management.ThreadMXBean;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.Weighted;
import io.idempotent.kill.Jvm;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import io.idempotent.store.NearbyOutcomes;
import io.idempotent.store.RecordedStep;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CaffeineIdempotencyStoreTest extends IdempotencyStoreContract {

    private static final Instant START = Instant.parse("2026-02-03T04:05:06.789012Z");
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(24);
    private static final RecordedOutcome RECEIPT = new RecordedOutcome.ByReference(new Outcome.Value("receipt"));

    // Begins below zero, where a System.nanoTime may be, and passes zero.
    private final AtomicLong nanoseconds = new AtomicLong(-1_000_000);
    private final List<IdempotencyRecord> evicted = new ArrayList<>();
    private final CaffeineIdempotencyStore store = store(100_000);

    private CaffeineIdempotencyStore store(long maximumSize) {
        return CaffeineIdempotencyStore.builder()
                .maximumSize(maximumSize)
                .ticker(nanoseconds::get)
                .clock(InstantSource.fixed(START))
                .evictionListener(evicted::add)
                .build();
    }

    @Override
    protected IdempotencyStore store() {
        return store;
    }

    @Override
    protected void elapse(Duration time) {
        nanoseconds.addAndGet(time.toNanos());
    }

    @Override
    protected boolean answersNearby() {
        return true;
    }

    @Override
    protected void purge() {
        store.purge();
    }

    // time

    @Test
    void aLeaseIsOverAtItsVeryNanosecond() {
        Claim claim = claim(store, "a");
        elapse(LEASE.minusNanos(1));
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(store.forget(claim.key(), claim.fencingToken())).isFalse();

        elapse(Duration.ofNanos(1));
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void aRetentionIsOverAtItsVeryNanosecond() {
        completed(store, "a", RETENTION);
        elapse(RETENTION.minusNanos(1));
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.find(key("a"))).isNotNull();

        elapse(Duration.ofNanos(1));
        assertThat(store.find(key("a"))).isNull();
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void timesAreShownOnTheClockThatWasAskedOnce() {
        List<Instant> asked = new ArrayList<>();
        CaffeineIdempotencyStore anchored = CaffeineIdempotencyStore.builder()
                .ticker(nanoseconds::get)
                .clock(() -> {
                    asked.add(START);
                    return START;
                })
                .build();
        elapse(Duration.ofSeconds(7));
        Claim claim = claim(anchored, "a");
        elapse(Duration.ofSeconds(2));
        assertThat(anchored.complete(claim, RECEIPT, RETENTION)).isTrue();

        assertThat(anchored.find(key("a")))
                .isEqualTo(new IdempotencyRecord(
                        key("a"),
                        START.plusSeconds(7).getEpochSecond() * 1_000_000 + 789_012,
                        Fingerprint.none(),
                        START.plusSeconds(7),
                        START.plusSeconds(7),
                        0,
                        null,
                        new IdempotencyRecord.Completed(
                                RECEIPT,
                                START.plusSeconds(9),
                                START.plusSeconds(9).plus(RETENTION)),
                        START.plusSeconds(9)));
        assertThat(asked).hasSize(1);
    }

    @Test
    void durationsOfMoreThan292YearsDoNotEnd() {
        Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
        Claim claim = claim(store, "a");
        assertThat(store.renew(List.of(claim), forever).renewed()).containsExactly(claim);
        completed(store, "b", forever);
        elapse(Duration.ofDays(365 * 100));
        store.purge();

        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(store.claim(request("b"))).isInstanceOf(ClaimResult.Completed.class);
    }

    @Test
    void tokensGrowOverAllKeysEvenIfNoTimePassesAndAllIsForgotten() {
        List<Long> tokens = new ArrayList<>();
        Claim first = claim(store, "a");
        tokens.add(first.fencingToken());
        assertThat(store.release(first)).isTrue();
        Claim second = claim(store, "a");
        tokens.add(second.fencingToken());
        assertThat(store.complete(second, RECEIPT, RETENTION)).isTrue();
        assertThat(store.forget(key("a"), second.fencingToken())).isTrue();
        tokens.add(claim(store, "a").fencingToken());
        store.clear();
        tokens.add(claim(store, "a").fencingToken());
        tokens.add(claim(store, "b").fencingToken());

        assertThat(tokens).isSorted().doesNotHaveDuplicates();
    }

    // what is kept

    @Test
    void fingerprintsAndOutcomesOfEveryKindAreKeptByReference() {
        Object receipt = new Object();
        Fingerprint fingerprint = Fingerprint.ofContent(List.of(1, 2));
        Claim claim = expectClaimed(
                        store.claim(new ClaimRequest(key("a"), UUID.randomUUID(), fingerprint, LEASE, true)))
                .claim();
        RecordedOutcome outcome = new RecordedOutcome.ByReference(new Outcome.Value(receipt));
        assertThat(store.complete(claim, outcome, RETENTION)).isTrue();

        IdempotencyRecord record = store.find(key("a"));

        assertThat(store.keepsReferences()).isTrue();
        assertThat(record).isNotNull();
        assertThat(record.outcome()).isSameAs(outcome);
        assertThat(record.fingerprint()).isSameAs(fingerprint);
    }

    @Test
    void clearingForgetsEverything() {
        Claim claim = claim(store, "a");
        completed(store, "b", RETENTION);
        assertThat(store.size()).isEqualTo(2);

        store.clear();

        assertThat(store.size()).isZero();
        assertThat(store.find(key("b"))).isNull();
        assertThat(store.complete(claim, RECEIPT, RETENTION)).isFalse();
        assertThat(evicted).isEmpty();
    }

    // size

    @Test
    void whatEndsFirstIsEvictedFirstWhateverTheOrderOfCompletion() {
        CaffeineIdempotencyStore small = store(50);
        List<Integer> hours = new ArrayList<>(IntStream.range(0, 50).boxed().toList());
        Collections.shuffle(hours, new Random(7));
        hours.forEach(hour -> completed(small, "h" + hour, Duration.ofHours(1 + hour)));

        for (int turn = 0; turn < 20; turn++) {
            claim(small, "new-" + turn);
        }

        assertThat(evictedValues())
                .containsExactlyElementsOf(
                        IntStream.range(0, 20).mapToObj(hour -> "h" + hour).toList());
        assertThat(small.size()).isEqualTo(50);
        assertThat(small.evictedEarly()).isEqualTo(20);
    }

    @Test
    void whatWasReleasedWithStepsIsEvictedLikeWhatIsCompletedAndTold() {
        CaffeineIdempotencyStore small = store(10);
        for (int number = 0; number < 10; number++) {
            Claim claim = claim(small, "failed-" + number);
            assertThat(small.recordStep(claim, new RecordedStep("reserve", RECEIPT)))
                    .isTrue();
            assertThat(small.release(claim, Duration.ofHours(1 + number))).isTrue();
        }
        completed(small, "completed", Duration.ofHours(24));
        claim(small, "new");

        assertThat(evicted)
                .extracting(
                        record -> record.key().value(), record -> record.state().getClass())
                .containsExactly(
                        tuple("failed-0", IdempotencyRecord.Released.class),
                        tuple("failed-1", IdempotencyRecord.Released.class));
        assertThat(small.evictedEarly()).isEqualTo(2);
        assertThat(small.findSteps(key("failed-2"))).hasSize(1);
    }

    @Test
    void whatIsReadMostIsEvictedAllTheSameIfItEndsFirst() {
        CaffeineIdempotencyStore small = store(10);
        completed(small, "popular", Duration.ofHours(1));
        for (int number = 0; number < 9; number++) {
            completed(small, "unread-" + number, Duration.ofHours(5));
        }
        for (int turn = 0; turn < 10_000; turn++) {
            assertThat(small.claim(request("popular"))).isInstanceOf(ClaimResult.Completed.class);
        }

        claim(small, "new");

        assertThat(evictedValues()).containsExactly("popular");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0.1S", "PT10S", "PT10M", "PT24H", "P30D"})
    void whatHasExpiredGoesFirstAndIsNotAnEarlyEviction(Duration retention) {
        CaffeineIdempotencyStore small = store(10);
        for (int number = 0; number < 5; number++) {
            completed(small, "expired-" + number, retention);
            completed(small, "kept-" + number, retention.plusNanos(1));
        }
        elapse(retention);

        for (int number = 0; number < 5; number++) {
            claim(small, "new-" + number);
        }

        assertThat(evicted).isEmpty();
        assertThat(small.evictedEarly()).isZero();
        assertThat(small.size()).isLessThanOrEqualTo(10);
        for (int number = 0; number < 5; number++) {
            assertThat(small.find(key("kept-" + number))).isNotNull();
        }
    }

    @Test
    void whatIsInProgressIsNeverEvictedEvenIfTheStoreGrowsOverItsMaximum() {
        CaffeineIdempotencyStore small = store(10);
        List<Claim> claims = new ArrayList<>();
        for (int number = 0; number < 1_000; number++) {
            claims.add(claim(small, "a" + number));
        }
        elapse(Duration.ofDays(365));

        assertThat(small.size()).isEqualTo(1_000);
        assertThat(claims)
                .allSatisfy(claim ->
                        assertThat(small.complete(claim, RECEIPT, RETENTION)).isTrue());
        for (int turn = 0; turn < 100; turn++) {
            claim(small, "new-" + turn);
        }
        assertThat(small.size()).isBetween(100L, 120L);
        assertThat(small.evictedEarly()).isEqualTo(1_100 - small.size());
        assertThat(IntStream.range(0, 100))
                .allSatisfy(turn -> assertThat(small.find(key("new-" + turn))).isNotNull());
    }

    @Test
    void aLongRetentionIsEvictedThoughManyInProgressStandBeforeIt() {
        CaffeineIdempotencyStore small = store(1_000);
        for (int number = 0; number < 900; number++) {
            claim(small, "abandoned-" + number);
        }
        for (int number = 0; number < 2_000; number++) {
            completed(small, "long-" + number, Duration.ofDays(30));
        }

        assertThat(small.size()).isBetween(1_000L, 1_020L);
        assertThat(evictedValues())
                .startsWith("long-0", "long-1", "long-2")
                .allSatisfy(value -> assertThat(value).startsWith("long-"));
    }

    @Test
    void anyMixtureOfRetentionsWithinTheWindowIsEvictedExactlyByItsEnds() {
        Random random = new Random(11);
        CaffeineIdempotencyStore small = store(60);
        TreeMap<Duration, String> expected = new TreeMap<>();
        for (int number = 0; number < 60; number++) {
            Duration retention =
                    Duration.ofSeconds(60 + random.nextInt(20_000_000)).plusNanos(number);
            completed(small, "r" + number, retention);
            expected.put(retention, "r" + number);
        }
        for (int turn = 0; turn < 60; turn++) {
            claim(small, "new-" + turn);
        }

        assertThat(evictedValues()).containsExactlyElementsOf(expected.values());
    }

    @Test
    void aRecordCompletedAfterOthersWereEvictedStillGoesFirstIfItEndsFirst() {
        CaffeineIdempotencyStore small = store(20);
        for (int number = 0; number < 20; number++) {
            completed(small, "day-" + number, RETENTION);
        }
        completed(small, "hour", Duration.ofHours(1));
        completed(small, "minute", Duration.ofMinutes(1));
        completed(small, "two-days", RETENTION.multipliedBy(2));
        claim(small, "new");
        claim(small, "newer");

        assertThat(evictedValues()).containsExactly("day-0", "hour", "minute", "day-1", "day-2");
    }

    @Test
    void aRecordThatChangedSinceOthersWereEvictedCountsByItsNewEnd() {
        CaffeineIdempotencyStore small = store(3);
        Claim first = completed(small, "a", Duration.ofMinutes(1));
        completed(small, "b", Duration.ofMinutes(2));
        completed(small, "c", Duration.ofMinutes(3));
        completed(small, "d", Duration.ofMinutes(4));
        assertThat(evictedValues()).containsExactly("a");
        assertThat(small.complete(first, RECEIPT, RETENTION)).isFalse();
        Claim second = expectClaimed(small.claim(request("a"))).claim();
        assertThat(evictedValues()).containsExactly("a", "b");
        IdempotencyRecord third = small.find(key("c"));
        assertThat(third).isNotNull();
        assertThat(small.forget(key("c"), third.fencingToken())).isTrue();
        completed(small, "c", RETENTION);
        assertThat(small.complete(second, RECEIPT, RETENTION.multipliedBy(2))).isTrue();

        claim(small, "e");
        claim(small, "f");

        assertThat(evictedValues()).containsExactly("a", "b", "d", "c");
    }

    @Test
    void eachEarlyEvictionIsToldWithItsRecord() {
        CaffeineIdempotencyStore small = store(1);
        completed(small, "a", RETENTION);
        IdempotencyRecord record = small.find(key("a"));

        claim(small, "b");

        assertThat(evicted).containsExactly(record);
        assertThat(small.evictedEarly()).isEqualTo(1);
    }

    @Test
    void aListenerThatFailsCostsNeitherTheClaimNorTheSilence() {
        Error failure = new NoClassDefFoundError("planted");
        CaffeineIdempotencyStore small = CaffeineIdempotencyStore.builder()
                .maximumSize(1)
                .evictionListener(record -> {
                    throw failure;
                })
                .build();
        completed(small, "a", RETENTION);
        List<Throwable> heard = new ArrayList<>();
        Thread thread = Thread.currentThread();
        Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
        thread.setUncaughtExceptionHandler((ignored, thrown) -> heard.add(thrown));
        try {
            Claim claim = claim(small, "b");
            assertThat(small.complete(claim, RECEIPT, RETENTION)).isTrue();
        } finally {
            thread.setUncaughtExceptionHandler(handler);
        }

        assertThat(heard).containsExactly(failure);
    }

    @Test
    void manyThreadsKeepAFullStoreAtItsMaximumAndTellEachEvictionOnce() throws Exception {
        Set<IdempotencyRecord> told = ConcurrentHashMap.newKeySet();
        AtomicLong tellings = new AtomicLong();
        CaffeineIdempotencyStore small = CaffeineIdempotencyStore.builder()
                .maximumSize(200)
                .evictionListener(record -> {
                    told.add(record);
                    tellings.incrementAndGet();
                })
                .build();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                String prefix = "t" + thread + "-";
                running.add(threads.submit(() -> IntStream.range(0, 5_000)
                        .forEach(number -> completed(small, prefix + number, Duration.ofHours(1 + number % 3)))));
            }
            for (Future<?> each : running) {
                each.get(1, TimeUnit.MINUTES);
            }
        } finally {
            threads.shutdownNow();
        }
        claim(small, "last");

        assertThat(small.size()).isEqualTo(200);
        assertThat(small.evictedEarly()).isEqualTo(20_001 - 200);
        assertThat(tellings).hasValue(20_001 - 200);
        assertThat(told).hasSize(20_001 - 200);
    }

    // weight

    private CaffeineIdempotencyStore light(long maximumWeight) {
        return CaffeineIdempotencyStore.builder()
                .maximumWeight(maximumWeight)
                .ticker(nanoseconds::get)
                .evictionListener(evicted::add)
                .build();
    }

    private static RecordedOutcome bytes(int length) {
        return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, new byte[length]);
    }

    private static void completed(IdempotencyStore any, String value, RecordedOutcome outcome, Duration retention) {
        assertThat(any.complete(claim(any, value), outcome, retention)).isTrue();
    }

    @Test
    void largeOutcomesAreEvictedNearestEndFirstSoThatAllWeighNoMoreThanTheMaximum() {
        CaffeineIdempotencyStore light = light(10_000_000);
        for (int number = 0; number < 300; number++) {
            completed(light, "h" + number, bytes(1_000_000), Duration.ofHours(300 - number));
            assertThat(light.weight()).isLessThanOrEqualTo(10_000_000);
        }

        // Each ends before all that are there, and so goes itself.
        assertThat(evictedValues())
                .containsExactlyElementsOf(
                        IntStream.range(9, 300).mapToObj(number -> "h" + number).toList());
        assertThat(light.evictedEarly()).isEqualTo(291);
        assertThat(light.size()).isEqualTo(9);
    }

    @Test
    void whatHasExpiredGoesBeforeWhatIsTooHeavy() {
        CaffeineIdempotencyStore light = light(10_000);
        completed(light, "expired", bytes(5_000), Duration.ofHours(1));
        completed(light, "kept", bytes(4_000), Duration.ofHours(2));
        elapse(Duration.ofHours(1));
        completed(light, "new", bytes(5_000), Duration.ofHours(3));

        assertThat(evicted).isEmpty();
        assertThat(light.find(key("kept"))).isNotNull();
        assertThat(light.find(key("new"))).isNotNull();
    }

    @Test
    void whatIsInProgressIsNeverEvictedEvenIfItsStepsAreTooHeavy() {
        CaffeineIdempotencyStore light = light(10_000);
        List<Claim> claims = new ArrayList<>();
        for (int number = 0; number < 10; number++) {
            Claim claim = claim(light, "a" + number);
            assertThat(light.recordStep(claim, new RecordedStep("reserve", bytes(5_000))))
                    .isTrue();
            claims.add(claim);
        }
        assertThat(light.weight()).isGreaterThan(50_000);
        assertThat(claims).allSatisfy(claim -> {
            assertThat(light.findSteps(claim.key())).hasSize(1);
            assertThat(light.complete(claim, bytes(10), RETENTION)).isTrue();
        });
        assertThat(light.weight()).isLessThan(10_000);
    }

    @Test
    void anOutcomeThatAloneIsTooHeavyIsRefusedAndEvictsNothing() {
        CaffeineIdempotencyStore light = light(10_000);
        completed(light, "small", bytes(1_000), RETENTION);

        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> completed(light, "large", bytes(10_001), RETENTION))
                .withMessageContaining("takes about 10001 bytes of memory")
                .withMessageContaining("at most 10000")
                .matches(IdempotencyStoreException::isRefusal);
        completed(light, "step", bytes(1), RETENTION);
        assertThat(light.find(key("small"))).isNotNull();
        assertThat(evicted).isEmpty();
    }

    private record Document(long weight) implements Weighted {}

    @Test
    void textsBytesAndWhatKnowsItsWeightCountInOutcomesAndInFingerprints() {
        CaffeineIdempotencyStore light = light(1_000_000_000);
        List<Long> weights = new ArrayList<>();
        for (Object value : List.of("", "x".repeat(1_000), new byte[1_000], new Document(1_000), List.of("x"))) {
            long before = light.weight();
            completed(
                    light, "v" + weights.size(), new RecordedOutcome.ByReference(new Outcome.Value(value)), RETENTION);
            weights.add(light.weight() - before);
        }
        long record = weights.get(0);
        assertThat(record).isBetween(200L, 400L);
        assertThat(weights).containsExactly(record, record + 2_000, record + 1_000, record + 1_000, record + 256);

        long before = light.weight();
        light.claim(new ClaimRequest(
                key("v9"), UUID.randomUUID(), Fingerprint.ofContent(List.of("x".repeat(1_000))), LEASE, true));
        assertThat(light.weight() - before).isEqualTo(record + 256 + 2_000);
    }

    @Test
    void inWhateverWayRecordsGoTheirWeightGoesWithThem() {
        CaffeineIdempotencyStore light = light(1_000_000);
        for (String value : List.of("forgotten", "expired", "purged", "cleared")) {
            completed(light, value, bytes(1_000), RETENTION);
        }
        Claim released = claim(light, "released");
        assertThat(light.recordStep(released, new RecordedStep("reserve", bytes(1_000))))
                .isTrue();
        assertThat(light.release(released, Duration.ofHours(1))).isTrue();
        assertThat(light.forget(key("forgotten"), light.find(key("forgotten")).fencingToken()))
                .isTrue();
        assertThat(light.release(claim(light, "given back"))).isTrue();
        long before = light.weight();
        assertThat(before).isBetween(4_000L, 8_000L);

        elapse(RETENTION);
        // Its entry is there, and takes another claim's place.
        assertThat(light.release(claim(light, "expired"))).isTrue();
        assertThat(light.weight()).isLessThan(before - 1_000);
        completed(light, "cleared", bytes(1_000), RETENTION);
        elapse(Duration.ofMinutes(1));
        light.purge();
        assertThat(light.size()).isEqualTo(1);
        light.clear();
        assertThat(light.weight()).isZero();
    }

    @Test
    void manyThreadsKeepAStoreAtItsMaximumWeight() throws Exception {
        CaffeineIdempotencyStore light =
                CaffeineIdempotencyStore.builder().maximumWeight(100_000).build();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                Random random = new Random(thread);
                running.add(threads.submit(() -> {
                    for (int turn = 0; turn < 5_000; turn++) {
                        if (light.claim(request("k" + random.nextInt(1_000))) instanceof ClaimResult.Claimed claimed) {
                            switch (random.nextInt(3)) {
                                case 0 -> light.release(claimed.claim());
                                case 1 -> light.complete(claimed.claim(), bytes(random.nextInt(2_000)), RETENTION);
                                default ->
                                    light.complete(claimed.claim(), bytes(10), Duration.ofNanos(1 + random.nextInt(9)));
                            }
                        }
                    }
                }));
            }
            for (Future<?> each : running) {
                each.get(1, TimeUnit.MINUTES);
            }
        } finally {
            threads.shutdownNow();
        }
        light.release(claim(light, "last"));

        assertThat(light.weight()).isBetween(50_000L, 100_000L);
        light.clear();
        assertThat(light.weight()).isZero();
    }

    @Test
    void largeOutcomesDoNotExhaustASmallHeap(@TempDir Path folder) throws Exception {
        Path errors = folder.resolve("errors");
        // Its heap is 128 MB.
        Process process = Jvm.start(LargeOutcomes.class, List.of(), errors);
        String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s %s", told, Files.readString(errors))
                .isZero();
        assertThat(told.strip()).isEqualTo("400 completed, the last is replayed: true");
    }

    /** Records 400 outcomes of 1 MB. */
    static final class LargeOutcomes {

        public static void main(String[] arguments) {
            CaffeineIdempotencyStore store = CaffeineIdempotencyStore.create();
            for (int number = 0; number < 400; number++) {
                completed(store, "v" + number, bytes(1_000_000), RETENTION);
            }
            System.out.println("400 completed, the last is replayed: " + (store.findNearby(key("v399")) != null));
        }
    }

    @Test
    void aMillionExpiredKeysDoNotStayInMemory() {
        CaffeineIdempotencyStore large = store(10_000_000);
        long largest = 0;
        for (int number = 0; number < 1_000_000; number++) {
            completed(large, "k" + number, Duration.ofSeconds(1));
            elapse(Duration.ofMillis(1));
            largest = Math.max(largest, large.size());
        }

        // 1 s of retention, 2 s of grace, and the precision of Caffeine's wheel.
        assertThat(largest).isLessThan(6_000);
        assertThat(large.evictedEarly()).isZero();
    }

    // speed

    @Test
    void aReplayAllocatesNothingInTheStore() {
        ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CaffeineIdempotencyStore real = CaffeineIdempotencyStore.create();
        completed(real, "a", RETENTION);
        IdempotencyKey key = request("a").key();
        long replays = replay(real, key, 200_000);

        long before = memory.getCurrentThreadAllocatedBytes();
        replays += replay(real, key, 100_000);
        long allocated = memory.getCurrentThreadAllocatedBytes() - before;

        assertThat(replays).isEqualTo(300_000);
        // What measuring itself allocates is far less than a byte for each replay.
        assertThat(allocated).isLessThan(10_000);
    }

    private static long replay(NearbyOutcomes replaying, IdempotencyKey key, int times) {
        long replays = 0;
        for (int turn = 0; turn < times; turn++) {
            if (replaying.findNearby(key) != null) {
                replays++;
            }
        }
        return replays;
    }

    // errors

    @Test
    void aFingerprintThatCannotBeComparedIsAFailureOfTheStoreAndChangesNothing() {
        RuntimeException failure = new IllegalStateException("planted");
        Object content = new Object() {
            @Override
            public boolean equals(@Nullable Object other) {
                throw failure;
            }

            @Override
            public int hashCode() {
                return 1;
            }
        };
        Claim claim = expectClaimed(store.claim(
                        new ClaimRequest(key("a"), UUID.randomUUID(), Fingerprint.ofContent(content), LEASE, true)))
                .claim();
        elapse(LEASE);
        ClaimRequest other = new ClaimRequest(key("a"), UUID.randomUUID(), Fingerprint.ofContent(content), LEASE, true);
        ClaimRequest failing = new ClaimRequest(
                key("a"),
                UUID.randomUUID(),
                Fingerprint.ofContent(new Object() {
                    @Override
                    public boolean equals(@Nullable Object anything) {
                        throw failure;
                    }

                    @Override
                    public int hashCode() {
                        return 1;
                    }
                }),
                LEASE,
                true);

        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> store.claim(failing))
                .withCause(failure)
                .withMessageContaining("'payment:a'")
                .satisfies(thrown -> assertThat(thrown.key()).isEqualTo(key("a")));
        assertThat(store.renew(List.of(claim), LEASE).renewed()).containsExactly(claim);
        assertThat(store.claim(other)).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void aTickerThatFailsIsAFailureOfTheStoreWhateverIsAsked() {
        RuntimeException failure = new IllegalStateException("planted");
        List<RuntimeException> planted = new ArrayList<>();
        Ticker ticker = () -> {
            if (!planted.isEmpty()) {
                throw planted.get(0);
            }
            return 0;
        };
        CaffeineIdempotencyStore failing =
                CaffeineIdempotencyStore.builder().ticker(ticker).build();
        Claim claim = claim(failing, "a");
        planted.add(failure);

        List<Runnable> requests = List.of(
                () -> failing.claim(request("a")),
                () -> failing.renew(List.of(claim), LEASE),
                () -> failing.complete(claim, RECEIPT, RETENTION),
                () -> failing.release(claim),
                () -> failing.abandon(claim),
                () -> failing.find(key("a")),
                () -> failing.forget(key("a"), claim.fencingToken()));

        assertThat(requests)
                .allSatisfy(request -> assertThatExceptionOfType(IdempotencyStoreException.class)
                        .isThrownBy(request::run)
                        .withCause(failure));
    }

    @Test
    void theBuilderFailsAtOnce() {
        CaffeineIdempotencyStore.Builder builder = CaffeineIdempotencyStore.builder();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maximumSize(0))
                .withMessage("The maximum size has to be positive, not 0");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.maximumSize(-1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maximumWeight(0))
                .withMessage("The maximum weight has to be positive, not 0");
        assertThatNullPointerException().isThrownBy(() -> builder.ticker(null));
        assertThatNullPointerException().isThrownBy(() -> builder.clock(null));
        assertThatNullPointerException().isThrownBy(() -> builder.evictionListener(null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CaffeineIdempotencyStore.builder()
                        .clock(() -> Instant.MAX)
                        .build())
                .withMessageContaining("too far from 1970");
    }

    @Test
    void durationsHaveToBePositive() {
        Claim claim = claim(store, "a");

        assertThatIllegalArgumentException().isThrownBy(() -> store.complete(claim, RECEIPT, Duration.ZERO));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.renew(List.of(claim), Duration.ofSeconds(-1)))
                .withMessage("The lease has to be positive, not PT-1S");
        assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    // words

    private List<String> evictedValues() {
        return evicted.stream().map(record -> record.key().value()).toList();
    }

    private static IdempotencyKey key(String value) {
        return IdempotencyKey.of("payment", value);
    }

    private static ClaimRequest request(String value) {
        return new ClaimRequest(key(value), UUID.randomUUID(), Fingerprint.none(), LEASE, true);
    }

    private static Claim claim(IdempotencyStore any, String value) {
        return expectClaimed(any.claim(request(value))).claim();
    }

    private static Claim completed(IdempotencyStore any, String value, Duration retention) {
        Claim claim = claim(any, value);
        assertThat(any.complete(claim, RECEIPT, retention)).isTrue();
        return claim;
    }

    private static ClaimResult.Claimed expectClaimed(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Claimed.class);
        return (ClaimResult.Claimed) result;
    }
}
