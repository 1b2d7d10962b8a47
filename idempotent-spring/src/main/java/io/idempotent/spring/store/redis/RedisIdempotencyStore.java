package io.idempotent.spring.store.redis;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RecoverableRecords;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.TimeLimit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.data.domain.Range;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.Limit;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisClusterNode;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisPipelineException;
import org.springframework.data.redis.connection.RedisScriptingCommands;
import org.springframework.data.redis.connection.ReturnType;
import org.springframework.data.redis.core.Cursor;
import org.springframework.data.redis.core.ScanOptions;

/**
 * Keeps records in Redis 6.2 or later, alone, with replicas, or as a cluster; with Lettuce or Jedis.
 *
 * <p>A claim that Redis acknowledged can be lost in a failover, since replicas follow later: then two may run at once.
 * Where that must not be, take a database.
 *
 * <p><b>A record</b> is a hash, whose Redis key is the prefix and the {@linkplain IdempotencyKey#toString() text} of
 * the idempotency key in UTF-8. Its fields, numbers in decimal, times in microseconds since 1970:
 *
 * <table>
 * <caption>The fields of a record</caption>
 * <thead><tr><th>field</th><th>what it says</th></tr></thead>
 * <tbody>
 * <tr><td>{@code v}</td><td>the format: {@code 1}; others are refused</td></tr>
 * <tr><td>{@code s}</td><td>the state: {@code p} in progress; {@code w} in progress, with steps; {@code k} released
 *     with steps; {@code v}, {@code f}, {@code n} completed, by a value, by a failure, by an outcome that is not
 *     replayable; {@code r} released or forgotten</td></tr>
 * <tr><td>{@code t}</td><td>the fencing token</td></tr>
 * <tr><td>{@code i}</td><td>the claim id; empty if the record was forgotten</td></tr>
 * <tr><td>{@code f}</td><td>the digest that is the fingerprint; empty if there is none</td></tr>
 * <tr><td>{@code a}</td><td>first claimed at</td></tr>
 * <tr><td>{@code c}</td><td>claimed at</td></tr>
 * <tr><td>{@code n}</td><td>how many take-overs there were</td></tr>
 * <tr><td>{@code x}</td><td>the trace id, if there is one</td></tr>
 * <tr><td>{@code e}</td><td>when the lease ends, or the retention of what is completed, or of steps</td></tr>
 * <tr><td>{@code d}</td><td>completed at, or released at with steps</td></tr>
 * <tr><td>{@code o}</td><td>the outcome's bytes, or in UTF-8 the reason why it is not replayable</td></tr>
 * <tr><td>{@code q}</td><td>the bytes of the request, if there is one</td></tr>
 * <tr><td>{@code g}</td><td>when the request was entered in the index, or the token of its claim if that is greater; if
 *     there is one</td></tr>
 * <tr><td>{@code step:}, and a step's name in UTF-8</td><td>{@code b} begun; or {@code v}, {@code f}, {@code n} as
 *     above, and then what {@code o} would have</td></tr>
 * </tbody>
 * </table>
 *
 * <p><b>The index</b> of what can be finished without its caller is a sorted set for each operation, whose Redis key is
 * the prefix, {@code recoverable/} and the operation's name. All scores are zero. An entry is the Redis key of a record
 * that has a request, a zero byte, and its field {@code g}.
 *
 * <p><b>How a request is made:</b>
 *
 * <ol>
 *   <li>Each is one script, called by its digest: one round trip, atomic in Redis. If Redis does not know the script,
 *       it has done nothing and is given the whole text. A script is of one key. One that begins or ends what the index
 *       has is of two, the record's and the index's.
 *   <li>On a cluster, where a script is of one key, a claim that brings a request is answered when to enter it; once
 *       that is done, it is asked for again. An entry that no claim followed within 30 seconds is not followed any
 *       more: the claim is answered anew. Whoever ends the record removes the entry after it. A cluster that
 *       connections take for one Redis tells that it is one at the first script of two keys.
 *   <li>Whoever lists what can be finished removes the entries that no record has, once they are older than 30 seconds.
 *       An entry is never made twice, so what is removed is never what a later claim has entered.
 *   <li>Time is Redis' own. A cluster's or a replica's clock should be as exact as a database's: after a failover the
 *       lease is compared with another clock.
 *   <li>In progress a hash has no expiry. Once it is completed or released with steps, Redis deletes it after its
 *       retention, which counts as free from the very microsecond on.
 *   <li>A hash is deleted before it begins a new life, or is completed with steps, so that none of them is left. Its
 *       state tells whether there are any: where there are none, nothing looks for them.
 *   <li>What is released or forgotten leaves its token for a minute, for the next claim to be above it. No hash is
 *       deleted before the clock is past its token, and so, unless the clock is set back, none is needed after that.
 *   <li>Renewals of several claims are one pipeline: one round trip, for which Lettuce without a pool opens a
 *       connection. A cluster is asked for one claim after another, whose failures do not keep the others from being
 *       renewed.
 *   <li>A list scans all keys that Redis has, on each master of a cluster, for those that begin with the prefix, and
 *       asks for each record that may be on the page: a thousand by one pipeline, on a cluster one after another. What
 *       is no hash, or has no idempotency key after the prefix, is left out.
 * </ol>
 *
 * <p>Leases and retentions of more than 100 years count as 100 years; parts of a microsecond count as a whole one.
 *
 * <p>Takes digests for fingerprints, or none, and outcomes that a codec encoded. A message of an
 * {@link IdempotencyStoreException} never has an outcome in it. Safe for use by many threads.
 */
public final class RedisIdempotencyStore implements IdempotencyStore, RecoverableRecords, InitializingBean {

    /** What the Redis keys of records begin with by default: {@value}. */
    public static final String DEFAULT_KEY_PREFIX = "idempotent:";

    private static final int LISTED_AT_ONCE = 1_000;
    private static final RecordForm FORM = new RecordForm("Redis store", Duration.ofDays(36_525));

    private final RedisConnectionFactory connectionFactory;
    private final String keyPrefix;
    private final TimeLimit renewals = new TimeLimit("idempotent-redis-renewal", true);
    // A cluster that looks like one Redis tells that it is one when a script is of two keys.
    private volatile boolean keysAreApart;

    /**
     * Makes a store whose Redis keys begin with {@value #DEFAULT_KEY_PREFIX}.
     *
     * @param connectionFactory gives the connections; not closed by this store
     */
    public RedisIdempotencyStore(RedisConnectionFactory connectionFactory) {
        this(connectionFactory, DEFAULT_KEY_PREFIX);
    }

    /**
     * Makes a store.
     *
     * @param connectionFactory gives the connections; not closed by this store
     * @param keyPrefix what the Redis keys of records begin with: the same for all that share records, another for
     *     others
     */
    public RedisIdempotencyStore(RedisConnectionFactory connectionFactory, String keyPrefix) {
        this.connectionFactory = Objects.requireNonNull(connectionFactory, "connectionFactory");
        this.keyPrefix = Objects.requireNonNull(keyPrefix, "keyPrefix");
    }

    /**
     * Asks Redis once for its eviction policy, and warns in the log if it may evict records. Does not fail if Redis
     * does not tell. Spring calls it.
     */
    @Override
    public void afterPropertiesSet() {
        EvictionPolicy.check(connectionFactory);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the fingerprint is neither a digest nor none
     */
    @Override
    public ClaimResult claim(ClaimRequest request) {
        IdempotencyKey key = request.key();
        List<byte[]> arguments = new ArrayList<>(List.of(
                bytes(request.claimId()),
                bytes(Objects.requireNonNullElse(FORM.digest(request.fingerprint()), "")),
                bytes(FORM.microseconds(request.lease())),
                bytes(request.mayTakeOver() ? 1 : 0),
                bytes(Objects.requireNonNullElse(request.traceId(), ""))));
        if (request.request() == null) {
            return answer(
                    RecordScript.CLAIM, key, reply -> reply.claimResult(request), arguments.toArray(byte[][]::new));
        }
        arguments.add(request.request().content());
        try (RedisConnection connection = connectionFactory.getConnection()) {
            return claimed(connection, key, arguments).claimResult(request);
        } catch (RuntimeException failure) {
            throw failed(RecordScript.CLAIM.action(), key, failure);
        }
    }

    /**
     * Claims with a request. On a cluster, where one script cannot do it, the request is entered in the index before.
     */
    private ScriptReply claimed(RedisConnection connection, IdempotencyKey key, List<byte[]> arguments) {
        ScriptReply reply = callWithIndex(connection, RecordScript.CLAIM, key, arguments.toArray(byte[][]::new));
        for (String entered = reply.toBeEnteredAt(); entered != null; entered = reply.toBeEnteredAt()) {
            connection.zSetCommands().zAdd(index(key.operation()), 0, entry(key, entered));
            List<byte[]> again = new ArrayList<>(arguments);
            again.add(bytes(entered));
            reply = callWithIndex(connection, RecordScript.CLAIM, key, again.toArray(byte[][]::new));
        }
        return reply;
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        if (claims.isEmpty()) {
            return RenewalResult.of(Set.of());
        }
        try {
            return RenewalResult.of(renewals.call(
                    lease.dividedBy(3), () -> renewAll(List.copyOf(claims), bytes(FORM.microseconds(lease)))));
        } catch (Exception failure) {
            throw failed("renew leases", null, failure);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the retention is not positive, or the outcome is one by reference
     */
    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        RecordForm.requirePositive("retention", retention);
        return end(
                RecordScript.COMPLETE,
                claim.key(),
                bytes(claim.id()),
                bytes(claim.fencingToken()),
                bytes(ScriptReply.letter(outcome)),
                FORM.content(outcome),
                bytes(FORM.microseconds(retention)));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the step's outcome is one by reference
     */
    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return answer(
                RecordScript.RECORD_STEP,
                claim.key(),
                ScriptReply::isGranted,
                bytes(claim.id()),
                bytes(claim.fencingToken()),
                bytes(step.name()),
                content(step));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        RecordForm.requirePositive("retention of steps", stepRetention);
        return end(
                RecordScript.RELEASE,
                claim.key(),
                bytes(claim.id()),
                bytes(claim.fencingToken()),
                bytes(FORM.microseconds(stepRetention)));
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return answer(RecordScript.FIND_STEPS, key, ScriptReply::steps);
    }

    /** {@inheritDoc} It reads all records; they are in the order of their keys' texts. */
    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        try (RedisConnection connection = connectionFactory.getConnection()) {
            RecordPage page = new RecordPage(query);
            if (connection instanceof RedisClusterConnection cluster) {
                for (RedisClusterNode node : cluster.clusterCommands().clusterGetNodes()) {
                    if (node.isMaster()) {
                        list(cluster, cluster.scan(node, recordsOf(query)), page);
                    }
                }
            } else {
                list(connection, connection.keyCommands().scan(recordsOf(query)), page);
            }
            return page.records();
        } catch (RuntimeException failure) {
            throw failed("list records", null, failure);
        }
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        RecordForm.requirePositive("lease", lease);
        return answer(
                RecordScript.TAKE_OVER,
                key,
                reply -> reply.claimedOrNull(key, claimId),
                bytes(claimId),
                bytes(expectedToken),
                bytes(FORM.microseconds(lease)));
    }

    @Override
    public boolean release(Claim claim) {
        return end(RecordScript.RELEASE, claim.key(), bytes(claim.id()), bytes(claim.fencingToken()));
    }

    @Override
    public boolean abandon(Claim claim) {
        return answer(
                RecordScript.ABANDON,
                claim.key(),
                ScriptReply::isGranted,
                bytes(claim.id()),
                bytes(claim.fencingToken()));
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return answer(RecordScript.FIND, key, reply -> reply.recordOrNull(key));
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return end(RecordScript.FORGET, key, bytes(expectedToken));
    }

    /**
     * {@inheritDoc} They are in the order of the bytes of their keys' texts. It reads the index, and the records that
     * are in it.
     */
    @Override
    public List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
        RecordForm.requireNotNegative("time since the lease ended", abandonedFor);
        RecordQuery query = new RecordQuery(true, Duration.ZERO, operation, after, limit);
        byte[] index = index(operation);
        byte[] time = bytes(FORM.microseconds(abandonedFor));
        List<IdempotencyRecord> records = new ArrayList<>();
        int count = Math.min(LISTED_AT_ONCE, query.limit());
        // All entries of a key have a zero after it, which is less than any character of a key.
        Range.Bound<byte[]> start =
                after == null ? Range.Bound.unbounded() : Range.Bound.inclusive(bytes(keyPrefix + after + '\1'));
        try (RedisConnection connection = connectionFactory.getConnection()) {
            for (boolean more = true; more && records.size() < query.limit(); ) {
                List<byte[]> entries = List.copyOf(connection
                        .zSetCommands()
                        .zRangeByLex(
                                index,
                                Range.of(start, Range.Bound.unbounded()),
                                Limit.limit().count(count)));
                list(connection, index, entries, time, records);
                more = entries.size() == count;
                start = more ? Range.Bound.exclusive(entries.get(count - 1)) : start;
            }
            return List.copyOf(records.subList(0, Math.min(query.limit(), records.size())));
        } catch (RuntimeException failure) {
            throw failed("list records", null, failure);
        }
    }

    /** Adds the records of entries that are recoverable, and removes the entries that are outdated. */
    private void list(
            RedisConnection connection,
            byte[] index,
            List<byte[]> entries,
            byte[] abandonedFor,
            List<IdempotencyRecord> records) {
        List<IdempotencyKey> keys = new ArrayList<>();
        List<byte[]> entered = new ArrayList<>();
        for (byte[] entry : entries) {
            String text = new String(entry, StandardCharsets.UTF_8);
            int end = text.indexOf('\0');
            keys.add(IdempotencyKey.parse(text.substring(keyPrefix.length(), end)));
            entered.add(bytes(text.substring(end + 1)));
        }
        List<ScriptReply> replies = entries.isEmpty() ? List.of() : look(connection, keys, entered, abandonedFor);
        List<byte[]> outdated = new ArrayList<>();
        for (int number = 0; number < replies.size(); number++) {
            if (replies.get(number).isOutdated()) {
                outdated.add(entries.get(number));
            } else {
                IdempotencyRecord record = replies.get(number).recordOrNull(keys.get(number));
                if (record != null) {
                    records.add(record);
                }
            }
        }
        if (!outdated.isEmpty()) {
            connection.zSetCommands().zRem(index, outdated.toArray(byte[][]::new));
        }
    }

    /** What is found of entries, on a cluster of one after the other. */
    private List<ScriptReply> look(
            RedisConnection connection, List<IdempotencyKey> keys, List<byte[]> entered, byte[] abandonedFor) {
        int size = keys.size();
        if (size > 1 && isApart(connection)) {
            return IntStream.range(0, size)
                    .mapToObj(index ->
                            look(connection, List.of(keys.get(index)), List.of(entered.get(index)), abandonedFor))
                    .flatMap(List::stream)
                    .toList();
        }
        List<byte[]> keysAndArguments = new ArrayList<>();
        keys.forEach(key -> keysAndArguments.add(bytes(keyPrefix + key)));
        keysAndArguments.add(abandonedFor);
        keysAndArguments.addAll(entered);
        try {
            return ScriptReply.each(
                    ask(connection, RecordScript.LIST_RECOVERABLE, size, keysAndArguments.toArray(byte[][]::new)));
        } catch (RuntimeException failure) {
            turnApart(failure);
            return look(connection, keys, entered, abandonedFor);
        }
    }

    @Override
    public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
        return answer(RecordScript.FIND_REQUEST, key, ScriptReply::request, bytes(fencingToken));
    }

    /** Makes a request after which no request is kept; on a cluster, it is withdrawn from the index after that. */
    private boolean end(RecordScript script, IdempotencyKey key, byte[]... arguments) {
        try (RedisConnection connection = connectionFactory.getConnection()) {
            ScriptReply reply = callWithIndex(connection, script, key, arguments);
            String entered = reply.toBeWithdrawn();
            if (entered != null) {
                connection.zSetCommands().zRem(index(key.operation()), entry(key, entered));
            }
            return reply.isGranted();
        } catch (RuntimeException failure) {
            throw failed(script.action(), key, failure);
        }
    }

    private ScriptReply callWithIndex(
            RedisConnection connection, RecordScript script, IdempotencyKey key, byte[]... arguments) {
        if (!isApart(connection)) {
            byte[][] withIndex = new byte[1 + arguments.length][];
            withIndex[0] = index(key.operation());
            System.arraycopy(arguments, 0, withIndex, 1, arguments.length);
            try {
                return call(connection, script, 2, keyAnd(key, withIndex));
            } catch (RuntimeException failure) {
                turnApart(failure);
            }
        }
        return call(connection, script, 1, keyAnd(key, arguments));
    }

    /** Whether a script is of one key only. */
    private boolean isApart(RedisConnection connection) {
        return keysAreApart || connection instanceof RedisClusterConnection;
    }

    /** Gives up scripts of several keys if they are the failure's reason. */
    private void turnApart(RuntimeException failure) {
        if (!says(failure, "CROSSSLOT") || keysAreApart) {
            throw failure;
        }
        keysAreApart = true;
    }

    /** The index of an operation's recoverable records. No record has such a key, since no operation has a slash. */
    private byte[] index(String operation) {
        return bytes(keyPrefix + "recoverable/" + operation);
    }

    private byte[] entry(IdempotencyKey key, String entered) {
        return bytes(keyPrefix + key + '\0' + entered);
    }

    private <T extends @Nullable Object> T answer(
            RecordScript script, IdempotencyKey key, Function<ScriptReply, T> reader, byte[]... arguments) {
        try (RedisConnection connection = connectionFactory.getConnection()) {
            return reader.apply(call(connection, script, 1, keyAnd(key, arguments)));
        } catch (RuntimeException failure) {
            throw failed(script.action(), key, failure);
        }
    }

    private static ScriptReply call(
            RedisConnection connection, RecordScript script, int keys, byte[][] keysAndArguments) {
        return ScriptReply.of(ask(connection, script, keys, keysAndArguments));
    }

    private static @Nullable Object ask(
            RedisConnection connection, RecordScript script, int keys, byte[][] keysAndArguments) {
        RedisScriptingCommands commands = connection.scriptingCommands();
        @Nullable Object reply;
        try {
            reply = commands.evalSha(script.digest(), ReturnType.MULTI, keys, keysAndArguments);
        } catch (RuntimeException failure) {
            if (!isUnknownScript(failure)) {
                throw failure;
            }
            reply = commands.eval(script.source(), ReturnType.MULTI, keys, keysAndArguments);
        }
        return reply;
    }

    private void list(RedisConnection connection, Cursor<byte[]> redisKeys, RecordPage page) {
        try (redisKeys) {
            while (redisKeys.hasNext()) {
                List<IdempotencyKey> keys = new ArrayList<>();
                while (keys.size() < LISTED_AT_ONCE && redisKeys.hasNext()) {
                    IdempotencyKey key = keyOrNull(redisKeys.next());
                    if (key != null && page.mayHave(key)) {
                        keys.add(key);
                    }
                }
                List<ScriptReply> replies = callAll(
                        connection,
                        RecordScript.LIST,
                        keys.stream().map(this::keyAnd).toList());
                for (int index = 0; index < replies.size(); index++) {
                    page.add(replies.get(index).recordOrNull(keys.get(index)));
                }
            }
        }
    }

    /** The idempotency key that a Redis key holds; null if it holds none, and so is somebody else's. */
    private @Nullable IdempotencyKey keyOrNull(byte[] redisKey) {
        try {
            return IdempotencyKey.parse(new String(redisKey, StandardCharsets.UTF_8).substring(keyPrefix.length()));
        } catch (IllegalArgumentException | IdempotencyKeyException notAKey) {
            return null;
        }
    }

    /** Where the records are that may be meant. */
    private ScanOptions recordsOf(RecordQuery query) {
        String prefix = keyPrefix.replaceAll("[\\\\*?\\[\\]]", "\\\\$0");
        return ScanOptions.scanOptions()
                .match(bytes(prefix + (query.operation() == null ? "*" : query.operation() + "[:@]*")))
                .count(LISTED_AT_ONCE)
                .build();
    }

    private Set<Claim> renewAll(List<Claim> claims, byte[] lease) {
        List<byte[][]> requests = claims.stream()
                .map(claim -> keyAnd(claim.key(), bytes(claim.id()), bytes(claim.fencingToken()), lease))
                .toList();
        try (RedisConnection connection = connectionFactory.getConnection()) {
            List<ScriptReply> replies = callInPipeline(connection, RecordScript.RENEW, requests);
            if (replies == null) {
                return renewOneByOne(connection, claims, requests);
            }
            Set<Claim> renewed = new LinkedHashSet<>();
            for (int index = 0; index < claims.size(); index++) {
                if (replies.get(index).isGranted()) {
                    renewed.add(claims.get(index));
                }
            }
            return renewed;
        }
    }

    private static List<ScriptReply> callAll(RedisConnection connection, RecordScript script, List<byte[][]> requests) {
        List<ScriptReply> replies = callInPipeline(connection, script, requests);
        return replies != null
                ? replies
                : requests.stream()
                        .map(request -> call(connection, script, 1, request))
                        .toList();
    }

    /** What is answered to several requests, which can be repeated; null if they are to be made one by one. */
    private static @Nullable List<ScriptReply> callInPipeline(
            RedisConnection connection, RecordScript script, List<byte[][]> requests) {
        if (requests.size() <= 1 || connection instanceof RedisClusterConnection) {
            return null;
        }
        try {
            return pipeline(connection, script, requests);
        } catch (RedisPipelineException failure) {
            if (!isUnknownScript(failure)) {
                throw failure;
            }
            // Nothing was done. The first brings the script for all.
            var unused = call(connection, script, 1, requests.get(0));
            return pipeline(connection, script, requests);
        }
    }

    private static List<ScriptReply> pipeline(
            RedisConnection connection, RecordScript script, List<byte[][]> requests) {
        connection.openPipeline();
        for (byte[][] request : requests) {
            connection.scriptingCommands().<@Nullable Object>evalSha(script.digest(), ReturnType.MULTI, 1, request);
        }
        return connection.closePipeline().stream().map(ScriptReply::of).toList();
    }

    private static Set<Claim> renewOneByOne(RedisConnection connection, List<Claim> claims, List<byte[][]> requests) {
        Set<Claim> renewed = new LinkedHashSet<>();
        RuntimeException firstFailure = null;
        for (int index = 0; index < claims.size(); index++) {
            try {
                if (call(connection, RecordScript.RENEW, 1, requests.get(index)).isGranted()) {
                    renewed.add(claims.get(index));
                }
            } catch (RuntimeException failure) {
                if (Thread.currentThread().isInterrupted()) {
                    throw failure;
                }
                firstFailure = firstFailure == null ? failure : firstFailure;
            }
        }
        if (firstFailure != null) {
            throw firstFailure;
        }
        return renewed;
    }

    /** Whether Redis did nothing, for it does not know the script; whatever class the driver makes of it. */
    private static boolean isUnknownScript(RuntimeException failure) {
        return says(failure, "NOSCRIPT");
    }

    private static boolean says(Throwable failure, String code) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each.getMessage() != null && each.getMessage().contains(code)) {
                return true;
            }
        }
        return false;
    }

    private byte[][] keyAnd(IdempotencyKey key, byte[]... arguments) {
        byte[][] keyAndArguments = new byte[1 + arguments.length][];
        keyAndArguments[0] = bytes(keyPrefix + key);
        System.arraycopy(arguments, 0, keyAndArguments, 1, arguments.length);
        return keyAndArguments;
    }

    private IdempotencyStoreException failed(String request, @Nullable IdempotencyKey key, Exception cause) {
        if (says(cause, "OOM command not allowed")) {
            return FORM.refused(
                    request, key, ": the memory of Redis is full; nothing was changed; raise its maxmemory", cause);
        }
        String detail = says(cause, "UNKNOWNFORMAT") || says(cause, "WRONGTYPE")
                ? ": what is there, under a Redis key that begins with '" + keyPrefix
                        + "', is no record that this version can read. Update this library if a newer one wrote it;"
                        + " else give the records a key prefix that nothing else uses"
                : RecordForm.EFFECT_UNKNOWN + ", and check that Redis can be reached and takes writes";
        return FORM.failed(request, key, detail, cause, isTransient(cause));
    }

    /**
     * Whether a connection broke, or could not be had at once; after a time-out a caller should not wait as long again.
     */
    private static boolean isTransient(Throwable failure) {
        boolean broken = false;
        for (Throwable each = failure; each != null; each = each.getCause()) {
            // Each driver has time-outs of its own, and so has each layer below.
            if (each.getClass().getSimpleName().contains("Timeout")) {
                return false;
            }
            broken |= each instanceof RedisConnectionFailureException || each instanceof IOException;
        }
        return broken;
    }

    /** What is kept of a step: the kind's letter, and the content. */
    private static byte[] content(RecordedStep step) {
        RecordedOutcome outcome = step.outcome();
        if (outcome == null) {
            return bytes(ScriptReply.BEGUN);
        }
        byte[] kind = bytes(ScriptReply.letter(outcome));
        byte[] content = FORM.content(outcome);
        return ByteBuffer.allocate(kind.length + content.length)
                .put(kind)
                .put(content)
                .array();
    }

    private static byte[] bytes(Object text) {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
