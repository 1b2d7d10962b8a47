package io.idempotent.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Virtual threads whose calls wait, for the store or for each other, leave their carrier to others meanwhile. */
@EnabledForJreRange(min = JRE.JAVA_21)
class VirtualThreadPinningTest {

    private static final int CALLS = 400;
    private static final int KEYS = 50;

    /** Who waits for another call of its key is in there. */
    private static final String WAITING_ROOM = "io.idempotent.engine.Waiting";

    static class Payments {

        @Idempotent(key = "#id", operation = "pay", fingerprint = Idempotent.NONE, waitAtMost = "30s")
        public String pay(String id, Callable<String> work) throws Exception {
            return work.call();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Infrastructure {}

    /** Cannot be unmounted while it waits: the JVM itself is among its callers. */
    private static final class Pinned {

        static {
            LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
        }

        static String receipt() {
            return "receipt";
        }
    }

    @TempDir
    Path folder;

    /** The backend of the records, null for the Caffeine store. */
    static Stream<DurableBackend> backends() {
        return Stream.concat(Stream.of((DurableBackend) null), DurableBackend.wanted());
    }

    @ParameterizedTest
    @MethodSource("backends")
    void callsOfOneKeyAndOfManyPinNoCarrier(DurableBackend backend) throws Exception {
        if (backend == null) {
            assertThat(pinnedByCalls(CaffeineIdempotencyStore.create())).isEmpty();
            return;
        }
        try (DurableBackend.Connected connected = backend.connect(backend.newAddress())) {
            assertThat(pinnedByCalls(connected.store())).isEmpty();
        }
    }

    @Test
    void aPinnedCarrierIsSeen() throws Exception {
        try (AnnotationConfigApplicationContext application = application(CaffeineIdempotencyStore.create())) {
            Payments payments = application.getBean(Payments.class);
            assertThat(pinned(() -> {
                        Future<String> call = virtual().submit(() -> payments.pay("4711", Pinned::receipt));
                        assertThat(get(call)).isEqualTo("receipt");
                    }))
                    .anySatisfy(event -> assertThat(event).contains("LockSupport.parkNanos", Payments.class.getName()));
        }
    }

    private List<String> pinnedByCalls(IdempotencyStore store) throws Exception {
        try (AnnotationConfigApplicationContext application = application(store)) {
            Payments payments = application.getBean(Payments.class);
            // What is loaded and linked for the first time, whoever's it is, has the JVM itself among its callers.
            callFromEverywhere(payments, "first");
            return pinned(() -> callFromEverywhere(payments, "second"));
        }
    }

    private static AnnotationConfigApplicationContext application(IdempotencyStore store) {
        AnnotationConfigApplicationContext application = new AnnotationConfigApplicationContext();
        application.registerBean(IdempotencyStore.class, () -> store);
        application.register(Infrastructure.class, Payments.class);
        application.refresh();
        return application;
    }

    /** Half of the calls have one key, the others several. Those that run end when all others wait for them. */
    private static void callFromEverywhere(Payments payments, String prefix) throws Exception {
        Gate gate = new Gate(KEYS + 1);
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        ExecutorService executor = virtual();
        List<Future<String>> calls = IntStream.range(0, CALLS)
                .mapToObj(number -> executor.submit(() -> {
                    threads.add(Thread.currentThread());
                    String id = number % 2 == 0 ? prefix : prefix + number % (2 * KEYS);
                    return payments.pay(id, () -> gate.pass("receipt"));
                }))
                .toList();
        gate.awaitEntered();
        Awaitility.await().atMost(Gate.PATIENCE).until(() -> waiting(threads) == CALLS - KEYS - 1);
        gate.open();
        for (Future<String> call : calls) {
            assertThat(get(call)).isEqualTo("receipt");
        }
    }

    private static long waiting(Set<Thread> threads) {
        return threads.stream()
                .filter(thread -> Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(WAITING_ROOM)))
                .count();
    }

    private interface Work {
        void run() throws Exception;
    }

    /** Whose carrier was pinned meanwhile, and where: the frames, a line each. */
    private List<String> pinned(Work work) throws Exception {
        Path file = folder.resolve("pinned.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.VirtualThreadPinned").withoutThreshold().withStackTrace();
            recording.start();
            work.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .map(event -> event.getStackTrace().getFrames().stream()
                        .map(RecordedFrame::getMethod)
                        .map(method -> method.getType().getName() + "." + method.getName())
                        .collect(Collectors.joining("\n")))
                .distinct()
                .toList();
    }

    private static <T> T get(Future<T> answer) throws Exception {
        return answer.get(Gate.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static ExecutorService virtual() throws ReflectiveOperationException {
        // By reflection, since the tests are compiled for Java 17.
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }
}
