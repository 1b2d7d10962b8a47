package io.idempotent.spring.recovery;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.engine.Execution;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotentWork;
import io.idempotent.engine.Operation;
import io.idempotent.spring.operation.ConfiguredOperation;
import io.idempotent.spring.operation.OperationContract;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An operation of texts that is recovered, and counts its executions. */
final class RecoveredOperation implements ConfiguredOperation, Recovery {

    /** What an execution does. */
    interface Body {
        String run(String asked) throws Throwable;
    }

    private final Operation<String> operation;
    private final IdempotencyEngine engine;
    private final Duration after;
    private final Body body;
    private final AtomicInteger now = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final List<String> begun = new CopyOnWriteArrayList<>();

    RecoveredOperation(String name, IdempotencyEngine engine, Duration after, Body body) {
        this.operation = Operation.builder(name, String.class).build();
        this.engine = engine;
        this.after = after;
        this.body = body;
    }

    /** What was asked of the executions that began, in their order. */
    List<String> begun() {
        return begun;
    }

    /** How many executions ran at the same time at most. */
    int mostAtOnce() {
        return most.get();
    }

    @Override
    public Operation<String> operation() {
        return operation;
    }

    @Override
    public IdempotencyEngine engine() {
        return engine;
    }

    @Override
    public OperationContract contract() {
        return new OperationContract("here", "#id", null, "none", false, RetrySettings.UNSAID);
    }

    @Override
    public Recovery recovery() {
        return this;
    }

    @Override
    public Duration after() {
        return after;
    }

    @Override
    public int maxTakeovers() {
        return 3;
    }

    @Override
    public Result recover(IdempotencyRecord record, RecordedRequest request) {
        String asked = new String(request.content(), StandardCharsets.UTF_8);
        if (asked.startsWith("unreadable")) {
            throw new UnreadableRequestException("its types have changed", null);
        }
        if (asked.startsWith("unloadable")) {
            return Result.NOT_FINISHED;
        }
        if (asked.startsWith("poison")) {
            throw new StackOverflowError("poison");
        }
        try {
            var unused = engine.execute(operation, record.key(), record.fingerprint(), new IdempotentWork<String>() {
                @Override
                public IdempotencyRecord recovers() {
                    return record;
                }

                @Override
                public String run(Execution execution) throws Throwable {
                    if (!IdempotencyContext.current().recovered()) {
                        throw new IllegalStateException("not recovered");
                    }
                    begun.add(asked);
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    try {
                        return body.run(asked);
                    } finally {
                        now.decrementAndGet();
                    }
                }
            });
            return Result.FINISHED;
        } catch (IdempotencyClaimLostException taken) {
            return Result.TAKEN;
        } catch (Throwable failure) {
            return Result.NOT_FINISHED;
        }
    }
}
