package io.idempotent.engine;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** Threads that call, and what they are told to wait for. Nothing waits longer than {@link #PATIENCE}. */
final class Callers implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "caller");
        threads.add(thread);
        return thread;
    });

    <T> Future<T> call(Callable<T> call) {
        return executor.submit(call);
    }

    <T> List<Future<T>> call(int times, Callable<T> call) {
        return Stream.generate(() -> call(call)).limit(times).toList();
    }

    /** The threads that sit in the engine's waiting room now. */
    List<Thread> waiting() {
        return waitingIn(Waiting.class);
    }

    /** The threads that wait now, for a limited time, in what a method of this class has called. */
    List<Thread> waitingIn(Class<?> type) {
        return threads.stream()
                .filter(thread -> thread.getState() == Thread.State.TIMED_WAITING)
                .filter(thread -> Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(type.getName())))
                .toList();
    }

    void awaitWaiting(int number) {
        until(() -> waiting().size() == number);
    }

    static void until(Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(condition);
    }

    static <T> T get(Future<T> answer) throws Exception {
        return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    static void await(CountDownLatch latch) {
        try {
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("Waited in vain");
            }
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    /** A place that work enters and does not leave before it is opened. */
    static final class Gate {

        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);

        <T> T pass(T value) {
            entered.countDown();
            await(opened);
            return value;
        }

        void awaitEntered() {
            await(entered);
        }

        void open() {
            opened.countDown();
        }

        private static void await(CountDownLatch latch) {
            Callers.await(latch);
        }
    }
}
