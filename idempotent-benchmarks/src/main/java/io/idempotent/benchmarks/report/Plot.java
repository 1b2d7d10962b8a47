package io.idempotent.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Bars as SVG: a panel for each group, each with a scale of its own, which begins at zero. */
final class Plot {

    private static final int WIDTH = 960;
    private static final int LEFT = 330;
    private static final int LONGEST = 380;
    private static final int ROW = 24;
    private static final int BAR = 16;
    private static final String OURS = "#1b7f5c";
    private static final String OTHERS = "#9aa5b1";

    private final StringBuilder shapes = new StringBuilder();
    private int y = ROW;

    private Plot() {}

    static String draw(String machine, Map<String, List<Figure>> groups) {
        Plot plot = new Plot();
        groups.forEach(plot::panel);
        plot.text(16, plot.y + 8, "font-size=\"11\" fill=\"#52606d\"", machine);
        return """
                <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" \
                font-family="Helvetica, Arial, sans-serif" font-size="13">
                <rect width="100%%" height="100%%" fill="white"/>
                %3$s</svg>
                """.formatted(WIDTH, plot.y + ROW, plot.shapes);
    }

    private void panel(String group, List<Figure> figures) {
        text(16, y + 4, "font-weight=\"bold\" font-size=\"15\"", group);
        y += ROW;
        double longest = figures.stream()
                .mapToDouble(figure -> figure.score() + figure.error().orElse(0))
                .max()
                .orElse(1);
        figures.forEach(figure -> bar(figure, LONGEST / longest));
        y += ROW;
    }

    private void bar(Figure figure, double scale) {
        double length = Math.max(1, figure.score() * scale);
        text(LEFT - 8, y + 13, "text-anchor=\"end\"", figure.name());
        shape(
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                LEFT, y, length, BAR, figure.isOurs() ? OURS : OTHERS);
        double end = length;
        if (figure.error().isPresent()) {
            double error = figure.error().getAsDouble() * scale;
            end += error;
            shape(
                    "<path d=\"M%.1f %d h%.1f\" stroke=\"#1f2933\"/>",
                    LEFT + Math.max(0, length - error), y + BAR / 2, error + Math.min(length, error));
        }
        String value = Stream.of(figure.time() + " " + figure.precision(), figure.allocation())
                .map(String::trim)
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(" · "));
        text(LEFT + end + 8, y + 13, "", value);
        y += ROW;
    }

    private void text(double x, int baseline, String attributes, String text) {
        shape("<text x=\"%.1f\" y=\"%d\" %s>%s</text>", x, baseline, attributes, escaped(text));
    }

    private void shape(String format, Object... values) {
        shapes.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
