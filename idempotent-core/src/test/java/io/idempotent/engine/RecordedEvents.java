package io.idempotent.engine;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Writes down what an engine tells, to its listener and to its error handler. */
public class RecordedEvents implements IdempotencyListener, BiConsumer<String, Throwable> {

    /**
     * One thing told.
     *
     * @param name the listener's method
     * @param thread that called it
     * @param detail what it was given first, or what says most
     */
    public record Event(
            String name, Thread thread, @Nullable Object detail) {}

    /** One error told. */
    record Reported(String message, Throwable failure) {}

    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final List<Reported> errors = new CopyOnWriteArrayList<>();
    private final Set<String> wanted;

    /**
     * Begins to write.
     *
     * @param wanted the names of the events that count; none for all
     */
    public RecordedEvents(String... wanted) {
        this.wanted = Set.of(wanted);
    }

    /** All that was told since the start, or since it was last forgotten. */
    public final List<Event> all() {
        return List.copyOf(events);
    }

    /** The names of {@link #all}. */
    public final List<String> names() {
        return names(events);
    }

    /** Those of {@link #all} that have a name. */
    public final List<Event> named(String name) {
        return events.stream().filter(event -> event.name().equals(name)).toList();
    }

    /** The names of all that was told, which is forgotten. */
    public final List<String> drain() {
        List<Event> drained = new ArrayList<>();
        events.drainTo(drained);
        return names(drained);
    }

    /** Waits for the name of the next event, which is forgotten. */
    public final String next() throws InterruptedException {
        return Objects.requireNonNull(events.poll(30, TimeUnit.SECONDS), "nothing is told")
                .name();
    }

    /** Forgets what was told. */
    public final void forget() {
        events.clear();
    }

    final List<Reported> errors() {
        return errors;
    }

    private static List<String> names(Collection<Event> events) {
        return events.stream().map(Event::name).toList();
    }

    private void add(String name, @Nullable Object detail) {
        if (wanted.isEmpty() || wanted.contains(name)) {
            events.add(new Event(name, Thread.currentThread(), detail));
        }
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
        add("stepRecorded", step);
    }

    @Override
    public void stepReplayed(IdempotencyContext context, String step) {
        add("stepReplayed", step);
    }

    @Override
    public void stepNotRecorded(IdempotencyContext context, String step, IdempotencyStoreException failure) {
        add("stepNotRecorded", failure);
    }

    @Override
    public void stepsLeftOver(IdempotencyContext context, Set<String> steps) {
        add("stepsLeftOver", steps);
    }

    @Override
    public void compensating(IdempotencyContext context, Throwable failure) {
        add("compensating", failure);
    }

    @Override
    public void compensationFailed(IdempotencyContext context, @Nullable String step, Throwable failure) {
        add("compensationFailed", step);
    }

    @Override
    public void leftForPerson(IdempotencyKey key, int takeovers, String reason) {
        add("leftForPerson", key);
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

    @Override
    public void evicted(IdempotencyRecord record) {
        add("evicted", record);
    }
}
