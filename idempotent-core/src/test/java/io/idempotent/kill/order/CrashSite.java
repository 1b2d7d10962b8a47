package io.idempotent.kill.order;

import io.idempotent.RecordedOutcome;
import io.idempotent.kill.order.CrashPoint.Moment;
import io.idempotent.kill.order.Told.Event;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult.Claimed;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * A node's end of its {@link NodeProcess}: tells what happens, each {@link Told} as a line of the standard output, and
 * has executions stay where their JVM is to be killed, their leases being renewed like any others. The values of keys
 * are the orders' numbers. Safe for use by many threads.
 */
public final class CrashSite {

    private final FileOutputStream output = new FileOutputStream(FileDescriptor.out);
    private final Map<Integer, CrashPoint> crashes = new ConcurrentHashMap<>();
    private final CountDownLatch go = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);

    /** Keeps the standard output from all others. */
    public CrashSite() {
        System.setOut(System.err);
    }

    /** Has the next execution of an order that gets to this point stay there. */
    public void stayAt(int order, CrashPoint point) {
        crashes.put(order, point);
    }

    /** Has no execution of an order stay anywhere. */
    public void stayNowhere(int order) {
        crashes.remove(order);
    }

    /** Lets those go on that are to be killed within a request to the store. */
    public void go() {
        go.countDown();
    }

    /** Stays here, if this is where the order is to be killed. */
    public void reach(int order, Moment moment, String step) {
        CrashPoint point = new CrashPoint(moment, step);
        if (crashes.remove(order, point)) {
            tell(Event.AT, order, 0, point.toString());
            try {
                (moment.isInRequest() ? go : never).await();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }

    /** Tells what happens. */
    public void tell(Event event, int order, long token, String text) {
        // One write of the system, so that a line is there whole or not at all, whenever the JVM is killed.
        byte[] line = (new Told(ProcessHandle.current().pid(), event, order, token, text).line() + "\n")
                .getBytes(StandardCharsets.UTF_8);
        try {
            output.write(line);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Has a store tell what it is asked and answers, and reach the moments that are its own. */
    public IdempotencyStore observed(IdempotencyStore store) {
        return (IdempotencyStore) Proxy.newProxyInstance(
                IdempotencyStore.class.getClassLoader(),
                new Class<?>[] {IdempotencyStore.class},
                (proxy, method, arguments) -> {
                    try {
                        return switch (method.getName()) {
                            case "claim", "takeOver" -> claimed(method.invoke(store, arguments));
                            case "recordStep" -> recordStep(store, (Claim) arguments[0], (RecordedStep) arguments[1]);
                            case "complete" ->
                                complete(store, (Claim) arguments[0], (RecordedOutcome) arguments[1], (Duration)
                                        arguments[2]);
                            default -> method.invoke(store, arguments);
                        };
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private Object claimed(Object result) {
        if (result instanceof Claimed claimed) {
            Claim claim = claimed.claim();
            tell(Event.CLAIMED, order(claim), claim.fencingToken(), CrashPoint.CLAIM);
            reach(order(claim), Moment.AFTER_CLAIM, CrashPoint.CLAIM);
        }
        return result;
    }

    private boolean recordStep(IdempotencyStore store, Claim claim, RecordedStep step) {
        int order = order(claim);
        if (step.outcome() == null) {
            tell(Event.BEGINS, order, claim.fencingToken(), step.name());
            reach(order, Moment.IN_BEGIN, step.name());
            return store.recordStep(claim, step);
        }
        reach(order, Moment.IN_RECORD, step.name());
        boolean recorded = store.recordStep(claim, step);
        if (recorded) {
            tell(Event.RECORDED, order, claim.fencingToken(), step.name());
            reach(order, Moment.AFTER_RECORD, step.name());
        }
        return recorded;
    }

    private boolean complete(IdempotencyStore store, Claim claim, RecordedOutcome outcome, Duration retention) {
        int order = order(claim);
        reach(order, Moment.IN_COMPLETION, CrashPoint.COMPLETION);
        boolean completed = store.complete(claim, outcome, retention);
        if (completed) {
            tell(Event.COMPLETED, order, claim.fencingToken(), CrashPoint.COMPLETION);
            reach(order, Moment.AFTER_COMPLETION, CrashPoint.COMPLETION);
        }
        return completed;
    }

    private static int order(Claim claim) {
        return Integer.parseInt(claim.key().value());
    }
}
