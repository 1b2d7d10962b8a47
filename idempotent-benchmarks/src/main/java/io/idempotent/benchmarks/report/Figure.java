package io.idempotent.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * One figure that JMH found.
 *
 * @param group what is compared: the benchmark, and what it was run on
 * @param name what it is a figure of, among the others of its group
 * @param score the figure
 * @param error half of its confidence interval; empty for a single measurement
 * @param unit of both
 * @param bytes allocated by an operation; empty where that was not measured
 * @param isEach whether it is the time of each operation, so that there are so many of them in a second
 */
record Figure(
        String group,
        String name,
        double score,
        OptionalDouble error,
        String unit,
        OptionalDouble bytes,
        boolean isEach) {

    /** What the gc profiler adds. */
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    /** How the name of a counter begins that is such a time; others are parts or sums of times. */
    private static final String EACH = "per";

    private static final Map<String, Double> IN_A_SECOND =
            Map.of("ns/op", 1e9, "us/op", 1e6, "ms/op", 1e3, "s/op", 1.0);

    /** The figures of one run of one benchmark: those of its counters where it has some, else its own. */
    static List<Figure> of(JsonNode run) {
        String group = simpleName(run.get("benchmark").asString()) + ", JDK "
                + run.get("jdkVersion").asString()
                + (run.get("threads").asInt() == 1 ? "" : ", threads " + run.get("threads"));
        String name = run.path("params").propertyStream().map(Figure::label).collect(Collectors.joining(", "));
        JsonNode secondary = run.get("secondaryMetrics");
        List<Figure> counters = secondary
                .propertyStream()
                .filter(metric -> !metric.getKey().startsWith("gc."))
                .map(metric -> of(
                        group,
                        name.isEmpty() ? words(metric.getKey()) : name + ": " + words(metric.getKey()),
                        metric.getValue(),
                        OptionalDouble.empty(),
                        metric.getKey().startsWith(EACH)))
                .toList();
        return counters.isEmpty()
                ? List.of(of(
                        group,
                        name,
                        run.get("primaryMetric"),
                        number(secondary.path(ALLOCATED).path("score")),
                        true))
                : counters;
    }

    private static Figure of(String group, String name, JsonNode metric, OptionalDouble bytes, boolean isEach) {
        return new Figure(
                group,
                name,
                metric.get("score").asDouble(),
                number(metric.get("scoreError")),
                metric.get("scoreUnit").asString(),
                bytes,
                isEach);
    }

    /** Empty for JMH's text of what is no number. */
    private static OptionalDouble number(JsonNode node) {
        return node.isNumber() ? OptionalDouble.of(node.asDouble()) : OptionalDouble.empty();
    }

    private static String simpleName(String benchmark) {
        int method = benchmark.lastIndexOf('.');
        return benchmark.substring(benchmark.lastIndexOf('.', method - 1) + 1);
    }

    /** A constant's name speaks for itself, a number does not. */
    private static String label(Map.Entry<String, JsonNode> parameter) {
        String value = parameter.getValue().asString();
        return Character.isLetter(value.charAt(0))
                ? value.toLowerCase(Locale.ROOT).replace('_', ' ')
                : parameter.getKey() + " " + value;
    }

    /** A counter's name is that of a method. */
    private static String words(String name) {
        return name.replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
    }

    /** Whether it is one of this library, beside those of others. */
    boolean isOurs() {
        return name.startsWith("idempotent")
                || name.contains(", idempotent")
                || name.endsWith(": store")
                || name.endsWith(": atomic");
    }

    String time() {
        return text(score) + " " + unit.replace("us/", "µs/");
    }

    String precision() {
        return error.isPresent() ? "± " + text(error.getAsDouble()) : "";
    }

    String perSecond() {
        Double second = IN_A_SECOND.get(unit);
        return isEach && second != null ? text(second / score) : "";
    }

    String allocation() {
        return bytes.isPresent() ? String.format(Locale.ROOT, "%,.0f B", bytes.getAsDouble()) : "";
    }

    /** Three digits at least. */
    private static String text(double number) {
        int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(Math.max(Math.abs(number), 0.01))));
        return String.format(Locale.ROOT, "%,." + decimals + "f", number);
    }
}
