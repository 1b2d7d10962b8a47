package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.TransactionalCompletion;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A small store that keeps claims in memory, and knows by a row in a database whether an outcome that was recorded in a
 * transaction is committed: whoever asks for the key looks for that row on a connection of its own.
 */
final class StoreOnDataSource extends ForwardingIdempotencyStore implements TransactionalCompletion {

    private record Completion(Claim claim, RecordedOutcome outcome, Duration retention) {}

    private final IdempotencyStore claims;
    private final DataSource dataSource;
    private final Map<IdempotencyKey, Completion> completions = new ConcurrentHashMap<>();
    private final AtomicInteger completedOn = new AtomicInteger();
    private volatile boolean failing;

    StoreOnDataSource(CaffeineIdempotencyStore claims, DataSource dataSource) {
        super(claims);
        this.claims = claims;
        this.dataSource = dataSource;
        inOwnTransaction(connection -> {
            try (PreparedStatement create =
                    connection.prepareStatement("create table if not exists completion (token bigint primary key)")) {
                return create.execute();
            }
        });
    }

    /** How many outcomes were recorded in transactions, whatever became of those. */
    int completedOn() {
        return completedOn.get();
    }

    /** From now on nothing can be recorded. */
    void fail() {
        failing = true;
    }

    private interface Request<T> {
        T on(Connection connection) throws SQLException;
    }

    private <T> T inOwnTransaction(Request<T> request) {
        try (Connection connection = dataSource.getConnection()) {
            return request.on(connection);
        } catch (SQLException failure) {
            throw new IdempotencyStoreException("The database failed", null, failure);
        }
    }

    /** Answers after what has been committed meanwhile is known. */
    private <T extends @Nullable Object> T knowing(IdempotencyKey key, Supplier<T> request) {
        Completion completion = completions.get(key);
        if (completion != null && isCommitted(completion.claim().fencingToken())) {
            completions.remove(key);
            claims.complete(completion.claim(), completion.outcome(), completion.retention());
        }
        return request.get();
    }

    private boolean isCommitted(long token) {
        return inOwnTransaction(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select token from completion where token = ?")) {
                select.setLong(1, token);
                try (ResultSet found = select.executeQuery()) {
                    return found.next();
                }
            }
        });
    }

    @Override
    public DataSource dataSource() {
        return dataSource;
    }

    @Override
    public boolean completeOn(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention) {
        completedOn.incrementAndGet();
        IdempotencyRecord record = claims.find(claim.key());
        if (record == null || record.fencingToken() != claim.fencingToken() || record.outcome() != null) {
            return false;
        }
        completions.put(claim.key(), new Completion(claim, outcome, retention));
        try (PreparedStatement insert = connection.prepareStatement("insert into completion values (?)")) {
            insert.setLong(1, claim.fencingToken());
            insert.executeUpdate();
            if (failing) {
                throw new SQLException("The line is down", "08006");
            }
            return true;
        } catch (SQLException failure) {
            throw new IdempotencyStoreException("The database failed", claim.key(), failure);
        }
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return knowing(request.key(), () -> claims.claim(request));
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        if (failing) {
            throw new IdempotencyStoreException("The line is down", claim.key(), new SQLException("The line is down"));
        }
        return knowing(claim.key(), () -> claims.complete(claim, outcome, retention));
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return knowing(claim.key(), () -> claims.recordStep(claim, step));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return knowing(claim.key(), () -> claims.release(claim, stepRetention));
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return knowing(key, () -> claims.findSteps(key));
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return knowing(key, () -> claims.takeOver(key, expectedToken, claimId, lease));
    }

    @Override
    public boolean release(Claim claim) {
        return knowing(claim.key(), () -> claims.release(claim));
    }

    @Override
    public boolean abandon(Claim claim) {
        return knowing(claim.key(), () -> claims.abandon(claim));
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return knowing(key, () -> claims.find(key));
    }

    /** As a database does, whatever the records are kept in. */
    @Override
    public boolean keepsReferences() {
        return false;
    }
}
