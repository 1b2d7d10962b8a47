package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.aot.AotDetector;

/** The sample in a JVM of its own, which can be killed. */
final class SampleProcess implements AutoCloseable {

    /** How the process ends that the gateway kills, and that {@link #kill} does. */
    static final int KILLED = 137;

    /** Leaves a killed payment to whoever asks for it, or to an operator. */
    static final String WITHOUT_RECOVERY = "--idempotent.recovery.enabled=false";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

    private final Path output;
    private final Process process;
    private final int port;

    private SampleProcess(Path output, Process process) {
        this.output = output;
        this.process = process;
        port = awaitPort();
    }

    /**
     * Starts it, and waits until it answers.
     *
     * @param profile what to run on
     * @param port where to answer; 0 for one that is free
     * @param data where it keeps what outlives it, and what it prints
     * @param lease how long a payment whose process was killed stays in progress
     * @param more further arguments of the application
     */
    static SampleProcess start(String profile, int port, Path data, Duration lease, String... more) throws IOException {
        Path output = Files.createTempFile(data, "output", ".txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // It runs for a moment only: to start quickly is all that counts.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dspring.aot.enabled=" + AotDetector.useGeneratedArtifacts(),
                "-cp",
                System.getProperty("java.class.path"),
                SampleApplication.class.getName(),
                "--spring.profiles.active=" + profile,
                "--server.port=" + port,
                "--sample.data=" + data,
                "--idempotent.lease=" + lease));
        command.addAll(List.of(more));
        return new SampleProcess(
                output,
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start());
    }

    /** Finishes a killed payment as soon as its lease has ended. */
    static String[] recoveredSoon() {
        return new String[] {
            "--idempotent.operations.payment-service-pay.recover.after=1s", "--idempotent.recovery.interval=1s"
        };
    }

    int port() {
        return port;
    }

    SampleClient client() {
        return new SampleClient(port);
    }

    /** Waits until it has ended by being killed. */
    void awaitKilled() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("the sample ends")
                .isTrue();
        assertThat(process.exitValue()).as(output()).isEqualTo(KILLED);
    }

    /** Kills it from outside. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitKilled();
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

    private int awaitPort() {
        try {
            return await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(50))
                    .failFast(() -> assertThat(process.isAlive()).as(output()).isTrue())
                    .until(
                            () -> {
                                Matcher started = STARTED.matcher(output());
                                return started.find() ? Integer.parseInt(started.group(1)) : 0;
                            },
                            found -> found > 0);
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    /** What it printed. */
    String output() {
        try {
            return Files.readString(output);
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot read what the sample printed", failure);
        }
    }
}
