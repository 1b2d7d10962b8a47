package io.idempotent.spring.store.redis;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisPipelineException;
import org.springframework.data.redis.connection.RedisScriptingCommands;
import org.springframework.data.redis.connection.ReturnType;

/**
 * Keeps records in Redis 6.2 or later, alone, with replicas, or as a cluster; with Lettuce or Jedis.
 *
 * <p>A claim that Redis acknowledged can be lost in a failover, since replicas follow later: then two may run at once. Where
 * that must not be, take a database.
 *
 * <p><b>A record</b> is a hash, whose Redis key is the prefix and the {@linkplain IdempotencyKey#toString() text} of the
 * idempotency key in UTF-8. Its fields, numbers in decimal, times in microseconds since 1970:
 *
 * <table>
 * <caption>The fields of a record</caption>
 * <thead><tr><th>field</th><th>what it says</th></tr></thead>
 * <tbody>
 * <tr><td>{@code v}</td><td>the format: {@code 1}; others are refused</td></tr>
 * <tr><td>{@code s}</td><td>the state: {@code p} in progress; {@code v}, {@code f}, {@code n} completed, by a value, by a
 *     failure, by an outcome that is not replayable; {@code r} released or forgotten</td></tr>
 * <tr><td>{@code t}</td><td>the fencing token</td></tr>
 * <tr><td>{@code i}</td><td>the claim id; empty if the record was forgotten</td></tr>
 * <tr><td>{@code f}</td><td>the digest that is the fingerprint; empty if there is none</td></tr>
 * <tr><td>{@code a}</td><td>first claimed at</td></tr>
 * <tr><td>{@code c}</td><td>claimed at</td></tr>
 * <tr><td>{@code n}</td><td>how many take-overs there were</td></tr>
 * <tr><td>{@code e}</td><td>when the lease ends, or the retention of what is completed</td></tr>
 * <tr><td>{@code d}</td><td>completed at</td></tr>
 * <tr><td>{@code o}</td><td>the outcome's bytes, or in UTF-8 the reason why it is not replayable</td></tr>
 * </tbody>
 * </table>
 *
 * <p><b>How a request is made:</b>
 *
 * <ol>
 *   <li>Each is one script of one key, called by its digest: one round trip, atomic in Redis. If Redis does not know the
 *       script, it has done nothing and is given the whole text.
 *   <li>Time is Redis' own. A cluster's or a replica's clock should be as exact as a database's: after a failover the lease
 *       is compared with another clock.
 *   <li>In progress a hash has no expiry. Once completed, Redis deletes it after its retention, which counts as free from
 *       the very microsecond on.
 *   <li>What is released or forgotten leaves its token for a minute, for the next claim to be above it. No hash is deleted
 *       before the clock is past its token, and so, unless the clock is set back, none is needed after that.
 *   <li>Renewals of several claims are one pipeline: one round trip, for which Lettuce without a pool opens a connection. A
 *       cluster is asked for one claim after another, whose failures do not keep the others from being renewed.
 * </ol>
 *
 * <p>Leases and retentions of more than 100 years count as 100 years; parts of a microsecond count as a whole one.
 *
 * <p>Takes digests for fingerprints, or none, and outcomes that a codec encoded. A message of an
 * {@link IdempotencyStoreException} never has an outcome in it. Safe for use by many threads.
 */
public final class RedisIdempotencyStore implements IdempotencyStore, InitializingBean {

    /** What the Redis keys of records begin with unless told otherwise: {@value}. */
    public static final String DEFAULT_KEY_PREFIX = "idempotent:";

    private static final Duration LONGEST = Duration.ofDays(36_525);

    private final RedisConnectionFactory connectionFactory;
    private final String keyPrefix;
    private final TimeLimit renewals = new TimeLimit();

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
     * @param keyPrefix what the Redis keys of records begin with: the same for all that share records, another for others
     */
    public RedisIdempotencyStore(RedisConnectionFactory connectionFactory, String keyPrefix) {
        this.connectionFactory = Objects.requireNonNull(connectionFactory, "connectionFactory");
        this.keyPrefix = Objects.requireNonNull(keyPrefix, "keyPrefix");
    }

    /**
     * Asks Redis once for its eviction policy, and warns in the log if it may evict records. Does not fail if Redis does not
     * tell. Spring calls it.
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
        return answer(
                RecordScript.CLAIM,
                request.key(),
                reply -> reply.claimResult(request),
                bytes(request.claimId()),
                bytes(digest(request.fingerprint())),
                microseconds(request.lease()),
                bytes(request.mayTakeOver() ? 1 : 0));
    }

    @Override
    public Set<Claim> renew(Collection<Claim> claims, Duration lease) {
        requirePositive("lease", lease);
        if (claims.isEmpty()) {
            return Set.of();
        }
        try {
            return renewals.call(kept(lease).dividedBy(3), () -> renewAll(List.copyOf(claims), microseconds(lease)));
        } catch (Exception failure) {
            throw failed(RecordScript.RENEW, null, failure);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the retention is not positive, or the outcome is one by reference
     */
    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        requirePositive("retention", retention);
        return answer(
                RecordScript.COMPLETE,
                claim.key(),
                ScriptReply::isGranted,
                bytes(claim.id()),
                bytes(claim.fencingToken()),
                bytes(kind(outcome)),
                content(outcome),
                microseconds(retention));
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        throw new UnsupportedOperationException("not yet");
    }

    @Override
    public boolean release(Claim claim) {
        return answerHeld(RecordScript.RELEASE, claim);
    }

    @Override
    public boolean abandon(Claim claim) {
        return answerHeld(RecordScript.ABANDON, claim);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return answer(RecordScript.FIND, key, reply -> reply.recordOrNull(key));
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return answer(RecordScript.FORGET, key, ScriptReply::isGranted, bytes(expectedToken));
    }

    private boolean answerHeld(RecordScript script, Claim claim) {
        return answer(script, claim.key(), ScriptReply::isGranted, bytes(claim.id()), bytes(claim.fencingToken()));
    }

    private <T extends @Nullable Object> T answer(
            RecordScript script, IdempotencyKey key, Function<ScriptReply, T> reader, byte[]... arguments) {
        try (RedisConnection connection = connectionFactory.getConnection()) {
            return reader.apply(call(connection, script, keyAnd(key, arguments)));
        } catch (RuntimeException failure) {
            throw failed(script, key, failure);
        }
    }

    private static ScriptReply call(RedisConnection connection, RecordScript script, byte[][] keyAndArguments) {
        RedisScriptingCommands commands = connection.scriptingCommands();
        @Nullable Object reply;
        try {
            reply = commands.evalSha(script.digest(), ReturnType.MULTI, 1, keyAndArguments);
        } catch (RuntimeException failure) {
            if (!isUnknownScript(failure)) {
                throw failure;
            }
            reply = commands.eval(script.source(), ReturnType.MULTI, 1, keyAndArguments);
        }
        return ScriptReply.of(reply);
    }

    private Set<Claim> renewAll(List<Claim> claims, byte[] lease) {
        List<byte[][]> requests = claims.stream()
                .map(claim -> keyAnd(claim.key(), bytes(claim.id()), bytes(claim.fencingToken()), lease))
                .toList();
        try (RedisConnection connection = connectionFactory.getConnection()) {
            if (claims.size() > 1 && !(connection instanceof RedisClusterConnection)) {
                try {
                    return renewInPipeline(connection, claims, requests);
                } catch (RedisPipelineException failure) {
                    if (!isUnknownScript(failure)) {
                        throw failure;
                    }
                    // Nothing was done. The first brings the script for all.
                    var unused = call(connection, RecordScript.RENEW, requests.get(0));
                    return renewInPipeline(connection, claims, requests);
                }
            }
            return renewOneByOne(connection, claims, requests);
        }
    }

    private static Set<Claim> renewInPipeline(RedisConnection connection, List<Claim> claims, List<byte[][]> requests) {
        connection.openPipeline();
        for (byte[][] request : requests) {
            connection
                    .scriptingCommands()
                    .<@Nullable Object>evalSha(RecordScript.RENEW.digest(), ReturnType.MULTI, 1, request);
        }
        List<? extends @Nullable Object> replies = connection.closePipeline();
        Set<Claim> renewed = new LinkedHashSet<>();
        for (int index = 0; index < claims.size(); index++) {
            if (ScriptReply.of(replies.get(index)).isGranted()) {
                renewed.add(claims.get(index));
            }
        }
        return renewed;
    }

    private static Set<Claim> renewOneByOne(RedisConnection connection, List<Claim> claims, List<byte[][]> requests) {
        Set<Claim> renewed = new LinkedHashSet<>();
        RuntimeException firstFailure = null;
        for (int index = 0; index < claims.size(); index++) {
            try {
                if (call(connection, RecordScript.RENEW, requests.get(index)).isGranted()) {
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

    private IdempotencyStoreException failed(RecordScript script, @Nullable IdempotencyKey key, Exception cause) {
        StringBuilder message = new StringBuilder("Redis failed to ")
                .append(script.name().toLowerCase(Locale.ROOT))
                .append(key == null ? " leases" : " idempotency key '" + key + "'");
        if (says(cause, "UNKNOWNFORMAT") || says(cause, "WRONGTYPE")) {
            message.append(": what is there, under a Redis key that begins with '")
                    .append(keyPrefix)
                    .append("', is no record that this version can read. Update this library if a newer one wrote it;"
                            + " else give the records a key prefix that nothing else uses");
        } else {
            message.append(
                    "; whether it took effect is not known. See the cause, and check that Redis can be reached and"
                            + " takes writes");
        }
        return new IdempotencyStoreException(message.toString(), key, cause, isTransient(cause));
    }

    /** Whether a connection broke, or could not be had at once; after a time-out a caller should not wait as long again. */
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

    private static String digest(Fingerprint fingerprint) {
        if (fingerprint instanceof Fingerprint.Digest digest) {
            return digest.text();
        }
        if (fingerprint == Fingerprint.none()) {
            return "";
        }
        throw new IllegalArgumentException("Redis keeps digests as fingerprints, or none, and not " + fingerprint
                + ": make a digest of the request");
    }

    private static String kind(RecordedOutcome outcome) {
        if (outcome instanceof RecordedOutcome.Encoded encoded) {
            return encoded.kind() == RecordedOutcome.Encoded.Kind.VALUE ? ScriptReply.VALUE : ScriptReply.FAILURE;
        }
        return ScriptReply.NOT_REPLAYABLE;
    }

    private static byte[] content(RecordedOutcome outcome) {
        if (outcome instanceof RecordedOutcome.Encoded encoded) {
            return encoded.content();
        }
        if (outcome instanceof RecordedOutcome.NotReplayable notReplayable) {
            return bytes(notReplayable.reason());
        }
        throw new IllegalArgumentException("Redis keeps encoded outcomes, and none by reference: encode it");
    }

    /** The duration in whole microseconds, at least as long. */
    private static byte[] microseconds(Duration duration) {
        return bytes((kept(duration).toNanos() + 999) / 1_000);
    }

    private static Duration kept(Duration duration) {
        return duration.compareTo(LONGEST) < 0 ? duration : LONGEST;
    }

    private static byte[] bytes(Object text) {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void requirePositive(String name, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("The " + name + " has to be positive, not " + duration);
        }
    }
}
