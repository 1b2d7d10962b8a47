package io.idempotent.spring.web;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Notes what listeners are told, since it was last asked. */
final class Told implements IdempotencyListener {

    private final List<String> events = new CopyOnWriteArrayList<>();

    List<String> events() {
        return List.copyOf(events);
    }

    void forget() {
        events.clear();
    }

    @Override
    public void claimed(IdempotencyContext context) {
        events.add("claimed");
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        events.add("completed");
    }

    @Override
    public void notReplayable(IdempotencyContext context, String reason) {
        events.add("not replayable");
    }

    @Override
    public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
        events.add("released");
    }

    @Override
    public void abandoned(IdempotencyContext context) {
        events.add("abandoned");
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        events.add("replayed");
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        events.add("refused");
    }

    @Override
    public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
        events.add("unprotected");
    }
}
