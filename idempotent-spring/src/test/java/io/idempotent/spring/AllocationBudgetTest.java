package io.idempotent.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many bytes a call may allocate. They are counted in a JVM of their own, without the compiler that leaves
 * allocations out where it can: that makes each figure the same in every run and on every JDK, and more than an
 * application sees. Each budget is so close to its figure that 100 bytes more per call exceed it.
 */
class AllocationBudgetTest {

    private static final Properties FIGURES = new Properties();

    @BeforeAll
    static void measure(@TempDir Path folder) throws Exception {
        Path figures = folder.resolve("figures.properties");
        Path output = folder.resolve("output.txt");
        Process meter = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // without the optimizing compiler and its escape analysis
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx128m",
                        "-cp",
                        classPath(),
                        AllocationMeter.class.getName(),
                        figures.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(meter.waitFor(2, TimeUnit.MINUTES)).isTrue();
        } finally {
            meter.destroyForcibly();
        }
        assertThat(meter.exitValue()).as(() -> read(output)).isZero();
        try (InputStream file = Files.newInputStream(figures)) {
            FIGURES.load(file);
        }
    }

    @ParameterizedTest(name = "{0}: {1} bytes", quoteTextArguments = false)
    @CsvSource(textBlock = """
            REPLAY_OF_ID, 250
            REPLAY_OF_ID_WITHOUT_FINGERPRINT, 250
            REPLAY_OF_ID_WITH_RETRY, 250
            REPLAY_OF_PROPERTY, 250
            REPLAY_OF_PROPERTY_WITHOUT_FINGERPRINT, 250
            REPLAY_OF_PROPERTY_WITH_LISTENER, 250
            REPLAY_OF_PAIR, 630
            REPLAY_OF_PAIR_WITHOUT_FINGERPRINT, 570
            REPLAY_OF_ID_AS_FUTURE, 400
            REPLAY_OF_ID_AS_MONO, 700
            FIRST_EXECUTION_OF_ID, 1430
            FIRST_EXECUTION_OF_ID_WITHOUT_FINGERPRINT, 1430
            FIRST_EXECUTION_OF_ID_WITH_RETRY, 1480
            FIRST_EXECUTION_OF_PROPERTY, 1430
            FIRST_EXECUTION_OF_PROPERTY_WITHOUT_FINGERPRINT, 1430
            FIRST_EXECUTION_OF_PROPERTY_WITH_LISTENER, 1430
            FIRST_EXECUTION_OF_PAIR, 1770
            FIRST_EXECUTION_OF_PAIR_WITHOUT_FINGERPRINT, 1710
            """)
    void aCallAllocatesNoMoreThanItsBudget(String call, long budget) {
        assertThat(FIGURES).containsKey(call);
        assertThat(Long.parseLong(FIGURES.getProperty(call)))
                .as("bytes that a %s allocates", call)
                .isLessThanOrEqualTo(budget);
    }

    /** Without Kotlin, which is there for tests only, and where Spring looks for suspending functions in each call. */
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(element -> !element.contains("kotlin"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            return failure.toString();
        }
    }
}
