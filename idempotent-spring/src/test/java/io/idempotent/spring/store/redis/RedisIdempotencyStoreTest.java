package io.idempotent.spring.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.server.TcpProxy;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RecoverableRecords;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.ReturnType;

/** What this store does beyond the contract, and how it asks Redis for it. */
@NeedsServer(Server.REDIS)
class RedisIdempotencyStoreTest {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final long MICROSECONDS_PER_SECOND = 1_000_000;
    private static final RecordedOutcome RECEIPT = encoded("receipt");

    private static final RecordedStep RESERVED = new RecordedStep("reserve", encoded("reservation"));
    private static final RecordedStep CHARGED = new RecordedStep("charge", encoded("charge"));

    /** How many completed records are passed over; a million shows more. */
    private static final int SWEPT = Integer.getInteger("sweep.records", 20_000);

    private static final Map<Driver, RedisConnectionFactory> CONNECTIONS = new EnumMap<>(Map.of(
            Driver.LETTUCE, Driver.LETTUCE.connect(RedisServer.shared().port()),
            Driver.JEDIS, Driver.JEDIS.connect(RedisServer.shared().port())));

    private static final Map<Driver, RedisConnectionFactory> CLUSTER = new EnumMap<>(Driver.class);

    private final String keyPrefix = UUID.randomUUID() + ":";
    private final RedisIdempotencyStore store = new RedisIdempotencyStore(connections(Driver.LETTUCE), keyPrefix);

    // round trips

    @ParameterizedTest
    @EnumSource
    void aFirstExecutionTakesTwoCommandsAndAReplayOne(Driver driver) {
        RedisConnectionFactory connections = connections(driver);
        RedisIdempotencyStore counted = new RedisIdempotencyStore(connections, keyPrefix);
        useEveryScript(counted);

        Map<String, Long> first = commandsOf(() -> assertThat(counted.complete(claim(counted, "a"), RECEIPT, RETENTION))
                .isTrue());
        Map<String, Long> replay =
                commandsOf(() -> assertThat(counted.claim(request("a"))).isInstanceOf(ClaimResult.Completed.class));

        assertThat(first).isEqualTo(Map.of("evalsha", 2L));
        assertThat(replay).isEqualTo(Map.of("evalsha", 1L));
    }

    @ParameterizedTest
    @EnumSource
    void everyRequestOfOneKeyTakesOneCommand(Driver driver) {
        RedisIdempotencyStore counted = new RedisIdempotencyStore(connections(driver), keyPrefix);
        useEveryScript(counted);
        Claim claim = claim(counted, "a");

        List<Runnable> requests = List.of(
                () -> counted.claim(request("a")),
                () -> counted.find(claim.key()),
                () -> counted.renew(List.of(claim), LEASE),
                () -> counted.recordStep(claim, RESERVED),
                () -> counted.findSteps(claim.key()),
                () -> counted.abandon(claim),
                () -> counted.takeOver(claim.key(), claim.fencingToken(), UUID.randomUUID(), LEASE),
                () -> counted.release(held("a"), RETENTION),
                () -> counted.forget(claim.key(), number(fields("a"), "t")),
                () -> counted.release(claim(counted, "a")));

        assertThat(requests.stream().map(request -> commandsOf(request).get("evalsha")))
                .containsExactly(1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 2L);
    }

    @Test
    void withoutStepsNoScriptLooksForThem() {
        Map<String, Long> before = commands();
        Claim first = claim(store, "a");
        assertThat(store.renew(List.of(first), LEASE).renewed()).containsExactly(first);
        assertThat(store.abandon(first)).isTrue();
        Claim second = claim(store, "a");
        assertThat(store.findSteps(key("a"))).isEmpty();
        assertThat(store.complete(second, RECEIPT, RETENTION)).isTrue();
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.release(claim(store, "b"), RETENTION)).isTrue();

        Map<String, Long> after = commands();
        after.values().removeAll(List.of(0L));
        after.keySet().removeIf(command -> after.get(command).equals(before.get(command)));
        assertThat(after.keySet())
                .isSubsetOf(
                        "info", "evalsha", "eval", "time", "hmget", "exists", "hset", "del", "pexpireat", "persist");
    }

    @ParameterizedTest
    @EnumSource
    void everyScriptIsCalledWithItsRecordAndAtMostTheIndexAndItsRenewalOfManyOncePerClaim(Driver driver) {
        RecordedCalls recorded = new RecordedCalls();
        RedisIdempotencyStore observed = new RedisIdempotencyStore(recorded.over(connections(driver)), keyPrefix);

        useEveryScript(observed);

        assertThat(recorded.calls)
                .hasSizeGreaterThan(RecordScript.values().length)
                .allSatisfy(call -> {
                    assertThat(call.keys().get(0)).startsWith(keyPrefix + "pay:");
                    assertThat(call.keys().subList(1, call.keys().size())).isSubsetOf(keyPrefix + "recoverable/pay");
                });
        for (RecordScript script : RecordScript.values()) {
            assertThat(text(script.source()).replaceAll("KEYS\\[[12]]|\\(KEYS, ARGV\\)|#KEYS|KEYS\\[index]", ""))
                    .doesNotContain("KEYS");
        }
    }

    @ParameterizedTest
    @EnumSource
    void onAClusterEveryScriptIsCalledWithItsRecordAlone(Driver driver) {
        RecordedCalls recorded = new RecordedCalls();

        useEveryScript(new RedisIdempotencyStore(recorded.over(cluster(driver)), keyPrefix));

        assertThat(recorded.calls)
                .hasSizeGreaterThan(RecordScript.values().length)
                .allSatisfy(call -> assertThat(call.keys()).hasSize(1));
    }

    @ParameterizedTest
    @EnumSource
    void scriptsThatRedisDoesNotKnowAreGivenToItWhole(Driver driver) {
        RedisConnectionFactory connections = connections(driver);
        RedisIdempotencyStore flushed = new RedisIdempotencyStore(connections, keyPrefix);
        Consumer<Runnable> afterFlush = request -> {
            in(connections, connection -> {
                connection.scriptingCommands().scriptFlush();
                return true;
            });
            Map<String, Long> commands = commandsOf(request);
            assertThat(commands).containsEntry("eval", 1L).containsKey("evalsha");
        };

        afterFlush.accept(() -> claim(flushed, "a"));
        Claim claim = held("a");
        Claim other = claim(flushed, "b");
        Claim third = claim(flushed, "c");
        afterFlush.accept(
                () -> assertThat(flushed.renew(List.of(claim), LEASE).renewed()).containsExactly(claim));
        afterFlush.accept(() -> assertThat(
                        flushed.renew(List.of(claim, other, third), LEASE).renewed())
                .containsExactlyInAnyOrder(claim, other, third));
        afterFlush.accept(() -> assertThat(flushed.find(claim.key())).isNotNull());
        afterFlush.accept(() -> assertThat(flushed.recordStep(third, RESERVED)).isTrue());
        afterFlush.accept(() -> assertThat(flushed.findSteps(third.key())).containsExactly(RESERVED));
        afterFlush.accept(() -> assertThat(flushed.list(RecordQuery.inProgress(Duration.ZERO)))
                .extracting(IdempotencyRecord::key)
                .containsExactly(claim.key(), other.key(), third.key()));
        afterFlush.accept(() -> assertThat(flushed.abandon(other)).isTrue());
        afterFlush.accept(
                () -> assertThat(flushed.takeOver(other.key(), other.fencingToken(), UUID.randomUUID(), LEASE))
                        .isNotNull());
        afterFlush.accept(() -> assertThat(flushed.release(held("b"))).isTrue());
        afterFlush.accept(
                () -> assertThat(flushed.complete(claim, RECEIPT, RETENTION)).isTrue());
        afterFlush.accept(() ->
                assertThat(flushed.forget(claim.key(), claim.fencingToken())).isTrue());
    }

    @ParameterizedTest
    @EnumSource
    void manyLeasesAreRenewedInOnePipelineOnceRedisHasGotTheScript(Driver driver) throws Exception {
        try (TcpProxy proxy = new TcpProxy("127.0.0.1", RedisServer.shared().port())) {
            RedisConnectionFactory distant = driver.connect(proxy.port());
            RedisIdempotencyStore far = new RedisIdempotencyStore(distant, keyPrefix);
            List<Claim> claims = IntStream.range(0, 100)
                    .mapToObj(number -> claim(far, "many-" + number))
                    .toList();
            in(connections(driver), connection -> {
                connection.scriptingCommands().scriptFlush();
                return true;
            });
            // So that round trips are told apart from commands that are sent one after the other.
            proxy.delay(Duration.ofMillis(5));
            long before = proxy.traffic().requests();

            assertThat(far.renew(claims, LEASE).renewed()).containsExactlyInAnyOrderElementsOf(claims);

            assertThat(proxy.traffic().requests() - before).isLessThan(claims.size() / 2);
            ((DisposableBean) distant).destroy();
        }
    }

    // what is in Redis

    @Test
    void aRecordOfATraceHasOneFieldMoreThatOutlivesStepsAndCompletion() {
        ClaimRequest request = new ClaimRequest(
                key("a"), UUID.randomUUID(), Fingerprint.none(), LEASE, true, "0af7651916cd43dd8448eb211c80319c", null);
        Claim claim = ((ClaimResult.Claimed) store.claim(request)).claim();
        assertThat(fields("a")).containsEntry("x", "0af7651916cd43dd8448eb211c80319c");

        store.recordStep(claim, new RecordedStep("reserve", null));
        store.complete(claim, RECEIPT, RETENTION);
        assertThat(fields("a")).containsEntry("x", "0af7651916cd43dd8448eb211c80319c");
    }

    @Test
    void aRecordInProgressHasTheDocumentedFieldsAndNoExpiry() {
        Claim claim = claim(store, "a");

        Map<String, String> fields = fields("a");
        assertThat(fields).containsOnlyKeys("v", "s", "t", "i", "f", "a", "c", "n", "e");
        assertThat(fields)
                .containsEntry("v", "1")
                .containsEntry("s", "p")
                .containsEntry("t", Long.toString(claim.fencingToken()))
                .containsEntry("i", claim.id().toString())
                .containsEntry("f", "1:payment")
                .containsEntry("n", "0");
        assertThat(fields.get("a")).isEqualTo(fields.get("c")).matches("\\d{16}");
        assertThat(number(fields, "e") - number(fields, "c")).isEqualTo(LEASE.toMillis() * 1_000);
        assertThat(timeToLive("a")).isEqualTo(-1);
    }

    @Test
    void aCompletedRecordHasItsOutcomeAndAnExpiry() {
        assertThat(store.complete(claim(store, "a"), RECEIPT, RETENTION)).isTrue();

        Map<String, String> fields = fields("a");
        assertThat(fields).containsOnlyKeys("v", "s", "t", "i", "f", "a", "c", "n", "e", "d", "o");
        assertThat(fields).containsEntry("s", "v").containsEntry("o", "receipt");
        assertThat(number(fields, "e") - number(fields, "d")).isEqualTo(RETENTION.toMillis() * 1_000);
        assertThat(timeToLive("a")).isBetween(RETENTION.toMillis() - 10_000, RETENTION.toMillis() + 1);
    }

    @Test
    void aRecordWithStepsHasAFieldForEachUntilItIsCompleted() {
        Claim first = claim(store, "a");
        for (RecordedStep step : List.of(
                RESERVED,
                new RecordedStep("charge", null),
                new RecordedStep(
                        "ship", new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.FAILURE, bytes("sunk"))),
                new RecordedStep("Bäcker: é", new RecordedOutcome.NotReplayable("zu groß")))) {
            assertThat(store.recordStep(first, step)).isTrue();
        }
        Map<String, String> steps = Map.of(
                "step:reserve", "vreservation", "step:charge", "b", "step:ship", "fsunk", "step:Bäcker: é", "nzu groß");
        Map<String, String> running = fields("a");
        assertThat(running).containsAllEntriesOf(steps).containsEntry("s", "w").hasSize(9 + steps.size());
        assertThat(timeToLive("a")).isEqualTo(-1);

        assertThat(store.release(first, RETENTION)).isTrue();

        Map<String, String> released = fields("a");
        assertThat(released).containsAllEntriesOf(steps).containsEntry("s", "k").hasSize(10 + steps.size());
        assertThat(number(released, "e") - number(released, "d")).isEqualTo(RETENTION.toMillis() * 1_000);
        assertThat(timeToLive("a")).isBetween(RETENTION.toMillis() - 10_000, RETENTION.toMillis() + 1);

        Claim second = claim(store, "a");

        assertThat(fields("a")).containsOnlyKeys(running.keySet()).containsAllEntriesOf(steps);
        assertThat(timeToLive("a")).isEqualTo(-1);

        assertThat(store.complete(second, RECEIPT, RETENTION)).isTrue();

        assertThat(fields("a")).containsOnlyKeys("v", "s", "t", "i", "f", "a", "c", "n", "e", "d", "o");
        assertThat(fields("a")).containsEntry("o", "receipt").containsEntry("f", "1:payment");
        assertThat(timeToLive("a")).isPositive();
    }

    @Test
    void stepsPastTheirRetentionAreGoneThoughRedisStillHasThem() {
        Claim first = claim(store, "a");
        assertThat(store.recordStep(first, RESERVED)).isTrue();
        assertThat(store.release(first, RETENTION)).isTrue();
        set("a", "e", Long.toString(clock()));

        assertThat(store.find(key("a"))).isNull();
        assertThat(store.findSteps(key("a"))).isEmpty();
        assertThat(store.takeOver(key("a"), first.fencingToken(), first.id(), LEASE))
                .isNull();
        assertThat(store.release(first)).isFalse();
        assertThat(claim(store, "a").fencingToken()).isGreaterThan(first.fencingToken());

        assertThat(fields("a")).containsOnlyKeys("v", "s", "t", "i", "f", "a", "c", "n", "e");
        assertThat(timeToLive("a")).isEqualTo(-1);
    }

    @Test
    void noRecordExpiresBeforeItsRetentionIsOverAndNoneAMillisecondLater() throws IOException {
        RedisServer redis = RedisServer.shared();
        try (Socket socket = new Socket(redis.host(), redis.port())) {
            socket.setSoTimeout(10_000);
            BufferedReader monitor =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            socket.getOutputStream().write(bytes("MONITOR\r\n"));
            assertThat(monitor.readLine()).isEqualTo("+OK");
            for (int turn = 0; turn < 20; turn++) {
                assertThat(store.complete(claim(store, "a" + turn), RECEIPT, RETENTION))
                        .isTrue();
                Matcher expiry = Pattern.compile(
                                "\"PEXPIREAT\" \"" + keyPrefix + "pay:a" + turn + "\" \"(\\d+)\"",
                                Pattern.CASE_INSENSITIVE)
                        .matcher("");
                while (!expiry.find()) {
                    expiry.reset(monitor.readLine());
                }
                assertThat(Long.parseLong(expiry.group(1)) * 1_000 - number(fields("a" + turn), "e"))
                        .isBetween(0L, 1_000L);
            }
        }
    }

    @Test
    void aRecordPastItsRetentionIsFreeThoughRedisStillHasItAndTheNextOneHasNoExpiry() {
        Claim first = claim(store, "a");
        assertThat(store.complete(first, RECEIPT, RETENTION)).isTrue();
        set("a", "e", Long.toString(clock()));

        assertThat(store.find(key("a"))).isNull();
        assertThat(store.forget(key("a"), first.fencingToken())).isFalse();
        assertThat(store.takeOver(key("a"), first.fencingToken(), first.id(), LEASE))
                .isNull();
        assertThat(store.complete(first, RECEIPT, RETENTION)).isFalse();
        assertThat(claim(store, "a").fencingToken()).isGreaterThan(first.fencingToken());

        assertThat(fields("a")).containsEntry("s", "p").doesNotContainKeys("o", "d");
        assertThat(timeToLive("a")).isEqualTo(-1);
    }

    @Test
    void aRecordOutlivesTheScriptThatWritesItHoweverShortItsRetention() {
        assertThat(store.complete(claim(store, "a"), RECEIPT, Duration.ofNanos(1)))
                .isTrue();

        assertThat(store.find(key("a"))).isNull();
        assertThat(timeToLive("a")).isGreaterThan(0);
        assertThat(fields("a")).containsEntry("v", "1");
    }

    @Test
    void whatExpiresInRedisIsGone() {
        assertThat(store.complete(claim(store, "a"), RECEIPT, Duration.ofNanos(1)))
                .isTrue();

        assertThat(store.find(key("a"))).isNull();
        await().atMost(Duration.ofSeconds(10)).until(() -> fields("a").isEmpty());
    }

    @Test
    void theRedisKeyIsThePrefixAndTheTextOfTheKeyInUtf8() {
        IdempotencyKey key = new IdempotencyKey("pay", "Bäcker:é", "\uD83D\uDE00 1");

        assertThat(store.claim(new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true)))
                .isInstanceOf(ClaimResult.Claimed.class);

        String redisKey = keyPrefix + "pay@Bäcker\\:é:\uD83D\uDE00 1";
        boolean exists = in(
                connections(Driver.JEDIS),
                connection -> connection.keyCommands().exists(bytes(redisKey)));
        assertThat(exists).isTrue();
    }

    @Test
    void storesOfDifferentPrefixesShareNothing() {
        claim(store, "a");

        assertThat(new RedisIdempotencyStore(connections(Driver.LETTUCE), "other-" + keyPrefix).find(key("a")))
                .isNull();
        assertThat(RedisIdempotencyStore.DEFAULT_KEY_PREFIX).isEqualTo("idempotent:");
    }

    @Test
    void durationsOfMoreThan100YearsCountAs100Years() {
        Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
        Claim claim = claim(store, new ClaimRequest(key("a"), UUID.randomUUID(), Fingerprint.none(), forever, true));
        assertThat(store.renew(List.of(claim), forever).renewed()).containsExactly(claim);
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(number(fields("a"), "e") - clock())
                .isBetween(36_524L * 86_400 * MICROSECONDS_PER_SECOND, 36_525L * 86_400 * MICROSECONDS_PER_SECOND);

        assertThat(store.complete(claim, RECEIPT, forever)).isTrue();

        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(timeToLive("a")).isGreaterThan(36_524L * 86_400_000);
    }

    // tokens

    @Test
    void aReleasedKeyIsKnownForAMinuteToHaveBeenReleasedByThisClaim() {
        Claim claim = claim(store, "a");

        assertThat(store.release(claim)).isTrue();
        assertThat(store.release(claim)).isTrue();

        assertThat(store.find(key("a"))).isNull();
        assertThat(fields("a")).containsOnlyKeys("v", "s", "t", "i");
        assertThat(timeToLive("a")).isBetween(50_000L, 60_001L);
        assertThat(store.forget(key("a"), claim.fencingToken())).isFalse();
    }

    @Test
    void tokensGrowAfterReleaseAndForgetThoughTheClockWasSetBack() {
        long ahead = clock() + 20 * MICROSECONDS_PER_SECOND;
        claim(store, "a");
        set("a", "t", Long.toString(ahead));
        assertThat(store.release(held("a"))).isTrue();

        Claim second = claim(store, "a");
        assertThat(second.fencingToken()).isEqualTo(ahead + 1);
        assertThat(store.abandon(second)).isTrue();
        assertThat(store.forget(key("a"), second.fencingToken())).isTrue();
        assertThat(store.release(second)).isFalse();

        Claim third = claim(store, "a");
        assertThat(third.fencingToken()).isEqualTo(ahead + 2);
        assertThat(store.complete(third, RECEIPT, Duration.ofNanos(1))).isTrue();

        // The retention is over at once, but Redis keeps the hash until its clock is past the token.
        assertThat(timeToLive("a")).isGreaterThan(10_000);
        assertThat(claim(store, "a").fencingToken()).isEqualTo(ahead + 3);
    }

    // arguments that cannot be

    @Test
    void fingerprintsByContentAndOutcomesByReferenceAreRefused() {
        ClaimRequest byContent =
                new ClaimRequest(key("a"), UUID.randomUUID(), Fingerprint.ofContent("secret"), LEASE, true);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.claim(byContent))
                .withMessageContaining("digest")
                .withMessageNotContaining("secret");
        Claim claim = claim(store, "a");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        store.complete(claim, new RecordedOutcome.ByReference(new Outcome.Value("secret")), RETENTION))
                .withMessageContaining("encode")
                .withMessageNotContaining("secret");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.recordStep(
                        claim,
                        new RecordedStep("reserve", new RecordedOutcome.ByReference(new Outcome.Value("secret")))))
                .withMessageContaining("encode")
                .withMessageNotContaining("secret");
        assertThat(store.keepsReferences()).isFalse();
        assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    @Test
    void leasesAndRetentionsThatAreNotPositiveAreRefused() {
        Claim claim = claim(store, "a");
        for (Duration duration : List.of(Duration.ZERO, Duration.ofNanos(-1))) {
            assertThatIllegalArgumentException().isThrownBy(() -> store.renew(List.of(claim), duration));
            assertThatIllegalArgumentException().isThrownBy(() -> store.renew(List.of(), duration));
            assertThatIllegalArgumentException().isThrownBy(() -> store.complete(claim, RECEIPT, duration));
            assertThatIllegalArgumentException().isThrownBy(() -> store.release(claim, duration));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.takeOver(claim.key(), claim.fencingToken(), claim.id(), duration));
        }
    }

    // lists

    @ParameterizedTest
    @EnumSource
    void moreRecordsAreListedThanOnePipelineReads(Driver driver) {
        RedisIdempotencyStore many = new RedisIdempotencyStore(connections(driver), keyPrefix);
        List<IdempotencyKey> keys = IntStream.range(0, 1_500)
                .mapToObj(number -> key(String.format("%04d", number)))
                .toList();
        keys.forEach(key -> claim(many, key.value()));
        RecordQuery query = RecordQuery.inProgress(Duration.ZERO).ofOperation("pay");

        assertThat(many.list(query.limit(10_000)))
                .extracting(IdempotencyRecord::key)
                .isEqualTo(keys);
        assertThat(many.list(query.limit(200).after(keys.get(33))))
                .extracting(IdempotencyRecord::key)
                .isEqualTo(keys.subList(34, 234));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsClearlyNoRecordIsNotListed(Driver driver) {
        assertOnlyRecordsAreListed(connections(driver));
    }

    @Test
    void aRecordOfANewerFormatIsAFailureOfTheListRatherThanMissing() {
        claim(store, "a");
        set("newer", "v", "2");

        assertThat(causesOf(() -> store.list(RecordQuery.abandoned())))
                .contains("The Redis store failed to list records")
                .contains("no record that this version can read");
    }

    @Test
    void aPrefixIsNoPattern() {
        String pattern = keyPrefix + "*?[a-z]\\^";
        RedisIdempotencyStore odd = new RedisIdempotencyStore(connections(Driver.LETTUCE), pattern);
        RedisIdempotencyStore other = new RedisIdempotencyStore(connections(Driver.LETTUCE), keyPrefix + "xyz^");
        claim(odd, "odd");
        claim(other, "other");

        assertThat(odd.list(RecordQuery.inProgress(Duration.ZERO)))
                .extracting(IdempotencyRecord::key)
                .containsExactly(key("odd"));
        assertThat(odd.list(RecordQuery.inProgress(Duration.ZERO).ofOperation("pay")))
                .extracting(IdempotencyRecord::key)
                .containsExactly(key("odd"));
    }

    // what is not a record

    @ParameterizedTest
    @EnumSource
    void whatSomebodyElseWroteIsRefusedAndLeftAlone(Driver driver) {
        RedisIdempotencyStore other = new RedisIdempotencyStore(connections(driver), keyPrefix);
        in(connections(driver), connection -> connection.stringCommands().set(redisKey("text"), bytes("s3cret")));
        set("hash", "field", "s3cret");
        set("newer", "v", "2");
        set("stranger", "v", "s3cret");

        for (String value : List.of("text", "hash", "newer", "stranger")) {
            Claim claim = new Claim(key(value), UUID.randomUUID(), 1);
            assertEachFails(
                    other,
                    claim,
                    failure -> assertThat(failure)
                            .hasMessageContaining("no record that this version can read")
                            .hasMessageContaining("begins with '" + keyPrefix + "'")
                            .hasMessageContaining("key prefix")
                            .extracting(IdempotencyStoreException::isTransient)
                            .isEqualTo(false));
        }
        assertThat(causesOf(() -> other.find(key("newer")))).contains("UNKNOWNFORMAT 2");
        assertThat(fields("newer")).isEqualTo(Map.of("v", "2"));
        assertThat(fields("hash")).isEqualTo(Map.of("field", "s3cret"));
    }

    @ParameterizedTest
    @EnumSource
    void aRecordThatIsDamagedIsAFailureOfTheStore(Driver driver) {
        RedisIdempotencyStore other = new RedisIdempotencyStore(connections(driver), keyPrefix);
        claim(other, "a");
        set("a", "n", "x");
        assertThat(causesOf(() -> other.find(key("a"))))
                .contains("The Redis store failed to find idempotency key 'pay:a'");
        claim(other, "b");
        set("b", "e", "s3cret");
        assertThat(causesOf(() -> other.claim(request("b"))))
                .contains("The Redis store failed to claim idempotency key 'pay:b'");
    }

    // failures

    @ParameterizedTest
    @EnumSource
    void whereThereIsNoRedisEachRequestFailsWithItsKeyAndTheCause(Driver driver) throws Exception {
        RedisIdempotencyStore unreachable = new RedisIdempotencyStore(driver.connect(Driver.portOfNobody()));

        assertEachFails(
                unreachable,
                new Claim(key("a"), UUID.randomUUID(), 1),
                failure -> assertThat(failure)
                        .hasMessageContaining("whether it took effect is not known")
                        .hasMessageContaining("check that Redis can be reached")
                        .extracting(IdempotencyStoreException::isTransient)
                        .isEqualTo(true));
        assertThat(causesOf(() -> unreachable.list(RecordQuery.abandoned())))
                .contains("The Redis store failed to list records; whether it took effect is not known");
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(30)
    void aRenewalThatRedisDoesNotAnswerFailsWithinAThirdOfTheLease(Driver driver) throws Exception {
        Duration lease = Duration.ofMillis(1_500);
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            RedisIdempotencyStore hanging = new RedisIdempotencyStore(driver.connect(silent.getLocalPort()));
            for (int claims = 1; claims <= 2; claims++) {
                List<Claim> held = IntStream.range(0, claims)
                        .mapToObj(number -> new Claim(key("a" + number), UUID.randomUUID(), 1))
                        .toList();
                long start = System.nanoTime();

                assertThatThrownBy(() -> hanging.renew(held, lease).renewed())
                        .isInstanceOfSatisfying(
                                IdempotencyStoreException.class,
                                failure -> assertThat(failure.isTransient()).isFalse());

                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .isBetween(lease.dividedBy(3), lease.dividedBy(3).plusMillis(900));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClaimThatCannotBeRenewedDoesNotKeepTheOthersFromIt(Driver driver) {
        assertOthersAreRenewed(connections(driver));
    }

    @Test
    void anInterruptedRenewalFailsAndTheThreadStaysInterrupted() {
        Claim claim = claim(store, "a");
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> store.renew(List.of(claim), LEASE).renewed())
                .isInstanceOf(IdempotencyStoreException.class);

        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aFullMemoryRefusesClaimsAndChangesNothingButTakesWhatOwnersSayOfTheirWork() throws IOException {
        Claim held = claim(store, "held");
        Claim abandoned = claim(store, "abandoned");
        assertThat(store.abandon(abandoned)).isTrue();
        Claim withSteps = claim(store, "with-steps");
        assertThat(store.recordStep(withSteps, CHARGED)).isTrue();
        Claim charging = claim(store, "charging");
        RedisServer.shared().ask("CONFIG SET maxmemory 1");
        try {
            assertThatThrownBy(() -> store.claim(request("new")))
                    .isInstanceOfSatisfying(
                            IdempotencyStoreException.class,
                            refusal -> assertThat(refusal.isRefusal()).isTrue())
                    .hasMessageContaining("the memory of Redis is full; nothing was changed");
            assertThatThrownBy(() -> store.claim(request("abandoned"))).hasStackTraceContaining("OOM");
            assertThat(store.find(key("new"))).isNull();
            assertThat(store.find(key("abandoned")))
                    .satisfies(record -> assertThat(record.fencingToken()).isEqualTo(abandoned.fencingToken()));
            assertThat(store.renew(List.of(held, withSteps, abandoned), LEASE).renewed())
                    .containsExactlyInAnyOrder(held, withSteps, abandoned);
            assertThat(store.abandon(abandoned)).isTrue();
            assertThat(store.release(held)).isTrue();
            assertThat(store.release(withSteps, RETENTION)).isTrue();
            assertThat(store.recordStep(charging, RESERVED)).isTrue();
            assertThat(store.findSteps(charging.key())).containsExactly(RESERVED);
            assertThat(store.complete(charging, RECEIPT, RETENTION)).isTrue();
            assertThat(store.find(charging.key()))
                    .satisfies(record -> assertThat(record.outcome()).isEqualTo(RECEIPT));
            assertThatThrownBy(() -> store.claim(request("with-steps"))).hasStackTraceContaining("OOM");
        } finally {
            RedisServer.shared().ask("CONFIG SET maxmemory 0");
        }
        assertThat(store.claim(request("with-steps")))
                .isInstanceOfSatisfying(
                        ClaimResult.Claimed.class,
                        claimed -> assertThat(claimed.steps()).containsExactly(CHARGED));
        assertThat(claim(store, "held").fencingToken()).isGreaterThan(held.fencingToken());
    }

    // requests

    @ParameterizedTest
    @EnumSource
    void withARequestAFirstExecutionTakesTwoCommandsAndAReplayOne(Driver driver) {
        RedisIdempotencyStore counted = new RedisIdempotencyStore(connections(driver), keyPrefix);
        useEveryScript(counted);

        Map<String, Long> first = commandsOf(() -> assertThat(
                        counted.complete(claim(counted, requested("a", "order")), RECEIPT, RETENTION))
                .isTrue());
        Map<String, Long> replay = commandsOf(
                () -> assertThat(counted.claim(requested("a", "order"))).isInstanceOf(ClaimResult.Completed.class));

        assertThat(first).isEqualTo(Map.of("evalsha", 2L, "zadd", 1L, "zrem", 1L, "hdel", 1L));
        assertThat(replay).isEqualTo(Map.of("evalsha", 1L));
    }

    @Test
    void aRequestIsTwoFieldsAndAnEntryUntilItsKeyEnds() {
        List<Consumer<Claim>> endings = List.of(
                claim -> assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue(),
                claim -> {
                    assertThat(store.recordStep(claim, RESERVED)).isTrue();
                    assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue();
                },
                claim -> assertThat(store.release(claim)).isTrue(),
                claim -> assertThat(store.release(claim, RETENTION)).isTrue(),
                claim -> {
                    assertThat(store.abandon(claim)).isTrue();
                    assertThat(store.forget(claim.key(), claim.fencingToken())).isTrue();
                });
        for (int number = 0; number < endings.size(); number++) {
            String value = "a-" + number;
            Claim claim = claim(store, requested(value, "order"));
            Map<String, String> fields = fields(value);
            assertThat(fields).containsOnlyKeys("v", "s", "t", "i", "f", "a", "c", "n", "e", "q", "g");
            assertThat(fields).containsEntry("q", "order").containsEntry("g", Long.toString(claim.fencingToken()));
            assertThat(entries()).containsExactly(entry(value, claim.fencingToken()));

            endings.get(number).accept(claim);

            assertThat(fields(value)).doesNotContainKeys("q", "g");
            assertThat(entries()).isEmpty();
        }
    }

    @Test
    void entriesThatStandForNoRequestAreRemovedWhenNoClaimCanFollowThemAnyMore() {
        Claim live = claim(store, requested("live", "order"));
        Claim released = claim(store, requested("released", "order"));
        assertThat(store.recordStep(released, RESERVED)).isTrue();
        assertThat(store.release(released, RETENTION)).isTrue();
        assertThat(store.complete(claim(store, "completed"), RECEIPT, RETENTION))
                .isTrue();
        claim(store, "running");
        long now = clock();
        long young = now - 20 * MICROSECONDS_PER_SECOND;
        long old = now - 30 * MICROSECONDS_PER_SECOND;
        for (String value : List.of("live", "completed", "running", "nothing")) {
            enter(value, young);
            enter(value, old);
        }

        assertThat(store.listRecoverable("pay", Duration.ZERO, null, 3)).isEmpty();

        assertThat(entries())
                .containsExactlyInAnyOrder(
                        entry("live", live.fencingToken()),
                        entry("released", released.fencingToken()),
                        entry("live", young),
                        entry("completed", young),
                        entry("running", young),
                        entry("nothing", young));
    }

    @Test
    void aRecordOfAnotherFormatKeepsNoOtherFromBeingListed() {
        for (String value : List.of("a", "newer", "z")) {
            assertThat(store.abandon(claim(store, requested(value, "order")))).isTrue();
        }
        set("newer", "v", "2");

        assertThat(store.listRecoverable("pay", Duration.ZERO, null, 10))
                .extracting(record -> record.key().value())
                .containsExactly("a", "z");
    }

    @Test
    void aPageIsFullHoweverManyEntriesOfLiveOrEndedRecordsAreBeforeIt() {
        for (int number = 0; number < 20; number++) {
            claim(store, requested("a-live-" + number, "order"));
            enter("b-nothing-" + number, 1);
        }
        for (String value : List.of("c", "d", "e")) {
            assertThat(store.abandon(claim(store, requested(value, "order")))).isTrue();
        }

        assertThat(store.listRecoverable("pay", Duration.ZERO, null, 2))
                .extracting(record -> record.key().value())
                .containsExactly("c", "d");
        assertThat(store.listRecoverable("pay", Duration.ZERO, key("d"), 2))
                .extracting(record -> record.key().value())
                .containsExactly("e");
        assertThat(entries()).hasSize(23);
    }

    @ParameterizedTest
    @EnumSource
    void theFewThatAreRecoverableAreFoundAmongManyThatAreCompletedInMilliseconds(Driver driver) {
        RedisConnectionFactory connections = driver.connect(RedisServer.shared().port(), 7, Duration.ofSeconds(60));
        RedisIdempotencyStore swept = new RedisIdempotencyStore(connections, keyPrefix);
        assertThat(swept.complete(claim(swept, "completed"), RECEIPT, RETENTION))
                .isTrue();
        for (int copies = 0; copies < SWEPT; copies += 10_000) {
            int first = copies;
            in(
                    connections,
                    connection -> connection
                            .scriptingCommands()
                            .<Long>eval(
                                    bytes("""
                                    local fields = redis.call('HGETALL', KEYS[1])
                                    for copy = ARGV[1], ARGV[1] + 9999 do
                                      redis.call('HSET', KEYS[1] .. string.format('%.0f', copy), unpack(fields))
                                    end
                                    return 1
                                    """),
                                    ReturnType.INTEGER,
                                    1,
                                    redisKey("completed"),
                                    bytes(Integer.toString(first))));
        }
        for (int number = 0; number < 10; number++) {
            assertThat(swept.abandon(claim(swept, requested("abandoned-" + number, "order"))))
                    .isTrue();
        }
        List<Long> times = new ArrayList<>();
        for (int turn = 0; turn < 101; turn++) {
            long start = System.nanoTime();
            List<IdempotencyRecord> listed = swept.listRecoverable("pay", Duration.ZERO, null, 100);
            times.add(System.nanoTime() - start);
            assertThat(listed).hasSize(10);
        }
        Collections.sort(times);
        Duration median = Duration.ofNanos(times.get(times.size() / 2));
        System.out.printf(
                "Redis, %s: a sweep for 10 of %,d records takes %,d us%n",
                driver, SWEPT + 11, median.toNanos() / 1_000);
        assertThat(median).isLessThanOrEqualTo(Duration.ofMillis(5));
        in(connections, connection -> {
            connection.serverCommands().flushDb();
            return true;
        });
    }

    @ParameterizedTest
    @EnumSource
    void aRecordWithARequestIsNeverMissingInTheIndexOfACluster(Driver driver) {
        for (RedisConnectionFactory connections :
                List.of(cluster(driver), driver.connect(RedisServer.cluster().port()))) {
            String prefix = UUID.randomUUID() + ":";
            RedisIdempotencyStore clustered = new RedisIdempotencyStore(connections, prefix);
            // Each that lists and removes what is outdated does so between the entry and the claim.
            AtomicBoolean entered = new AtomicBoolean();
            RedisIdempotencyStore observed = new RedisIdempotencyStore(
                    new RecordedCalls().over(connections, () -> {
                        entered.set(true);
                        assertThat(clustered.listRecoverable("pay", Duration.ZERO, null, 10))
                                .isEmpty();
                    }),
                    prefix);
            claim(clustered, "other");

            Claim claim = claim(observed, requested("a", "order"));

            assertThat(entered).isTrue();
            assertThat(clustered.claim(requested("a", "other order"))).isInstanceOf(ClaimResult.InProgress.class);
            assertThat(clustered.findRequest(claim.key(), claim.fencingToken())).isEqualTo(requestOf("order"));
            assertThat(clustered.abandon(claim)).isTrue();
            assertThat(clustered.listRecoverable("pay", Duration.ZERO, null, 10))
                    .extracting(IdempotencyRecord::key)
                    .containsExactly(key("a"));
            Claim second = claim(clustered, "a");
            assertThat(clustered.complete(second, RECEIPT, RETENTION)).isTrue();
            assertThat(clustered.claim(requested("a", "other order"))).isInstanceOf(ClaimResult.Completed.class);
            boolean isLeft =
                    in(connections, connection -> connection.keyCommands().exists(bytes(prefix + "recoverable/pay")));
            assertThat(isLeft).isFalse();
        }
    }

    @Test
    void aClaimOnAClusterThatFollowsItsEntryTooLateOrTwiceIsEnteredAgain() {
        RedisConnectionFactory connections = cluster(Driver.LETTUCE);
        RedisIdempotencyStore clustered = new RedisIdempotencyStore(connections, keyPrefix);
        long now = in(connections, connection -> connection.serverCommands().time(TimeUnit.MICROSECONDS));

        assertThat(ask(connections, "late", now - 30 * MICROSECONDS_PER_SECOND)).isEqualTo("index");
        assertThat(ask(connections, "in time", now - 20 * MICROSECONDS_PER_SECOND))
                .isEqualTo("+");

        Claim first = claim(clustered, requested("twice", "order"));
        long entered = in(
                connections,
                connection -> Long.valueOf(text(connection.hashCommands().hGet(redisKey("twice"), bytes("g")))));
        assertThat(clustered.release(first)).isTrue();
        assertThat(ask(connections, "twice", entered)).isEqualTo("index");
    }

    /** What a claim is answered on a cluster that follows an entry of that time. */
    private String ask(RedisConnectionFactory connections, String value, long entered) {
        List<byte[]> reply = in(
                connections,
                connection -> connection
                        .scriptingCommands()
                        .<List<byte[]>>eval(
                                RecordScript.CLAIM.source(),
                                ReturnType.MULTI,
                                1,
                                redisKey(value),
                                bytes(UUID.randomUUID().toString()),
                                bytes(""),
                                bytes("30000000"),
                                bytes("1"),
                                bytes(""),
                                bytes("order"),
                                bytes(Long.toString(entered))));
        return text(reply.get(0));
    }

    private List<String> entries() {
        return in(
                connections(Driver.JEDIS),
                connection -> connection.zSetCommands().zRange(bytes(keyPrefix + "recoverable/pay"), 0, -1).stream()
                        .map(RedisIdempotencyStoreTest::text)
                        .toList());
    }

    private String entry(String value, long entered) {
        return keyPrefix + key(value) + '\0' + entered;
    }

    private void enter(String value, long entered) {
        in(
                connections(Driver.JEDIS),
                connection -> connection
                        .zSetCommands()
                        .zAdd(bytes(keyPrefix + "recoverable/pay"), 0, bytes(entry(value, entered))));
    }

    // cluster

    @ParameterizedTest
    @EnumSource
    void everyRequestWorksOnACluster(Driver driver) {
        RedisConnectionFactory connections = cluster(driver);
        RedisIdempotencyStore clustered = new RedisIdempotencyStore(connections, keyPrefix);

        useEveryScript(clustered);
        assertOthersAreRenewed(connections);
        assertOnlyRecordsAreListed(connections);
    }

    // words

    private static RedisConnectionFactory connections(Driver driver) {
        return CONNECTIONS.get(driver);
    }

    private static RedisConnectionFactory cluster(Driver driver) {
        return CLUSTER.computeIfAbsent(
                driver, any -> any.connectToCluster(RedisServer.cluster().port()));
    }

    private static <T> T in(RedisConnectionFactory connections, Function<RedisConnection, T> request) {
        try (RedisConnection connection = connections.getConnection()) {
            return request.apply(connection);
        }
    }

    /** How often Redis was sent each command meanwhile, without those that the scripts call. */
    private static Map<String, Long> commandsOf(Runnable requests) {
        Map<String, Long> before = commands();
        requests.run();
        Map<String, Long> after = commands();
        after.replaceAll((command, calls) -> calls - before.getOrDefault(command, 0L));
        after.values().removeIf(calls -> calls == 0);
        after.keySet()
                .removeAll(Set.of("info", "time", "hmget", "exists", "hset", "del", "hget", "hgetall", "pexpireat"));
        return after;
    }

    private static Map<String, Long> commands() {
        Map<String, Long> commands = new TreeMap<>();
        Properties statistics = in(
                connections(Driver.LETTUCE),
                connection -> connection.serverCommands().info("commandstats"));
        statistics.forEach((name, value) -> {
            Matcher calls = Pattern.compile("calls=(\\d+)").matcher(value.toString());
            assertThat(calls.find()).isTrue();
            commands.put(name.toString().replace("cmdstat_", ""), Long.valueOf(calls.group(1)));
        });
        return commands;
    }

    private Map<String, String> fields(String value) {
        Map<String, String> fields = new TreeMap<>();
        in(connections(Driver.JEDIS), connection -> connection.hashCommands().hGetAll(redisKey(value)))
                .forEach((field, content) -> fields.put(text(field), text(content)));
        return fields;
    }

    private void set(String value, String field, String content) {
        in(
                connections(Driver.JEDIS),
                connection -> connection.hashCommands().hSet(redisKey(value), bytes(field), bytes(content)));
    }

    private long timeToLive(String value) {
        return in(
                connections(Driver.JEDIS),
                connection -> connection.keyCommands().pTtl(redisKey(value)));
    }

    private static long clock() {
        return in(
                connections(Driver.JEDIS),
                connection -> connection.serverCommands().time(TimeUnit.MICROSECONDS));
    }

    private static long number(Map<String, String> fields, String field) {
        return Long.parseLong(fields.get(field));
    }

    private byte[] redisKey(String value) {
        return bytes(keyPrefix + key(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static RecordedOutcome encoded(String text) {
        return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, bytes(text));
    }

    private static IdempotencyKey key(String value) {
        return IdempotencyKey.of("pay", value);
    }

    private static ClaimRequest request(String value) {
        return new ClaimRequest(key(value), UUID.randomUUID(), Fingerprint.ofDigest("1:payment"), LEASE, true);
    }

    private static RecordedRequest requestOf(String text) {
        return new RecordedRequest(bytes(text));
    }

    private static ClaimRequest requested(String value, String text) {
        return new ClaimRequest(
                key(value), UUID.randomUUID(), Fingerprint.ofDigest("1:payment"), LEASE, true, null, requestOf(text));
    }

    private static Claim claim(IdempotencyStore store, String value) {
        return claim(store, request(value));
    }

    private static Claim claim(IdempotencyStore store, ClaimRequest request) {
        ClaimResult result = store.claim(request);
        assertThat(result).isInstanceOf(ClaimResult.Claimed.class);
        return ((ClaimResult.Claimed) result).claim();
    }

    /** The claim that Redis has for a key. */
    private Claim held(String value) {
        Map<String, String> fields = fields(value);
        return new Claim(key(value), UUID.fromString(fields.get("i")), number(fields, "t"));
    }

    /** Makes every kind of request, of several keys where it can. */
    private static void useEveryScript(IdempotencyStore store) {
        Claim one = claim(store, "every-1");
        Claim two = claim(store, "every-2");
        Claim three = claim(store, "every-3");
        assertThat(store.renew(List.of(one), LEASE).renewed()).containsExactly(one);
        assertThat(store.renew(List.of(one, two, three), LEASE).renewed()).containsExactlyInAnyOrder(one, two, three);
        assertThat(store.complete(one, RECEIPT, RETENTION)).isTrue();
        assertThat(store.claim(request("every-1"))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.abandon(two)).isTrue();
        assertThat(store.find(two.key()))
                .satisfies(record -> assertThat(record.isAbandoned()).isTrue());
        assertThat(store.release(three)).isTrue();
        assertThat(store.release(claim(store, "every-2"))).isTrue();
        assertThat(store.forget(one.key(), one.fencingToken())).isTrue();
        Claim four = claim(store, "every-4");
        Claim five = claim(store, "every-5");
        assertThat(store.recordStep(four, RESERVED)).isTrue();
        assertThat(store.findSteps(four.key())).containsExactly(RESERVED);
        assertThat(store.list(RecordQuery.inProgress(Duration.ZERO)))
                .extracting(IdempotencyRecord::key)
                .containsExactly(four.key(), five.key());
        assertThat(store.release(four, RETENTION)).isTrue();
        assertThat(store.abandon(five)).isTrue();
        ClaimResult.Claimed takenOver = store.takeOver(five.key(), five.fencingToken(), UUID.randomUUID(), LEASE);
        assertThat(takenOver).isNotNull();
        assertThat(store.release(takenOver.claim())).isTrue();
        Claim six = claim(store, requested("every-6", "order"));
        RecoverableRecords recoverable = (RecoverableRecords) store;
        assertThat(recoverable.findRequest(six.key(), six.fencingToken())).isEqualTo(requestOf("order"));
        assertThat(store.abandon(six)).isTrue();
        assertThat(recoverable.listRecoverable("pay", Duration.ZERO, null, 10))
                .extracting(IdempotencyRecord::key)
                .containsExactly(six.key());
        assertThat(store.complete(six, RECEIPT, RETENTION)).isTrue();
    }

    private void assertOnlyRecordsAreListed(RedisConnectionFactory connections) {
        String prefix = "listed-" + keyPrefix;
        RedisIdempotencyStore other = new RedisIdempotencyStore(connections, prefix);
        in(connections, connection -> {
            connection.stringCommands().set(bytes(prefix + "pay:text"), bytes("s3cret"));
            connection.hashCommands().hSet(bytes(prefix + "lock"), bytes("field"), bytes("s3cret"));
            connection.hashCommands().hSet(bytes(prefix + "not an operation:a"), bytes("v"), bytes("2"));
            connection.hashCommands().hSet(bytes(prefix + "pay:"), bytes("v"), bytes("2"));
            return true;
        });
        List<IdempotencyKey> keys = List.of(
                key("1"), key("2"), key("3"), key("Bäcker \uD83D\uDE00"), new IdempotencyKey("pay", "tenant", "1"));
        for (IdempotencyKey key : keys) {
            claim(other, new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true));
        }

        for (String operation : new String[] {null, "pay"}) {
            RecordQuery query = new RecordQuery(false, Duration.ZERO, operation, null, 100);
            assertThat(other.list(query)).extracting(IdempotencyRecord::key).containsExactlyInAnyOrderElementsOf(keys);
        }
        assertThat(other.list(RecordQuery.abandoned())).isEmpty();
    }

    private void assertOthersAreRenewed(RedisConnectionFactory connections) {
        RedisIdempotencyStore other = new RedisIdempotencyStore(connections, keyPrefix);
        Claim one = claim(other, "others-1");
        Claim broken = claim(other, "others-2");
        Claim two = claim(other, "others-3");
        Claim lost = new Claim(two.key(), UUID.randomUUID(), 1);
        assertThat(other.renew(List.of(one, lost), LEASE).renewed()).containsExactly(one);
        in(connections, connection -> connection.hashCommands().hSet(redisKey("others-2"), bytes("v"), bytes("2")));

        assertThatThrownBy(() -> other.renew(List.of(one, broken, two), LEASE.multipliedBy(10))
                        .renewed())
                .isInstanceOf(IdempotencyStoreException.class)
                .hasMessageContaining("failed to renew leases")
                .hasMessageContaining("no record that this version can read");

        for (Claim claim : List.of(one, two)) {
            assertThat(other.find(claim.key()))
                    .satisfies(record -> assertThat(record.leaseRemaining()).isGreaterThan(LEASE.multipliedBy(9)));
        }
    }

    private static void assertEachFails(
            IdempotencyStore store, Claim claim, Consumer<IdempotencyStoreException> requirements) {
        RecordedOutcome secret = encoded("s3cret");
        Map<String, ThrowingCallable> requests = new LinkedHashMap<>();
        requests.put("claim", () -> store.claim(request(claim.key().value())));
        requests.put("complete", () -> store.complete(claim, secret, RETENTION));
        requests.put("release", () -> store.release(claim));
        requests.put("abandon", () -> store.abandon(claim));
        requests.put("find", () -> store.find(claim.key()));
        requests.put("forget", () -> store.forget(claim.key(), 1));
        requests.put("record a step of", () -> store.recordStep(claim, new RecordedStep("a", secret)));
        requests.put("find the steps of", () -> store.findSteps(claim.key()));
        requests.put("take over", () -> store.takeOver(claim.key(), 1, UUID.randomUUID(), LEASE));
        requests.forEach((name, request) -> assertThatThrownBy(request)
                .isInstanceOfSatisfying(IdempotencyStoreException.class, failure -> {
                    assertThat(failure).hasMessageContaining("failed to " + name + " idempotency key '" + claim.key());
                    assertThat(failure.key()).isEqualTo(claim.key());
                    assertThat(failure).hasCauseInstanceOf(RuntimeException.class);
                    assertThat(failure).satisfies(requirements::accept);
                    assertThat(messagesOf(failure)).doesNotContain("s3cret");
                }));
        assertThatThrownBy(() -> store.renew(List.of(claim), LEASE).renewed())
                .isInstanceOfSatisfying(IdempotencyStoreException.class, failure -> {
                    assertThat(failure).hasMessageContaining("failed to renew leases");
                    assertThat(failure.key()).isNull();
                    assertThat(failure).satisfies(requirements::accept);
                });
    }

    private static String causesOf(ThrowingCallable request) {
        StringBuilder messages = new StringBuilder();
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        IdempotencyStoreException.class, failure -> messages.append(messagesOf(failure)));
        assertThat(messages.toString()).doesNotContain("s3cret");
        return messages.toString();
    }

    private static String messagesOf(Throwable failure) {
        StringBuilder messages = new StringBuilder();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            messages.append(each.getMessage()).append('\n');
        }
        return messages.toString();
    }
}
