package io.idempotent.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What was measured on: this machine, and the JVMs that JMH names. */
final class Machine {

    private Machine() {}

    /** Describes it in a line. */
    static String describe(Collection<JsonNode> runs) {
        Stream<String> jvms = runs.stream()
                .map(run -> run.get("vmName").asString() + " "
                        + run.get("vmVersion").asString())
                .distinct();
        return "%s; %d × %s; %s %s"
                .formatted(
                        String.join(", ", jvms.toList()),
                        Runtime.getRuntime().availableProcessors(),
                        processor(),
                        System.getProperty("os.name"),
                        System.getProperty("os.version"));
    }

    /** Its model where Linux tells, else its architecture. */
    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElseGet(() -> System.getProperty("os.arch"));
        } catch (IOException anotherSystem) {
            return System.getProperty("os.arch");
        }
    }
}
