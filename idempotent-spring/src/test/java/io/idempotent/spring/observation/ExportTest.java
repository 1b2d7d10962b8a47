package io.idempotent.spring.observation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.observation.ObservedApplication.MemoryStore;
import io.idempotent.spring.observation.ObservedApplication.Payments;
import io.idempotent.spring.observation.ObservedApplication.Work;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What Prometheus scrapes, and what OpenTelemetry exports. */
@SpringBootTest(
        classes = ExportTest.Application.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "idempotent.store=memory",
            "idempotent.web.scope=shared",
            "idempotent.near-cache.maximum-size=100",
            "idempotent.observation.include-key=true",
            "idempotent.observation.mdc=true",
            "idempotent.observation.count-interval=1ms",
            "idempotent.web.trace-header=X-First-Trace",
            "spring.datasource.generate-unique-name=true",
            "spring.mvc.async.request-timeout=5m"
        })
class ExportTest {

    private static final AtomicInteger KEYS = new AtomicInteger();

    @Configuration(proxyBeanMethods = false)
    @Import(ObservedApplication.class)
    static class Application {

        @Bean
        static InMemorySpanExporter exporter() {
            return InMemorySpanExporter.create();
        }

        @Bean
        static Tracer tracer(InMemorySpanExporter exporter) {
            OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
                    .setTracerProvider(SdkTracerProvider.builder()
                            .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                            .build())
                    .build();
            return new OtelTracer(telemetry.getTracer("test"), new OtelCurrentTraceContext(), event -> {});
        }

        @Bean
        static DefaultTracingObservationHandler tracing(Tracer tracer) {
            return new DefaultTracingObservationHandler(tracer);
        }
    }

    @Autowired
    private Payments payments;

    @Autowired
    private Work work;

    @Autowired
    private MemoryStore memory;

    @Autowired
    private JdbcIdempotencyStore jdbc;

    @Autowired
    private PrometheusMeterRegistry prometheus;

    @Autowired
    private InMemorySpanExporter exporter;

    @Autowired
    private ObservationRegistry registry;

    @LocalServerPort
    private int port;

    private final String key = "k" + KEYS.incrementAndGet();

    @BeforeEach
    void begin() {
        work.does(() -> "done");
        memory.failing(false);
        exporter.reset();
    }

    @Test
    void aScrapeHasOperationStoreAndOutcomeAndNoKey() {
        payments.pay(key, 1);
        payments.pay(key, 1);
        assertThat(sample(
                        "idempotent_execute_seconds_count",
                        "operation=\"pay\"",
                        "outcome=\"replayed\"",
                        "error=\"none\""))
                .contains("store=\"memory\"");
        assertThat(prometheus.scrape()).doesNotContain(key);
    }

    @Test
    void theErrorOfAMetricIsTheTypeOfTheFailure() {
        work.does(() -> {
            throw new ObservedApplication.Declined("4111 1111 1111 1111");
        });
        Stream.of(1, 2).forEach(time -> {
            try {
                payments.pay(key, 1);
            } catch (ObservedApplication.Declined expected) {
                assertThat(expected).hasMessageContaining("4111");
            }
        });
        assertThat(sample("idempotent_execute_seconds_count", "outcome=\"recorded-failure\""))
                .contains("error=\"Declined\"");
        assertThat(sample("idempotent_execute_seconds_count", "outcome=\"replayed\"", "error=\"Declined\""))
                .contains("operation=\"pay\"");
        assertThat(prometheus.scrape()).doesNotContain("4111");
    }

    /** A change of a name has to be made there, too. */
    @ParameterizedTest
    @ValueSource(strings = {"idempotent.json", "alerts.yml"})
    void theDashboardAndTheAlertsAskForMetricsThatAreThere(String file) throws IOException {
        useEverything();
        String scraped = prometheus.scrape();
        Set<String> names = scraped.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .collect(Collectors.toSet());
        String asked = Files.readString(Path.of("../docs/grafana", file)).replace("\\\"", "\"");
        Set<String> metrics = matches(asked, "\\bidempotent_[a-z_]+");
        assertThat(metrics).hasSizeGreaterThan(2);
        assertThat(names).containsAll(metrics);
        Set<String> outcomes =
                Stream.of(CallOutcome.values()).map(CallOutcome::value).collect(Collectors.toSet());
        assertThat(matches(asked, "(?<=outcome=~?\")[a-z|-]+").stream().flatMap(some -> Stream.of(some.split("\\|"))))
                .isNotEmpty()
                .allMatch(outcomes::contains);
        Set<String> labels = matches(scraped, "[a-z]+(?==\")");
        assertThat(matches(asked, "(?<=by \\()[a-z, ]+").stream().flatMap(some -> Stream.of(some.split(", "))))
                .isNotEmpty()
                // Given by Prometheus itself.
                .filteredOn(label -> !label.equals("instance"))
                .allMatch(labels::contains);
    }

    private void useEverything() {
        payments.pay(key, 1);
        payments.payAtomically(key, 1);
        payments.payAtomically(key, 1);
        work.does(() -> {
            throw new IllegalStateException("no");
        });
        for (Runnable retried :
                List.<Runnable>of(() -> payments.payRetried(key), () -> payments.payWithinBudget(key))) {
            try {
                retried.run();
            } catch (IllegalStateException expected) {
                assertThat(expected).hasMessage("no");
            }
        }
    }

    @Test
    void metersSayWhatStoresKeepInMemory() {
        payments.pay(key, 1);
        payments.payAtomically(key, 1);
        double before = value(sample("idempotent_near_cache_hits_total", "store=\"jdbc\""));
        payments.payAtomically(key, 1);
        assertThat(value(sample("idempotent_near_cache_hits_total", "store=\"jdbc\"")))
                .isGreaterThanOrEqualTo(before);
        assertThat(value(sample("idempotent_store_size", "store=\"memory\""))).isPositive();
        assertThat(value(sample("idempotent_store_weight_bytes", "store=\"memory\"")))
                .isPositive();
        assertThat(value(sample("idempotent_store_early_evictions_total", "store=\"memory\"")))
                .isZero();
    }

    @Test
    void spansNestAsTheCallsDo() {
        work.does(() -> {
            Observation.createNotStarted("charge", registry).observe(() -> {});
            return "done";
        });
        Observation.createNotStarted("checkout", registry).observe(() -> payments.pay(key, 1));
        SpanData checkout = span("checkout");
        SpanData ours = span("idempotent pay");
        SpanData charge = span("charge");
        assertThat(ours.getParentSpanId()).isEqualTo(checkout.getSpanId());
        assertThat(charge.getParentSpanId()).isEqualTo(ours.getSpanId());
        assertThat(attributes(ours))
                .containsEntry("operation", "pay")
                .containsEntry("store", "memory")
                .containsEntry("outcome", "executed")
                .containsEntry("idempotency.key", key)
                .containsEntry("idempotency.attempt", "1")
                .containsEntry("idempotency.takeovers", "0")
                .containsKey("idempotency.fencing.token");
    }

    @Test
    void aReplayTellsTheTraceOfTheFirstCall() {
        for (Runnable call : List.<Runnable>of(() -> payments.pay(key, 1), () -> payments.payAtomically(key, 1))) {
            exporter.reset();
            call.run();
            call.run();
            List<SpanData> spans = spans().toList();
            assertThat(spans).hasSize(2);
            assertThat(spans.get(0).getTraceId()).isNotEqualTo(spans.get(1).getTraceId());
            assertThat(attributes(spans.get(0))).doesNotContainKey("idempotency.first.trace.id");
            assertThat(attributes(spans.get(1)))
                    .containsEntry("outcome", "replayed")
                    .containsEntry("idempotency.first.trace.id", spans.get(0).getTraceId());
        }
    }

    @Test
    void aHeaderOfAReplayedResponseHasTheTraceOfTheFirst() throws Exception {
        assertThat(send("/pay").headers().firstValue("X-First-Trace")).isEmpty();
        Awaitility.await().until(() -> spans().count() > 0);
        String first = span("idempotent endpoint").getTraceId();
        assertThat(send("/pay").headers().firstValue("X-First-Trace")).contains(first);
    }

    @Test
    void recordsWithoutAnOutcomeAreCountedByTheStore() {
        payments.payAtomically(key, 1);
        double abandoned = value(sample("idempotent_records_abandoned", "store=\"jdbc\""));
        jdbc.abandon(ObservedApplication.claimFor(jdbc, IdempotencyKey.of("pay", key + "-abandoned")));
        ObservedApplication.claimFor(jdbc, IdempotencyKey.of("pay", key + "-live"));
        Awaitility.await()
                .until(() -> value(sample("idempotent_records_abandoned", "store=\"jdbc\"")) == abandoned + 1);
        assertThat(value(sample("idempotent_records_live", "store=\"jdbc\""))).isPositive();
        Awaitility.await().until(() -> value(sample("idempotent_records_oldest_seconds", "store=\"jdbc\"")) > 0);
        assertThat(prometheus.scrape().lines().filter(line -> line.startsWith("idempotent_records")))
                .noneMatch(line -> line.contains("memory"));
    }

    @Test
    void retriesAreEventsOfTheSpan() {
        work.does(() -> {
            throw new IllegalStateException("no");
        });
        try {
            payments.payRetried(key);
        } catch (IllegalStateException expected) {
            assertThat(expected).hasMessage("no");
        }
        assertThat(span("idempotent pay-retried").getEvents().stream().map(EventData::getName))
                .containsSequence("retry", "retry", "retry.exhausted");
    }

    @Test
    void anAsynchronousEndpointIsObservedUntilItsResponseEnds() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        work.does(() -> {
            Observation.createNotStarted("charge", registry).observe(() -> {});
            began.countDown();
            assertThat(goOn.await(5, TimeUnit.MINUTES)).isTrue();
            return "done";
        });
        FutureTask<Integer> answer = new FutureTask<>(() -> post("/callable"));
        new Thread(answer).start();
        assertThat(began.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(spans().map(SpanData::getName)).doesNotContain("idempotent endpoint-callable");
        assertThat(active("endpoint-callable")).isEqualTo(1);
        goOn.countDown();
        assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo(200);
        // The client has its answer a moment before the server's thread is done with it.
        Awaitility.await().until(() -> active("endpoint-callable") == 0);
        SpanData ours = span("idempotent endpoint-callable");
        assertThat(attributes(ours)).containsEntry("outcome", "executed");
        assertThat(span("charge").getParentSpanId()).isEqualTo(ours.getSpanId());
        assertThat(post("/callable")).isEqualTo(200);
    }

    @Test
    void operationAndKeyAreInTheMdcWhileAnOperationRuns() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        work.does(() -> {
            seen.add(MDC.get("idempotency.operation") + " " + MDC.get("idempotency.key"));
            return "done";
        });
        MDC.put("idempotency.operation", "outer");
        payments.pay(key, 1);
        assertThat(MDC.get("idempotency.operation")).isEqualTo("outer");
        assertThat(MDC.get("idempotency.key")).isNull();
        MDC.clear();
        payments.payAtomically(key, 1);
        payments.payRetried(key);
        assertThat(post("/pay")).isEqualTo(200);
        assertThat(post("/callable")).isEqualTo(200);
        assertThat(seen)
                .containsExactly(
                        "pay " + key,
                        "pay-atomically " + key,
                        "pay-retried " + key,
                        "endpoint " + key,
                        "endpoint-callable " + key);
    }

    @Test
    void aLineOfTheLogHasItsOperationAndKeyAsPairs() {
        Logger logger = (Logger) LoggerFactory.getLogger("io.idempotent");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setLevel(Level.DEBUG);
        try {
            work.does(() -> "4111 1111 1111 1111");
            payments.pay(key, 1);
            payments.pay(key, 1);
        } finally {
            logger.setLevel(null);
            logger.detachAppender(lines);
        }
        List<ILoggingEvent> told = lines.list.stream()
                .filter(line -> line.getFormattedMessage().contains(key))
                .toList();
        assertThat(told).hasSize(2).allSatisfy(line -> {
            assertThat(pairs(line))
                    .containsEntry("idempotency.operation", "pay")
                    .containsEntry("idempotency.key", key);
            assertThat(line.getFormattedMessage() + pairs(line)).doesNotContain("4111");
        });
        assertThat(pairs(told.get(0)))
                .containsEntry("idempotency.attempt", "1")
                .containsEntry("idempotency.takeovers", "0")
                .containsKey("idempotency.fencing.token");
    }

    private static Map<String, String> pairs(ILoggingEvent line) {
        return line.getKeyValuePairs().stream()
                .collect(Collectors.toMap(pair -> pair.key, pair -> String.valueOf(pair.value)));
    }

    private double active(String operation) {
        return value(sample("idempotent_execute_active_seconds_count", "operation=\"" + operation + "\""));
    }

    private int post(String path) throws IOException, InterruptedException {
        return send(path).statusCode();
    }

    private HttpResponse<String> send(String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                                .header("Idempotency-Key", key)
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                                .build(),
                        BodyHandlers.ofString());
    }

    private static Map<String, String> attributes(SpanData span) {
        return span.getAttributes().asMap().entrySet().stream()
                .collect(Collectors.toMap(
                        attribute -> ((AttributeKey<?>) attribute.getKey()).getKey(),
                        attribute -> String.valueOf(attribute.getValue())));
    }

    private Stream<SpanData> spans() {
        return exporter.getFinishedSpanItems().stream();
    }

    private SpanData span(String name) {
        List<SpanData> found =
                spans().filter(span -> span.getName().equals(name)).toList();
        assertThat(found).as(name).hasSize(1);
        return found.get(0);
    }

    private String sample(String name, String... labels) {
        return prometheus
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name + "{") && Stream.of(labels).allMatch(line::contains))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " " + List.of(labels) + " in\n" + prometheus.scrape()));
    }

    private static double value(String sample) {
        return Double.parseDouble(sample.substring(sample.lastIndexOf(' ') + 1));
    }

    private static Set<String> matches(String text, String pattern) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group());
        }
        return found;
    }
}
