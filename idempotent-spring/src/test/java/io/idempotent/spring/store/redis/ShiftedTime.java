package io.idempotent.spring.store.redis;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RecoverableRecords;
import io.idempotent.store.RenewalResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.ReturnType;

/**
 * Lets Redis' time pass without sleeping: moves all times and tokens of the records back, and their expiry nearer, and
 * shows a store's times and tokens as much later.
 */
final class ShiftedTime {

    private static final String SHIFT = """
            for _, key in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
              if redis.call('TYPE', key).ok == 'zset' then
                for _, entry in ipairs(redis.call('ZRANGE', key, 0, -1)) do
                  local record, entered = string.match(entry, '^(.*)%z(%d+)$')
                  redis.call('ZREM', key, entry)
                  redis.call('ZADD', key, 0, record .. '\\0' .. string.format('%.0f', entered - ARGV[1]))
                end
              else
                for _, field in ipairs({'t', 'a', 'c', 'e', 'd', 'g'}) do
                  local value = redis.call('HGET', key, field)
                  if value then redis.call('HSET', key, field, string.format('%.0f', value - ARGV[1])) end
                end
              end
              local left = redis.call('PTTL', key)
              if left >= 0 then redis.call('PEXPIRE', key, string.format('%.0f', left - ARGV[1] / 1000)) end
            end
            return 1
            """;

    private final RedisConnectionFactory connectionFactory;
    private final String keyPrefix;
    private final AtomicLong elapsed = new AtomicLong();

    ShiftedTime(RedisConnectionFactory connectionFactory, String keyPrefix) {
        this.connectionFactory = connectionFactory;
        this.keyPrefix = keyPrefix;
    }

    void elapse(Duration time) {
        long microseconds = time.toNanos() / 1_000;
        try (RedisConnection connection = connectionFactory.getConnection()) {
            connection
                    .scriptingCommands()
                    .<Long>eval(bytes(SHIFT), ReturnType.INTEGER, 1, bytes(keyPrefix), bytes("" + microseconds));
        }
        elapsed.addAndGet(microseconds);
    }

    IdempotencyStore over(IdempotencyStore store) {
        return new Store(store);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Claim shown(Claim claim) {
        return new Claim(claim.key(), claim.id(), claim.fencingToken() + elapsed.get());
    }

    private Claim stored(Claim claim) {
        return new Claim(claim.key(), claim.id(), claim.fencingToken() - elapsed.get());
    }

    private Instant shown(Instant stored) {
        return stored.plus(elapsed.get(), ChronoUnit.MICROS);
    }

    private ClaimResult.Claimed shown(ClaimResult.Claimed claimed) {
        return new ClaimResult.Claimed(
                shown(claimed.claim()), shown(claimed.firstClaimedAt()), claimed.takeovers(), claimed.steps());
    }

    private IdempotencyRecord.State shown(IdempotencyRecord.State state) {
        if (state instanceof IdempotencyRecord.Completed completed) {
            return new IdempotencyRecord.Completed(
                    completed.outcome(), shown(completed.completedAt()), shown(completed.retainedUntil()));
        }
        if (state instanceof IdempotencyRecord.Released released) {
            return new IdempotencyRecord.Released(shown(released.releasedAt()), shown(released.retainedUntil()));
        }
        return new IdempotencyRecord.InProgress(shown(((IdempotencyRecord.InProgress) state).leaseEndsAt()));
    }

    private IdempotencyRecord shown(IdempotencyRecord record) {
        return new IdempotencyRecord(
                record.key(),
                record.fencingToken() + elapsed.get(),
                record.fingerprint(),
                shown(record.firstClaimedAt()),
                shown(record.claimedAt()),
                record.takeovers(),
                record.traceId(),
                shown(record.state()),
                shown(record.observedAt()));
    }

    private final class Store extends ForwardingIdempotencyStore implements RecoverableRecords {

        private final RecoverableRecords recoverable;

        Store(IdempotencyStore store) {
            super(store);
            this.recoverable = Objects.requireNonNull(store.unwrap(RecoverableRecords.class));
        }

        @Override
        public List<IdempotencyRecord> listRecoverable(
                String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
            return recoverable.listRecoverable(operation, abandonedFor, after, limit).stream()
                    .map(ShiftedTime.this::shown)
                    .toList();
        }

        @Override
        public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
            return recoverable.findRequest(key, fencingToken - elapsed.get());
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            ClaimResult result = super.claim(request);
            if (result instanceof ClaimResult.Claimed claimed) {
                return shown(claimed);
            }
            if (result instanceof ClaimResult.InProgress inProgress) {
                return new ClaimResult.InProgress(shown(inProgress.record()));
            }
            if (result instanceof ClaimResult.Abandoned abandoned) {
                return new ClaimResult.Abandoned(shown(abandoned.record()));
            }
            return new ClaimResult.Completed(shown(((ClaimResult.Completed) result).record()));
        }

        @Override
        public RenewalResult renew(Collection<Claim> claims, Duration lease) {
            return RenewalResult.of(
                    super.renew(claims.stream().map(ShiftedTime.this::stored).toList(), lease).renewed().stream()
                            .map(ShiftedTime.this::shown)
                            .collect(Collectors.toSet()));
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            return super.complete(stored(claim), outcome, retention);
        }

        @Override
        public boolean recordStep(Claim claim, RecordedStep step) {
            return super.recordStep(stored(claim), step);
        }

        @Override
        public boolean release(Claim claim, Duration stepRetention) {
            return super.release(stored(claim), stepRetention);
        }

        @Override
        public List<IdempotencyRecord> list(RecordQuery query) {
            return super.list(query).stream().map(ShiftedTime.this::shown).toList();
        }

        @Override
        public ClaimResult.@Nullable Claimed takeOver(
                IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
            ClaimResult.Claimed claimed = super.takeOver(key, expectedToken - elapsed.get(), claimId, lease);
            return claimed == null ? null : shown(claimed);
        }

        @Override
        public boolean release(Claim claim) {
            return super.release(stored(claim));
        }

        @Override
        public boolean abandon(Claim claim) {
            return super.abandon(stored(claim));
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            IdempotencyRecord record = super.find(key);
            return record == null ? null : shown(record);
        }

        @Override
        public boolean forget(IdempotencyKey key, long expectedToken) {
            return super.forget(key, expectedToken - elapsed.get());
        }
    }
}
