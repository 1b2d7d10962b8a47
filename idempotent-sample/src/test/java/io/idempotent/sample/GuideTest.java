package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.OnOneJdk;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.sample.Page.Block;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.web.IdempotentEndpoint;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compiles, parses, binds or executes every block of the README and of the guide that is no line to type, and compares
 * what the guide says with the code: links, names of classes, properties and their defaults, attributes, exceptions and
 * events. {@link ReadmeTest} runs the lines to type.
 */
@OnOneJdk("the guide is the same")
class GuideTest {

    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]*)(?:#([^)]+))?\\)");

    private static final Pattern HEADING = Pattern.compile("^#+ (.*)$", Pattern.MULTILINE);

    private static final Pattern CLASS_NAME = Pattern.compile("`(io\\.idempotent(?:\\.[a-z]+)*\\.[A-Z]\\w*)`");

    private static final Pattern PACKAGE_NAME = Pattern.compile("`(io\\.idempotent(?:\\.[a-z]+)*)`");

    private static final Pattern RESOURCE_NAME = Pattern.compile("`(io/idempotent/[\\w./-]+)`");

    private static final Pattern IMPORT = Pattern.compile("^import .*;\n", Pattern.MULTILINE);

    // What a row of a table quotes first; an ellipsis stands for what differs from case to case.
    private static final Pattern MESSAGE = Pattern.compile("^\\| `([a-z#][^`]* [^`]*)` \\|", Pattern.CASE_INSENSITIVE);

    private static final String ANYTHING = "…";

    // What the reader's own application has, and the blocks therefore do not show; besides all packages of the library.
    private static final String IMPORTS = """
            import io.micrometer.common.KeyValues;
            import io.micrometer.observation.ObservationRegistry;
            import jakarta.servlet.http.HttpServletRequest;
            import java.lang.annotation.*;
            import java.math.BigDecimal;
            import java.net.SocketTimeoutException;
            import java.nio.charset.StandardCharsets;
            import java.time.*;
            import java.util.*;
            import java.util.concurrent.atomic.*;
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
            """;

    private static final String SURROUNDINGS = """

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
                static class CarrierAwayException extends RuntimeException {}
                static class QuotaExceededException extends RuntimeException {
                    Duration untilReset() { return Duration.ZERO; }
                }
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
                    void refund(String key, Charge charge);
                }
                interface Stock {
                    Reservation reserve(Order order);
                    void cancel(Reservation reservation);
                }
                interface Mail { Confirmation confirm(Order order, Reservation reservation, Charge charge); }
                interface Payer { Receipt pay(PaymentRequest request); }
                static Bank gateway;
                static Bank client;
                interface OrderTable {
                    Confirmation insert(Order order);
                    Order save(Order order);
                    Order find(String id);
                }
                static Carrier carrier;
                static OrderTable orders;
                static Till bank;
                static Stock stock;
                static Mail mail;
                static Steps steps;
                static IdempotencyRecords records;
                static IdempotencyStore store;
                static PaymentRequest request;
                static Logger log;
            """;

    // blocks

    @Test
    void hasNoBlocksOfOtherKindsThanTheseTestsKnow() throws IOException {
        assertThat(Page.allBlocks())
                .allSatisfy(block -> assertThat(block.language()).isIn("java", "xml", "yaml", "sql", "sh", ""));
        assertThat(Page.allBlocks(""))
                .allSatisfy(picture -> assertThat(picture.text()).containsAnyOf("──►", "├─"));
    }

    @Test
    void hasOnlyLinesToTypeThatReadmeTestRuns() throws IOException {
        assertThat(Page.allBlocks("sh").flatMap(block -> block.joined().lines()))
                .filteredOn(line -> !line.startsWith("#"))
                .allSatisfy(line ->
                        assertThat(line).matches("curl .*|mvn -pl idempotent-sample -am spring-boot:run.*|mvn verify"));
    }

    static Stream<Block> java() throws IOException {
        return Page.allBlocks("java");
    }

    @ParameterizedTest
    @MethodSource("java")
    void compilesItsJava(Block block, @TempDir Path classes) throws IOException {
        assertThat(compile(source(block.text()), classes)).isEmpty();
    }

    @Test
    void aBlockThatDoesNotCompileIsNoticed(@TempDir Path classes) throws IOException {
        assertThat(compile(source("class Misspelt { @Idempotent(kee = \"#id\") void pay(String id) {} }"), classes))
                .isNotEmpty();
    }

    private static String source(String block) throws IOException {
        String imports =
                IMPORT.matcher(block).results().map(found -> found.group()).collect(Collectors.joining());
        String text = IMPORT.matcher(block).replaceAll("");
        boolean declaration = Pattern.compile("^(public |final )*(@?interface|class|record) ", Pattern.MULTILINE)
                .matcher(text)
                .find();
        String member = declaration
                ? text.replace("@Autowired PaymentService", "@Autowired Payer")
                : "void statements() throws Exception {\n" + text + "}\n";
        return packages() + IMPORTS + imports + SURROUNDINGS + member + "}\n";
    }

    /** The imports of all packages of the library. */
    private static String packages() throws IOException {
        return mainSources("core", "spring").stream()
                .filter(source -> source.endsWith("/package-info.java"))
                .map(source ->
                        "import " + source.replace("/package-info.java", "").replace('/', '.') + ".*;\n")
                .collect(Collectors.joining());
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

    static Stream<Block> xml() throws IOException {
        return Page.allBlocks("xml");
    }

    @ParameterizedTest
    @MethodSource("xml")
    void writesXmlThatCanBeParsed(Block block) throws Exception {
        assertThat(DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader("<fragment>" + block.text() + "</fragment>"))))
                .isNotNull();
    }

    static Stream<Block> sql() throws IOException {
        return Page.allBlocks("sql");
    }

    @ParameterizedTest
    @MethodSource("sql")
    void migratesToTheSchemaThatThereIsOrFencesWrites(Block block) throws Exception {
        if (block.text().startsWith("UPDATE")) {
            assertThat(rowsThatOwnersUpdate(block.text().strip())).containsExactly(1, 0, 1);
            return;
        }
        if (block.text().startsWith("ALTER")) {
            assertThat(block.text().strip().lines()).hasSize(3).allSatisfy(GuideTest::addsAColumnOfTheSchema);
            return;
        }
        assertThat(schema("postgresql") + schema("mariadb") + schema("h2"))
                .contains(block.text().replace("INDEX CONCURRENTLY", "INDEX IF NOT EXISTS"));
    }

    private static void addsAColumnOfTheSchema(String line) throws IOException {
        Matcher added = Pattern.compile("ALTER TABLE idempotency_record ADD COLUMN (.+); *-- (\\w+).*")
                .matcher(line);
        assertThat(added.matches()).as(line).isTrue();
        assertThat(schema(added.group(2).toLowerCase(Locale.ROOT))).contains("    " + added.group(1) + ",");
    }

    private static String schema(String database) throws IOException {
        try (InputStream schema = IdempotencyStore.class.getResourceAsStream("jdbc/schema-" + database + ".sql")) {
            return new String(schema.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** How many rows an owner updates, a late one after it, and its successor at last. */
    private static List<Integer> rowsThatOwnersUpdate(String update) throws SQLException {
        List<Integer> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:guide");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE payment (id VARCHAR(9), status VARCHAR(9), fencing_token BIGINT)");
            statement.execute("INSERT INTO payment VALUES ('4711', 'new', 0)");
            try (PreparedStatement write = connection.prepareStatement(update)) {
                for (long token : new long[] {2, 1, 3}) {
                    write.setString(1, "paid");
                    write.setLong(2, token);
                    write.setString(3, "4711");
                    write.setLong(4, token);
                    rows.add(write.executeUpdate());
                }
            }
        }
        return rows;
    }

    static Stream<Block> yaml() throws IOException {
        return Page.allBlocks("yaml");
    }

    @ParameterizedTest
    @MethodSource("yaml")
    void configuresPropertiesThatThereAre(Block block) throws IOException {
        assertThat(bind(block.text())).isNotNull();
    }

    @Test
    void configuresWhatItsTextSays() throws IOException {
        IdempotencySettings bound = bind(Page.chapter("configuration.md").blocks().stream()
                .filter(block -> block.language().equals("yaml"))
                .findFirst()
                .orElseThrow()
                .text());

        assertThat(bound.defaults().retention()).isEqualTo(Duration.ofDays(2));
        assertThat(bound.operations()).containsOnlyKeys("payment-service-pay");
    }

    @Test
    void aPropertyThatThereIsNotIsNoticed() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> bind("idempotent: {retentoin: 48h}"));
    }

    private static IdempotencySettings bind(String yaml) throws IOException {
        StandardEnvironment environment = new StandardEnvironment();
        new YamlPropertySourceLoader()
                .load("guide", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
                .forEach(environment.getPropertySources()::addFirst);
        return EnvironmentSettings.read(environment, GuideTest.class.getClassLoader());
    }

    // links and names

    @Test
    void linksToPagesAndHeadingsThatThereAre() throws IOException {
        for (Page page : Page.all()) {
            for (Matcher link = LINK.matcher(page.prose()); link.find(); ) {
                Path target = link.group(1).isEmpty()
                        ? page.file()
                        : page.file().resolveSibling(link.group(1)).normalize();
                assertThat(target).as("linked by %s", page).exists();
                if (link.group(2) != null) {
                    assertThat(anchors(target))
                            .as("headings of %s, linked by %s", target, page)
                            .contains(link.group(2));
                }
            }
        }
    }

    @Test
    void itsIndexLinksEveryChapter() throws IOException {
        Page index = Page.chapter("README.md");
        List<Path> chapters = Page.chapters().stream()
                .map(Page::file)
                .filter(file -> !file.equals(index.file()))
                .toList();

        assertThat(LINK.matcher(index.text())
                        .results()
                        .map(link -> index.file().resolveSibling(link.group(1)).normalize()))
                .containsAll(chapters);
    }

    /** As GitHub makes them of headings. */
    private static Set<String> anchors(Path file) throws IOException {
        return HEADING.matcher(Files.readString(file))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N}\\s_-]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    @Test
    void namesOnlyClassesPackagesAndResourcesThatThereAre() throws IOException {
        Set<String> sources = new TreeSet<>();
        for (String module : List.of("core", "spring", "benchmarks", "sample")) {
            for (String kind : List.of("main/java", "main/resources", "test/java")) {
                sources.addAll(
                        filesIn(Path.of("..", "idempotent-" + module, "src").resolve(kind)));
            }
        }
        for (Page page : Page.all()) {
            assertThat(names(CLASS_NAME, page))
                    .as("classes of %s", page)
                    .allSatisfy(name -> assertThat(sources).contains(name.replace('.', '/') + ".java"));
            assertThat(names(PACKAGE_NAME, page))
                    .as("packages of %s", page)
                    .allSatisfy(name -> assertThat(sources).contains(name.replace('.', '/')));
            assertThat(names(RESOURCE_NAME, page))
                    .as("resources of %s", page)
                    .allSatisfy(name -> assertThat(sources).contains(name));
        }
    }

    private static List<String> names(Pattern pattern, Page page) {
        return pattern.matcher(page.text()).results().map(name -> name.group(1)).toList();
    }

    // tables

    @Test
    void namesEveryPropertyWithItsDefault() throws IOException {
        Page configuration = Page.chapter("configuration.md");
        JsonNode metadata;
        try (InputStream json =
                IdempotencySettings.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            metadata = JsonMapper.shared().readTree(json);
        }
        List<String> named = new ArrayList<>();
        for (JsonNode property : metadata.get("properties")) {
            if (property.get("type").asString().startsWith("java.util.Map<")) {
                continue;
            }
            String name = property.get("name").asString().replaceFirst("^idempotent\\.", "");
            List<String> cells = row(configuration, name);
            assertThat(cells).as("the row of `%s`", name).isNotEmpty();
            if (property.has("defaultValue")) {
                assertThat(cells.get(1))
                        .as("default of `%s`", name)
                        .isEqualTo("`" + property.get("defaultValue").asString().replaceFirst("\\.0$", "") + "`");
            }
            named.add(name);
        }
        assertThat(named).hasSizeGreaterThan(40);
    }

    /** The cells of the row of a table that begins with this name; none if there is no such row. */
    private static List<String> row(Page page, String name) {
        return page.text()
                .lines()
                .filter(line -> line.startsWith("| `" + name + "` |"))
                .findFirst()
                .map(line -> Arrays.stream(line.split("\\|"))
                        .skip(1)
                        .map(String::trim)
                        .toList())
                .orElse(List.of());
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Idempotent.class,
                Idempotent.Retry.class,
                Idempotent.Recover.class,
                Idempotent.Budget.class,
                IdempotentEndpoint.class,
                EnableIdempotency.class
            })
    void namesEveryAttribute(Class<? extends Annotation> annotation) throws IOException {
        Page configuration = Page.chapter("configuration.md");

        assertThat(annotation.getDeclaredMethods())
                .allSatisfy(attribute -> assertThat(row(configuration, attribute.getName()))
                        .as("the row of `%s`", attribute.getName())
                        .isNotEmpty());
    }

    @Test
    void namesEveryException() throws Exception {
        Page errors = Page.chapter("errors.md");
        String tree = errors.blocks().get(0).text();
        List<Class<?>> exceptions = new ArrayList<>();
        for (String source : mainSources("core", "spring")) {
            if (source.endsWith("Exception.java")) {
                Class<?> type = Class.forName(source.replaceAll("\\.java$", "").replace('/', '.'));
                if (IdempotencyException.class.isAssignableFrom(type) && Modifier.isPublic(type.getModifiers())) {
                    exceptions.add(type);
                }
            }
        }

        assertThat(exceptions)
                .hasSizeGreaterThan(10)
                .allSatisfy(type -> assertThat(tree).contains(type.getSimpleName()));
        assertThat(exceptions)
                .filteredOn(type -> !Modifier.isAbstract(type.getModifiers()))
                .allSatisfy(type -> assertThat(row(errors, type.getSimpleName()))
                        .as("the row of %s", type)
                        .isNotEmpty());
    }

    @Test
    void namesEveryPackage() throws IOException {
        Page architecture = Page.chapter("architecture.md");

        assertThat(mainSources("core", "spring"))
                .filteredOn(source -> source.endsWith("/package-info.java"))
                .hasSizeGreaterThan(15)
                .allSatisfy(source -> assertThat(row(
                                architecture,
                                source.replaceAll("^io/idempotent/(spring/)?(?=.*/)|/package-info\\.java$", "")
                                        .replace('/', '.')))
                        .as("the row of %s", source)
                        .isNotEmpty());
    }

    @ParameterizedTest
    @CsvSource({"core, io/idempotent/", "spring, io/idempotent/spring/"})
    void saysWhichPackagesKnowWhich(String module, String base) throws IOException {
        Page architecture = Page.chapter("architecture.md");
        Pattern known = Pattern.compile(
                "^import (?:static )?" + base.replace("/", "\\.") + "([a-z.]+)\\.[A-Z]", Pattern.MULTILINE);

        for (String source : mainSources(module)) {
            if (!source.matches(base + ".*/.*\\.java")) {
                continue;
            }
            String itself =
                    source.substring(base.length(), source.lastIndexOf('/')).replace('/', '.');
            List<String> cells = row(architecture, itself);
            if (!cells.get(2).startsWith("all")) {
                assertThat(known.matcher(Files.readString(main(module).resolve(source)))
                                .results())
                        .as("packages that %s knows", source)
                        .extracting(found -> found.group(1))
                        .filteredOn(other -> !other.equals(itself))
                        .allSatisfy(other -> assertThat(cells.get(2)).contains("`" + other + "`"));
            }
        }
    }

    @Test
    void explainsMessagesThatThereAre() throws IOException {
        StringBuilder code = new StringBuilder();
        for (String module : List.of("core", "spring")) {
            for (String source : mainSources(module)) {
                if (source.endsWith(".java")) {
                    code.append(Files.readString(main(module).resolve(source)));
                }
            }
        }
        // As one text, however its literals are put together.
        String texts = code.toString().replaceAll("\"\\s*\\+\\s*\"", "");
        List<String> messages = Page.chapter("troubleshooting.md")
                .text()
                .lines()
                .map(MESSAGE::matcher)
                .filter(Matcher::find)
                .map(row -> row.group(1))
                .toList();

        assertThat(messages)
                .hasSizeGreaterThan(10)
                .allSatisfy(message -> assertThat(texts).contains(message.split(ANYTHING)));
    }

    private static Path main(String module) {
        return Path.of("..", "idempotent-" + module, "src", "main", "java");
    }

    /** The sources of modules, as they lie in their packages. */
    private static List<String> mainSources(String... modules) throws IOException {
        List<String> sources = new ArrayList<>();
        for (String module : modules) {
            sources.addAll(filesIn(main(module)));
        }
        return sources;
    }

    private static List<String> filesIn(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString().replace('\\', '/'))
                    .toList();
        }
    }

    @Test
    void namesEveryEventThatListenersAreTold() throws IOException {
        Page operating = Page.chapter("operating.md");

        assertThat(IdempotencyListener.class.getMethods())
                .extracting(Method::getName)
                .allSatisfy(event -> assertThat(row(operating, event))
                        .as("the row of `%s`", event)
                        .isNotEmpty());
    }
}
