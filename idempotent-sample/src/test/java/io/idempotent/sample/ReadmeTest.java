package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.autoconfigure.IdempotencyProperties;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.test.annotation.DirtiesContext;
import org.xml.sax.InputSource;

/**
 * Compiles or runs every block of code in the README and in the chapters of the guide, in a sample that nobody used
 * before, as its reader's.
 */
@OnOneJdk("the README is the same")
@DirtiesContext(classMode = DirtiesContext.ClassMode.BEFORE_CLASS)
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ReadmeTest {

    private static final Pattern BLOCK = Pattern.compile("^```(\\w*)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    // To a file of this project.
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#]+)");

    // A line, and under it as a comment what it answers.
    private static final Pattern COMMAND = Pattern.compile("^([^#\\n].*)$(?:\n# (.*)$)?", Pattern.MULTILINE);

    private static final Pattern START = Pattern.compile("spring-boot:run -Dspring-boot\\.run\\.profiles=(\\w+)$");

    private static final Pattern IDENTIFIER = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    // What the reader's own application has, and the blocks therefore do not show.
    private static final String SURROUNDINGS = """
            import io.idempotent.*;
            import io.idempotent.engine.*;
            import io.idempotent.store.*;
            import io.idempotent.store.caffeine.*;
            import io.idempotent.store.jdbc.*;
            import io.idempotent.spring.annotation.*;
            import io.idempotent.spring.interceptor.*;
            import io.idempotent.spring.test.*;
            import io.idempotent.spring.web.*;
            import io.idempotent.spring.web.client.*;
            import java.lang.annotation.*;
            import java.math.BigDecimal;
            import java.net.SocketTimeoutException;
            import java.time.*;
            import java.util.*;
            import java.util.concurrent.atomic.LongAdder;
            import javax.sql.DataSource;
            import org.junit.jupiter.api.*;
            import org.slf4j.*;
            import org.springframework.beans.factory.annotation.*;
            import org.springframework.boot.test.context.SpringBootTest;
            import org.springframework.context.annotation.*;
            import org.springframework.core.annotation.AliasFor;
            import org.springframework.http.ResponseEntity;
            import org.springframework.stereotype.*;
            import org.springframework.transaction.annotation.Transactional;
            import org.springframework.transaction.interceptor.TransactionAspectSupport;
            import org.springframework.web.bind.annotation.*;
            import org.springframework.web.client.RestClient;
            import static org.assertj.core.api.Assertions.assertThat;
            import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

            class Surroundings {
                record PaymentRequest(String id, String account, BigDecimal amount) {}
                record Receipt(String id) {}
                record Order(String id) {}
                record Shipment(String id) {}
                record Confirmation(String id) {}
                record Reservation(String id) {}
                record Charge(String id) {}
                record Message(String id, String body) {}
                static class PaymentDeclinedException extends RuntimeException {}
                interface Bank {
                    Receipt charge(String account, BigDecimal amount);
                    Receipt charge(PaymentRequest request);
                    Receipt charge(String key, PaymentRequest request);
                    Receipt find(String key);
                }
                interface Carrier { Shipment ship(Order order); }
                interface Till {
                    Charge charge(String key, Order order);
                    Reconciliation<Charge> find(String key);
                }
                interface Stock { Reservation reserve(Order order); }
                interface Mail { Confirmation confirm(Order order, Reservation reservation, Charge charge); }
                interface Payer { Receipt pay(PaymentRequest request); }
                static Bank gateway;
                static Bank client;
                interface OrderTable {
                    Confirmation insert(Order order);
                    Order save(Order order);
                }
                static Carrier carrier;
                static OrderTable orders;
                static Till bank;
                static Stock stock;
                static Mail mail;
                static Steps steps;
                static IdempotencyRecords records;
                static PaymentRequest request;
                static Logger log;
            """;

    @LocalServerPort
    private int port;

    @Test
    void fitsIntoFourHundredAndFiftyLines() throws IOException {
        assertThat(Files.readAllLines(readme())).hasSizeLessThanOrEqualTo(450);
    }

    @Test
    void hasNoBlocksOfOtherKindsThanTheseTestsKnow() throws IOException {
        assertThat(blocks().map(Block::language)).isSubsetOf("java", "xml", "yaml", "sh", "");
        assertThat(blocks("").map(Block::text)).allMatch(picture -> picture.contains("──►"));
    }

    @Test
    void itsChaptersHaveOnlyBlocksThatNeedNoRunningSample() throws IOException {
        assertThat(chapterBlocks())
                .allSatisfy(
                        block -> assertThat(block.language()).as(block.text()).isIn("java", "xml", "yaml", "sql"));
    }

    static Stream<Block> sql() throws IOException {
        return everyBlock("sql");
    }

    @ParameterizedTest
    @MethodSource("sql")
    void migratesToTheSchemaThatThereIs(Block block) throws IOException {
        StringBuilder schemas = new StringBuilder();
        for (String database : List.of("postgresql", "mariadb", "h2")) {
            try (InputStream schema = IdempotencyStore.class.getResourceAsStream("jdbc/schema-" + database + ".sql")) {
                schemas.append(new String(schema.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertThat(schemas.toString()).contains(block.text().replace("INDEX CONCURRENTLY", "INDEX IF NOT EXISTS"));
    }

    @Test
    void linksToFilesThatThereAreAndToEveryChapter() throws IOException {
        List<Path> pages = new ArrayList<>(chapters());
        pages.add(readme());
        Set<Path> linked = new HashSet<>();
        for (Path page : pages) {
            LINK.matcher(Files.readString(page))
                    .results()
                    .map(found -> page.resolveSibling(found.group(1)).normalize())
                    .forEach(linked::add);
        }

        assertThat(linked).allSatisfy(file -> assertThat(file).exists());
        assertThat(linked).containsAll(chapters().stream().map(Path::normalize).toList());
    }

    static Stream<Block> java() throws IOException {
        return everyBlock("java");
    }

    @ParameterizedTest
    @MethodSource("java")
    void compilesItsJava(Block block, @TempDir Path classes) {
        boolean declaration = Pattern.compile("^(public |final )*(@?interface|class|record) ", Pattern.MULTILINE)
                .matcher(block.text())
                .find();
        String member = declaration
                ? block.text().replace("@Autowired PaymentService", "@Autowired Payer")
                : "void statements() throws Exception {\n" + block.text() + "}\n";

        assertThat(compile(SURROUNDINGS + member + "}\n", classes)).isEmpty();
    }

    @Test
    void aBlockThatDoesNotCompileIsNoticed(@TempDir Path classes) {
        assertThat(compile(SURROUNDINGS + "@Idempotent(kee = \"#id\") void pay(String id) {}\n}\n", classes))
                .isNotEmpty();
    }

    static Stream<Block> xml() throws IOException {
        return everyBlock("xml");
    }

    @ParameterizedTest
    @MethodSource("xml")
    void writesXmlThatCanBeParsed(Block block) throws Exception {
        assertThat(DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader(block.text()))))
                .isNotNull();
    }

    static Stream<Block> yaml() throws IOException {
        return everyBlock("yaml");
    }

    @ParameterizedTest
    @MethodSource("yaml")
    void configuresPropertiesThatThereAre(Block block) throws IOException {
        assertThat(bind(block.text())).isNotNull();
    }

    @Test
    void configuresWhatItsTextSays() throws IOException {
        IdempotencyProperties bound =
                bind(blocks("yaml").findFirst().orElseThrow().text());

        assertThat(bound.getRetention()).isEqualTo(Duration.ofDays(2));
        assertThat(bound.getOperations()).containsOnlyKeys("payment-service-pay");
    }

    @Test
    void aPropertyThatThereIsNotIsNoticed() {
        assertThatExceptionOfType(BindException.class).isThrownBy(() -> bind("idempotent: {retentoin: 48h}"));
    }

    private static IdempotencyProperties bind(String yaml) throws IOException {
        List<PropertySource<?>> sources = new YamlPropertySourceLoader()
                .load("readme", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)));
        return new Binder(ConfigurationPropertySources.from(sources))
                .bind(
                        "idempotent",
                        Bindable.of(IdempotencyProperties.class),
                        new NoUnboundElementsBindHandler(BindHandler.DEFAULT, source -> true))
                .get();
    }

    @Test
    void namesEveryPropertyThatThereIs() throws IOException {
        String text = Files.readString(readme());
        try (InputStream metadata =
                IdempotencyProperties.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            String json = new String(metadata.readAllBytes(), StandardCharsets.UTF_8);
            Matcher name = Pattern.compile(
                            "\"name\": \"idempotent\\.([a-z.-]+)\",\\s*\"type\": \"java\\.(?!util\\.Map)")
                    .matcher(json);
            List<String> names = new ArrayList<>();
            while (name.find()) {
                names.add(name.group(1));
            }

            assertThat(names).hasSizeGreaterThan(15);
            assertThat(names)
                    .allSatisfy(property -> assertThat(text)
                            .containsAnyOf("`" + property + "`", "`." + property.replaceFirst("^retry\\.", "") + "`"));
        }
    }

    @Test
    void answersItsCurlLinesAsPrinted() throws Exception {
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
    void killsTheSampleAndReconcilesAsPrinted(@TempDir Path data) throws Exception {
        assumeThat(run("curl --version").exit()).as("curl is installed").isZero();
        List<Command> commands = commands(ReadmeTest::killsTheSample).toList();
        assertThat(commands).as("commands that kill the sample").hasSize(6);
        SampleProcess sample = null;

        try {
            for (Command command : commands) {
                Matcher start = START.matcher(command.line());
                if (start.find()) {
                    if (sample != null) {
                        sample.awaitKilled();
                    }
                    sample = SampleProcess.start(start.group(1), 0, data, Duration.ofSeconds(2));
                } else {
                    assertThat(sample).as("started before " + command).isNotNull();
                    assertThatItAnswersAsPrinted(command, sample.port());
                }
            }
        } finally {
            if (sample != null) {
                sample.close();
            }
        }
    }

    @Test
    void givesTheTwoCommandsThatTheContinuousIntegrationAndTheReaderRun() throws IOException {
        assertThat(blocks("sh").map(Block::text))
                .contains("mvn -pl idempotent-sample -am spring-boot:run\n", "mvn verify\n");
        assertThat(Files.readString(readme().resolveSibling(".ci/run")))
                .contains("mvn")
                .contains("verify");
    }

    private static List<String> compile(String source, Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Surroundings.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        compiler.getTask(
                        null,
                        null,
                        problems,
                        List.of(
                                "-parameters",
                                "-proc:none",
                                "-d",
                                classes.toString(),
                                "-classpath",
                                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))),
                        null,
                        List.of(file))
                .call();
        return problems.getDiagnostics().stream()
                .filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                .map(problem -> problem.getLineNumber() + ": " + problem.getMessage(Locale.ROOT))
                .toList();
    }

    private static boolean killsTheSample(Block block) {
        return block.text().contains("haltNext");
    }

    private static Stream<Command> commands(Predicate<Block> chosen) throws IOException {
        return blocks("sh")
                .filter(chosen)
                .flatMap(block -> COMMAND.matcher(block.text().replace("\\\n", " "))
                        .results()
                        .map(found -> new Command(found.group(1), found.group(2)))
                        .filter(command -> command.line().startsWith("curl") || killsTheSample(block)));
    }

    private static String assertThatItAnswersAsPrinted(Command command, int port) throws Exception {
        Output output = run(command.line().replace("localhost:8080", "localhost:" + port));
        // What curl prints where there was no answer.
        boolean expectsNone = "000".equals(command.expected());
        assertThat(output.exit() == 0).as(command.line()).isNotEqualTo(expectsNone);
        if (command.expected() != null) {
            assertThat(output.text().trim())
                    .matches(Pattern.quote(command.expected()).replace("<uuid>", "\\E[0-9a-f-]{36}\\Q"));
        }
        return output.text();
    }

    private static Output run(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("bash", "-c", command).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Output(process.exitValue(), text);
    }

    private static Path readme() {
        return Path.of("..", "README.md");
    }

    /** The blocks of the README and of its chapters. */
    private static Stream<Block> everyBlock(String language) throws IOException {
        return Stream.concat(blocks(), chapterBlocks())
                .filter(block -> block.language().equals(language));
    }

    private static Stream<Block> blocks(String language) throws IOException {
        return blocks().filter(block -> block.language().equals(language));
    }

    private static Stream<Block> blocks() throws IOException {
        return blocks(readme());
    }

    private static Stream<Block> chapterBlocks() throws IOException {
        Stream<Block> all = Stream.empty();
        for (Path chapter : chapters()) {
            all = Stream.concat(all, blocks(chapter));
        }
        return all;
    }

    private static List<Path> chapters() throws IOException {
        try (Stream<Path> files = Files.list(readme().resolveSibling("docs"))) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    private static Stream<Block> blocks(Path file) throws IOException {
        return BLOCK.matcher(Files.readString(file)).results().map(found -> new Block(found.group(1), found.group(2)));
    }

    /** A block of code. */
    record Block(String language, String text) {}

    /** A line to type, and what it prints. */
    record Command(String line, @Nullable String expected) {}

    private record Output(int exit, String text) {}
}
