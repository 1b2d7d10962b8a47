package io.idempotent.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.FencedPayments;
import io.idempotent.Fingerprint;
import io.idempotent.OnOneJdk;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A JVM that is stopped by a signal for longer than its lease lasts, and then goes on as if nothing had happened. */
@OnOneJdk("who suspends a process is the operating system")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such signals")
@NeedsServer(Server.POSTGRES_18)
class SuspendedOwnerTest {

    private static final String COMPLETED = "completed";
    private static final String RUNNING = "running";

    /** The other JVM. */
    private static final class Owner implements AutoCloseable {

        private final Path errors;
        private final Process process;
        private final Queue<String> said = new ConcurrentLinkedQueue<>();

        Owner(Path errors, String... arguments) throws IOException {
            this.errors = errors;
            List<String> command = Stream.concat(
                            Stream.of(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "-XX:TieredStopAtLevel=1",
                                    "-XX:+UseSerialGC",
                                    "-Dslf4j.internal.verbosity=ERROR",
                                    "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    SuspendedOwner.class.getName()),
                            Stream.of(arguments))
                    .toList();
            process = new ProcessBuilder(command)
                    .redirectError(Redirect.appendTo(errors.toFile()))
                    .start();
            Thread reader = new Thread(this::read, "what the owner says");
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                lines.lines().forEach(said::add);
            } catch (IOException ended) {
                // What it has said is what counts.
            }
        }

        void signal(String name) throws IOException, InterruptedException {
            // The shell's own: not every system has the program.
            Process kill = new ProcessBuilder("sh", "-c", "kill -%s %d".formatted(name, process.pid()))
                    .inheritIO()
                    .start();
            assertThat(kill.waitFor()).isZero();
        }

        void goOn() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }

        void awaitWords(int number) {
            await().atMost(Gate.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(said).as(Files.readString(errors)).hasSizeGreaterThanOrEqualTo(number));
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    static Stream<DurableBackend> backends() {
        return DurableBackend.wanted();
    }

    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("backends")
    void aSuspendedOwnerIsFencedWhenItGoesOn(DurableBackend backend) throws Exception {
        Database database = PostgresServer.version18().newDatabase("payments");
        FencedPayments payments = new FencedPayments(database.dataSource()).create(COMPLETED, RUNNING);
        String address = backend.newAddress();
        try (DurableBackend.Connected connected = backend.connect(address);
                IdempotencyEngine successor = SuspendedOwner.engine(connected.store());
                Owner owner = new Owner(
                        directory.resolve("errors"), backend.name(), address, database.url(), COMPLETED, RUNNING)) {
            IdempotencyStore store = connected.store();
            owner.awaitWords(2);
            assertThat(owner.said).containsExactlyInAnyOrder("completed: wrote 1", "running: wrote 1");
            owner.signal("STOP");
            await().atMost(Gate.PATIENCE).until(() -> isAbandoned(store, COMPLETED) && isAbandoned(store, RUNNING));

            assertThat(successor.execute(
                            SuspendedOwner.PAY, COMPLETED, Fingerprint.none(), () -> pay(payments, COMPLETED)))
                    .isEqualTo("successor's receipt");
            Gate gate = new Gate();
            FutureTask<String> running = new FutureTask<>(() -> successor.execute(
                    SuspendedOwner.PAY, RUNNING, Fingerprint.none(), () -> gate.pass(pay(payments, RUNNING))));
            new Thread(running).start();
            gate.awaitEntered();
            owner.said.clear();
            owner.signal("CONT");
            owner.goOn();
            owner.awaitWords(6);

            assertThat(owner.said)
                    .containsExactlyInAnyOrder(
                            "completed: lease lost true",
                            "completed: wrote 0",
                            "completed: got successor's receipt",
                            "running: lease lost true",
                            "running: wrote 0",
                            "running: got IdempotencyClaimLostException");
            gate.open();
            assertThat(running.get(Gate.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("successor's receipt");
            for (String key : List.of(COMPLETED, RUNNING)) {
                assertThat(record(store, key).takeovers()).isEqualTo(1);
                assertThat(successor.execute(SuspendedOwner.PAY, key, Fingerprint.none(), () -> "run again"))
                        .isEqualTo("successor's receipt");
                assertThat(payments.status(key)).isEqualTo("paid by the successor");
            }
        }
    }

    private static String pay(FencedPayments payments, String key) throws Exception {
        assertThat(payments.update(key, "paid by the successor")).isEqualTo(1);
        return "successor's receipt";
    }

    private static IdempotencyRecord record(IdempotencyStore store, String key) {
        IdempotencyRecord record = store.find(SuspendedOwner.PAY.key(key));
        assertThat(record).isNotNull();
        return record;
    }

    private static boolean isAbandoned(IdempotencyStore store, String key) {
        return record(store, key).isAbandoned();
    }
}
