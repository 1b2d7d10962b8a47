package io.idempotent.engine;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Writes down all that an engine tells, to its listener and to its error handler. */
final class Events implements IdempotencyListener, BiConsumer<String, Throwable> {

    /** One thing told. */
    record Event(String name, Thread thread, @Nullable Object detail) {}

    /** One error told. */
    record Reported(String message, Throwable failure) {}

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final List<Reported> errors = new CopyOnWriteArrayList<>();

    List<Event> all() {
        return events;
    }

    List<String> names() {
        return events.stream().map(Event::name).toList();
    }

    List<Event> named(String name) {
        return events.stream().filter(event -> event.name().equals(name)).toList();
    }

    List<Reported> errors() {
        return errors;
    }

    private void add(String name, @Nullable Object detail) {
        events.add(new Event(name, Thread.currentThread(), detail));
    }

    @Override
    public void accept(String message, Throwable failure) {
        errors.add(new Reported(message, failure));
    }

    @Override
    public void claimed(IdempotencyContext context) {
        add("claimed", context);
    }

    @Override
    public void reconciled(IdempotencyContext context, Reconciliation<?> found) {
        add("reconciled", found);
    }

    @Override
    public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
        add("completed", outcome);
    }

    @Override
    public void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {
        add("released", failure);
    }

    @Override
    public void abandoned(IdempotencyContext context) {
        add("abandoned", context);
    }

    @Override
    public void stepRecorded(IdempotencyContext context, String step, Duration took) {
        add("step recorded", step);
    }

    @Override
    public void stepReplayed(IdempotencyContext context, String step) {
        add("step replayed", step);
    }

    @Override
    public void stepNotRecorded(IdempotencyContext context, String step, IdempotencyStoreException failure) {
        add("step not recorded", failure);
    }

    @Override
    public void stepsLeftOver(IdempotencyContext context, Set<String> steps) {
        add("steps left over", steps);
    }

    @Override
    public void resolved(IdempotencyKey key, ManualResolution resolution) {
        add("resolved", resolution);
    }

    @Override
    public void pending(IdempotencyContext context) {
        add("pending", context);
    }

    @Override
    public void waiting(IdempotencyKey key) {
        add("waiting", key);
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        add("replayed", key);
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        add("refused", refusal);
    }

    @Override
    public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
        add("unprotected", failure);
    }

    @Override
    public void leaseLost(IdempotencyContext context) {
        add("leaseLost", context);
    }

    @Override
    public void renewalFailed(int claims, IdempotencyStoreException failure) {
        add("renewalFailed", failure);
    }

    @Override
    public void completionFailed(IdempotencyContext context, IdempotencyStoreException failure) {
        add("completionFailed", failure);
    }

    @Override
    public void notReplayable(IdempotencyContext context, String reason) {
        add("notReplayable", reason);
    }
}
