package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import io.idempotent.sample.Page.Block;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;

/**
 * Holds the README to its size, and runs every line that it and the guide tell their readers to type, in a sample that
 * nobody used before, as the reader's. {@link GuideTest} does the same for all other blocks.
 */
@OnOneJdk("the README is the same")
@DirtiesContext(classMode = DirtiesContext.ClassMode.BEFORE_CLASS)
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ReadmeTest {

    // A line, and under it as a comment what it answers.
    private static final Pattern COMMAND = Pattern.compile("^([^#\\n].*)$(?:\n# (.*)$)?", Pattern.MULTILINE);

    private static final Pattern START = Pattern.compile(
            "spring-boot:run -Dspring-boot\\.run\\.profiles=(\\w+)(?: -Dspring-boot\\.run\\.arguments=(\\S+))?$");

    private static final Pattern TOKEN = Pattern.compile("\"fencingToken\":(\\d+)");

    private static final Pattern IDENTIFIER = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    @LocalServerPort
    private int port;

    @Test
    void hasTwoHundredLinesAndFourteenHundredWordsAtMost() throws IOException {
        String text = Page.readme().text();

        assertThat(text.lines()).hasSizeLessThanOrEqualTo(200);
        assertThat(text.trim().split("\\s+")).hasSizeLessThanOrEqualTo(1_400);
    }

    @Test
    void givesTheTwoCommandsThatTheContinuousIntegrationAndTheReaderRun() throws IOException {
        assertThat(Page.readme().blocks())
                .contains(
                        new Block("sh", "mvn -pl idempotent-sample -am spring-boot:run\n"),
                        new Block("sh", "mvn verify\n"));
        assertThat(Files.readString(Path.of("..", ".ci", "run")))
                .contains("mvn")
                .contains("verify");
    }

    @Test
    void answersTheGuidesCurlLinesAsPrinted() throws Exception {
        assumeThat(run("curl --version").exit()).as("curl is installed").isZero();
        List<Command> commands = commands(block -> !killsTheSample(block)).toList();
        Map<String, String> identifiers = new HashMap<>();

        assertThat(commands).hasSizeGreaterThan(3);
        for (Command command : commands) {
            Matcher identifier = IDENTIFIER.matcher(assertThatItAnswersAsPrinted(command, port));
            if (identifier.find()) {
                // Whoever types a line again gets what it got the first time.
                assertThat(identifier.group())
                        .as(command.line())
                        .isEqualTo(identifiers.computeIfAbsent(command.line(), line -> identifier.group()));
            }
        }
        assertThat(identifiers).as("lines that pay or order").isNotEmpty();
    }

    @Test
    void killsTheSampleAndRecoversOrSettlesAsPrinted(@TempDir Path data) throws Exception {
        assumeThat(run("curl --version").exit()).as("curl is installed").isZero();
        List<Block> blocks =
                Page.allBlocks("sh").filter(ReadmeTest::killsTheSample).toList();
        assertThat(blocks).as("blocks that kill the sample").hasSize(2);

        for (Block block : blocks) {
            killsTheSampleAndGoesOnAsPrinted(commands(block).toList(), data);
        }
    }

    @Test
    void answersTheLinesOfTheProfileKafkaAsPrinted(@TempDir Path data) throws Exception {
        assumeThat(run("curl --version").exit()).as("curl is installed").isZero();
        List<Command> commands =
                commands(block -> block.text().contains("profiles=kafka")).toList();
        assertThat(commands).hasSizeGreaterThan(2);

        try (SampleProcess sample = SampleProcess.start("kafka", 0, data, Duration.ofSeconds(30))) {
            for (Command command : commands) {
                // What goes over a topic arrives a moment later. What is posted answers as printed at once.
                await().atMost(Duration.ofSeconds(30))
                        .untilAsserted(() -> assertThatItAnswersAsPrinted(command, sample.port()));
            }
        }
    }

    private static void killsTheSampleAndGoesOnAsPrinted(List<Command> commands, Path data) throws Exception {
        assertThat(commands).as("commands that kill the sample").hasSizeGreaterThan(5);
        SampleProcess sample = null;
        String token = "";

        try {
            for (Command command : commands) {
                Matcher start = START.matcher(command.line());
                if (start.find()) {
                    if (sample != null) {
                        sample.awaitKilled();
                    }
                    String[] arguments =
                            start.group(2) == null ? SampleProcess.recoveredSoon() : new String[] {start.group(2)};
                    sample = SampleProcess.start(start.group(1), 0, data, Duration.ofSeconds(2), arguments);
                } else {
                    assertThat(sample).as("started before " + command).isNotNull();
                    String answer = assertThatItAnswersSoon(
                            new Command(command.line().replace("<token>", token), command.expected()), sample.port());
                    Matcher seen = TOKEN.matcher(answer);
                    token = seen.find() ? seen.group(1) : token;
                }
            }
        } finally {
            if (sample != null) {
                sample.close();
            }
        }
    }

    private static boolean killsTheSample(Block block) {
        return block.text().contains("haltNext");
    }

    private static Stream<Command> commands(Predicate<Block> chosen) throws IOException {
        return Page.allBlocks("sh").filter(chosen).flatMap(ReadmeTest::commands);
    }

    private static Stream<Command> commands(Block block) {
        return COMMAND.matcher(block.joined())
                .results()
                .map(found -> new Command(found.group(1), found.group(2)))
                .filter(command -> command.line().startsWith("curl") || killsTheSample(block));
    }

    /** A line that only looks is typed again until it answers as printed. */
    private static String assertThatItAnswersSoon(Command command, int port) throws Exception {
        if (command.line().contains(" -d '")) {
            return assertThatItAnswersAsPrinted(command, port);
        }
        AtomicReference<String> answer = new AtomicReference<>("");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> answer.set(assertThatItAnswersAsPrinted(command, port)));
        return answer.get();
    }

    private static String assertThatItAnswersAsPrinted(Command command, int port) throws Exception {
        Output output = run(command.line().replace("localhost:8080", "localhost:" + port));
        // What curl prints where there was no answer.
        boolean expectsNone = "000".equals(command.expected());
        assertThat(output.exit() == 0).as(command.line()).isNotEqualTo(expectsNone);
        if (command.expected() != null) {
            assertThat(output.text().trim())
                    .as(command.line())
                    .matches(Pattern.quote(command.expected())
                            .replace("<uuid>", "\\E[0-9a-f-]{36}\\Q")
                            .replace("<token>", "\\E[0-9]+\\Q")
                            .replace("…", "\\E.*\\Q"));
        }
        return output.text();
    }

    private static Output run(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("bash", "-c", command).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Output(process.exitValue(), text);
    }

    /** A line to type, and what it prints. */
    record Command(String line, @Nullable String expected) {}

    private record Output(int exit, String text) {}
}
