package io.idempotent.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes a table, {@code .md}, and a plot, {@code .svg}, of JMH's results. To be run on the machine that was measured,
 * which it describes, from the root:
 *
 * <pre>{@code
 * java -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.report.Report figures 17.json 25.json
 * }</pre>
 *
 * <p>with the name of what it writes, without the ending, and what JMH has written by {@code -rf json -rff 17.json}.
 */
public final class Report {

    private Report() {}

    /** Writes them. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2) {
            throw new IllegalArgumentException(
                    "Say what to write, without the ending, and one or more files of JMH's JSON");
        }
        List<JsonNode> runs = new ArrayList<>();
        for (String file : Arrays.asList(arguments).subList(1, arguments.length)) {
            runs.addAll(
                    JsonMapper.shared().readTree(Path.of(file)).valueStream().toList());
        }
        Map<String, List<Figure>> groups = new TreeMap<>();
        for (JsonNode run : runs) {
            for (Figure figure : Figure.of(run)) {
                groups.computeIfAbsent(figure.group(), unused -> new ArrayList<>())
                        .add(figure);
            }
        }
        String machine = Machine.describe(runs);
        Files.writeString(Path.of(arguments[0] + ".md"), table(machine, groups));
        Files.writeString(Path.of(arguments[0] + ".svg"), Plot.draw(machine, groups));
    }

    private static String table(String machine, Map<String, List<Figure>> groups) {
        StringBuilder table = new StringBuilder(machine).append('\n');
        groups.forEach((group, figures) -> {
            table.append("\n| ")
                    .append(group)
                    .append(" | time | | per second | allocated |\n|---|---:|---|---:|---:|\n");
            figures.forEach(figure -> table.append("| %s | %s | %s | %s | %s |%n"
                    .formatted(
                            figure.name(),
                            figure.time(),
                            figure.precision(),
                            figure.perSecond(),
                            figure.allocation())));
        });
        return table.toString();
    }
}
