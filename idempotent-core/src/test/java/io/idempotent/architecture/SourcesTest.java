package io.idempotent.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the formatter does not see to: lines of comments, texts and pages, and names of tests. */
@OnOneJdk("the sources are the same on each")
class SourcesTest {

    private static final int LONGEST_LINE = 120;

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    // Rows of tables, and addresses, which cannot be broken.
    private static final Pattern UNBREAKABLE = Pattern.compile("\\|.*|\\s*<?https?://\\S+|\\s*\\* <tr>.*");

    // What is not empty: a method that is only looked at may be called as it likes.
    private static final Pattern SNAKE_CASE = Pattern.compile("\\s*(\\w+ )*void [a-z]\\w*_\\w*\\(.*[^}]");

    @Test
    void noLineIsLongerThan120Characters() throws IOException {
        assertThat(lines(ROOT, SourcesTest::isLong)).isEmpty();
    }

    @Test
    void aLongLineIsNoticed(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("Planted.java"), "// " + "word ".repeat(30) + "\n// short\n");
        Files.writeString(directory.resolve("page.md"), "| " + "cell ".repeat(30) + "|\n" + "word ".repeat(30) + "\n");

        assertThat(lines(directory, SourcesTest::isLong)).hasSize(2).anyMatch(line -> line.startsWith("page.md:2"));
    }

    @Test
    void noTestIsNamedInSnakeCase() throws IOException {
        assertThat(lines(ROOT, SourcesTest::isSnakeCase)).isEmpty();
    }

    @Test
    void aTestInSnakeCaseIsNoticed(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("Planted.java"), "    void runs_once() {\n    void runsOnce(a_b) {\n");

        assertThat(lines(directory, SourcesTest::isSnakeCase)).containsExactly("Planted.java:1");
    }

    private static boolean isLong(String line) {
        return line.length() > LONGEST_LINE && !UNBREAKABLE.matcher(line).matches();
    }

    private static boolean isSnakeCase(String line) {
        return SNAKE_CASE.matcher(line).matches();
    }

    private static List<String> lines(Path root, Predicate<String> wanted) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(file -> isSource(root.relativize(file))).sorted().forEach(file -> {
                List<String> lines = lines(file);
                for (int number = 0; number < lines.size(); number++) {
                    if (wanted.test(lines.get(number))) {
                        found.add(root.relativize(file) + ":" + (number + 1));
                    }
                }
            });
        }
        return found;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static boolean isSource(Path file) {
        String name = file.toString();
        return (name.endsWith(".java") || name.endsWith(".md"))
                && Stream.of("target", "figures", ".git")
                        .noneMatch(part -> Stream.of(name.split("[/\\\\]")).anyMatch(part::equals));
    }
}
