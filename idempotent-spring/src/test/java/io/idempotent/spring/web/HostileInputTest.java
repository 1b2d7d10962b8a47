package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.OnOneJdk;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.web.HttpServer.Answer;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.store.RecordQuery;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * What clients send that is not well formed, or beyond what anybody sends: refused at worst, and never an error of the
 * server's.
 */
@OnOneJdk("what is parsed here is parsed by the server and by us")
@SuppressWarnings("StringConcatToTextBlock") // Line ends are those of HTTP.
class HostileInputTest {

    private static final int REQUESTS = 10_000;

    private static final int THREADS = 8;

    private static final long SEED = 20_261_130L;

    private static final String OURS = "https://idempotent.io/problems/";

    private static final String PART = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--b--\r\n";

    private static HttpServer server;

    private static HttpServer withoutMultipart;

    @BeforeAll
    static void start() {
        // Lazily, so that it is the key's fingerprint that takes them apart, and not Spring before.
        server = start("spring.servlet.multipart.resolve-lazily=true", "idempotent.caffeine.maximum-size=500");
        withoutMultipart = start("spring.servlet.multipart.enabled=false");
    }

    private static HttpServer start(String... properties) {
        return HttpServer.start(
                Application.class,
                Stream.concat(
                                Stream.of(properties),
                                Stream.of(
                                        "idempotent.web.maximum-body-size=64KB",
                                        "server.tomcat.threads.max=16",
                                        "server.tomcat.threads.min-spare=16",
                                        "server.tomcat.connection-timeout=2s",
                                        "logging.level.org.springframework.web=off",
                                        "logging.level.org.apache=off"))
                        .toArray(String[]::new));
    }

    @AfterAll
    static void stop() {
        server.close();
        withoutMultipart.close();
    }

    /** The same request with a key, twice, and without one, where nothing of ours is in the way. */
    private static void assertTakenAsEver(HttpServer server, String method, String path, String type, String body)
            throws IOException {
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            client.send(request(method, "/bare" + path, "", type, body));
            Answer bare = client.read();
            assertThat(bare.status()).as("%s", bare).isEqualTo(200);
            String key = "Idempotency-Key: " + (method + path + type + body).hashCode() + "\r\n";
            client.send(request(method, path, key, type, body));
            Answer first = client.read();
            assertThat(first.status()).as("%s", first).isEqualTo(200);
            assertThat(first.body()).isEqualTo(bare.body());
            client.send(request(method, path, key, type, body));
            Answer second = client.read();
            assertThat(second.isReplayed()).as("%s", second).isTrue();
            assertThat(second.body()).isEqualTo(first.body());
        }
    }

    private static String request(String method, String path, String headers, String type, String body) {
        return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Caller: alice\r\n" + headers + "Content-Type: "
                + type + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    @ParameterizedTest
    @CsvSource({"POST, a&b=1", "PUT, a&b=1", "PATCH, a&b=1", "DELETE, a&b=1", "PUT, &&a&a=", "POST, &&a&a="})
    void parametersOfFormsMayHaveNoValue(String method, String body) throws IOException {
        assertTakenAsEver(server, method, "/parameters", "application/x-www-form-urlencoded", body);
    }

    @Test
    void aParameterWithoutAValueIsNotOneWithAnEmptyOne() throws IOException {
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            for (String body : List.of("a&b=1", "a=&b=1")) {
                client.send(request(
                        "PUT",
                        "/parameters",
                        "Idempotency-Key: values\r\n",
                        "application/x-www-form-urlencoded",
                        body));
                assertThat(client.read().status()).isEqualTo(body.equals("a&b=1") ? 200 : 422);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "multipart/form-data; boundary=b",
                "multipart/form-data",
                "multipart/mixed; boundary=b",
                "application/x-unknown",
                "no type at all",
                "text/plain; charset=no-charset"
            })
    void whatNobodyTakesApartIsTakenAsItIs(String type) throws IOException {
        assertTakenAsEver(
                withoutMultipart,
                "POST",
                "/raw",
                type,
                "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\": \"\\ud800\"}",
                "{\"a\": \"\\u0000\"}",
                "{\"a\": 1, \"a\": 2}",
                "\u00ff\u00fe{",
                "{} trailing",
                "",
                " ",
                "[1e400, -0.0, 1E+2]"
            })
    void jsonThatTheHandlerAcceptsIsAccepted(String body) throws IOException {
        assertTakenAsEver(server, "POST", "/bytes", "application/json", body);
    }

    static Stream<String> unreadable() {
        String form = "Content-Type: application/x-www-form-urlencoded\r\n";
        String parts = "Content-Type: multipart/form-data; boundary=b\r\n";
        String endless = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end";
        return Stream.of(
                form + "Content-Length: 3\r\n\r\na=%",
                form + "Content-Length: 5\r\n\r\na=%zz",
                form + "Content-Length: 4501\r\n\r\n" + "a=1&".repeat(1_125) + "b",
                parts + "Content-Length: 10\r\n\r\n--b\r\n\r\nx\r\n",
                parts + "Content-Length: " + endless.length() + "\r\n\r\n" + endless,
                "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nx=y");
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void whatCannotBeReadIsABadRequestWithAProblemOfOurs(String message) throws IOException {
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            client.send("POST /raw HTTP/1.1\r\nHost: localhost\r\nX-Caller: alice\r\nIdempotency-Key: unreadable\r\n"
                    + message);
            Answer answer = client.read();
            assertThat(answer.status()).as("%s", answer).isEqualTo(400);
            assertThat(answer.body()).contains(OURS + "request-unreadable");
            assertThat(answer.headers().get("Link")).contains("request-unreadable");
        }
    }

    /** The container knows by itself, and has answered before anybody is asked. */
    @ParameterizedTest
    @ValueSource(strings = {"xyz\r\n", "-1\r\n\r\n", "ffffffffffffffffffff\r\n\r\n", "5\r\nabc"})
    void aBodyThatIsBrokenOnItsWayIsTheClientsFault(String chunks) throws IOException {
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            client.send("POST /raw HTTP/1.1\r\nHost: localhost\r\nX-Caller: alice\r\nIdempotency-Key: broken\r\n"
                    + "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
            assertThat(client.read().status()).isIn(400, 408);
        }
    }

    /** As it is without a key: Spring answers it by 500. */
    @Test
    void aDirectoryOfUploadsThatIsGoneIsTheServersFault(@TempDir Path folder) throws IOException {
        Path uploads = Files.createDirectory(folder.resolve("uploads"));
        try (HttpServer served = start(
                        "spring.servlet.multipart.resolve-lazily=true",
                        "spring.servlet.multipart.location=" + uploads);
                RawClient client = new RawClient(served.uri("/").getPort())) {
            Files.delete(uploads);
            Files.createFile(uploads);
            for (String path : List.of("/bare/parameters", "/parameters")) {
                client.send(
                        request("POST", path, "Idempotency-Key: upload\r\n", "multipart/form-data; boundary=b", PART));
                Answer answer = client.read();
                assertThat(answer.status()).as("%s", answer).isEqualTo(500);
                assertThat(answer.body()).doesNotContain(OURS);
            }
            Files.delete(uploads);
            Files.createDirectory(uploads);
            client.send(request(
                    "POST", "/parameters", "Idempotency-Key: upload\r\n", "multipart/form-data; boundary=b", PART));
            assertThat(client.read().status()).isEqualTo(200);
        }
    }

    /** A filter that keeps bodies in files. */
    @ParameterizedTest
    @CsvSource({"no-such-file, 500", "reset, 400", "timeout, 400", "unknown, 400"})
    void aBodyThatFailsIsTheServersFaultWhereItsFileFails(String failure, int status) throws IOException {
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            client.send(request(
                    "POST",
                    "/bytes",
                    "Idempotency-Key: body\r\nX-Fail: " + failure + "\r\n",
                    "application/json",
                    "{}"));
            assertThat(client.read().status()).isEqualTo(status);
        }
    }

    @Test
    void anyNameOfACallerKeepsItsKeysApart() throws IOException {
        List<String> names = List.of(
                "x".repeat(300),
                "x".repeat(301),
                "with%0Aline",
                "with%00nul",
                "sha256:1234",
                "%D8%00",
                "unpaired%uD800",
                "alice");
        Map<String, String> scopes = new TreeMap<>();
        try (RawClient client = new RawClient(server.uri("/").getPort())) {
            for (String name : names) {
                for (int time = 0; time < 2; time++) {
                    client.send("POST /scope HTTP/1.1\r\nHost: localhost\r\nX-Caller: " + name
                            + "\r\nIdempotency-Key: names\r\nContent-Length: 0\r\n\r\n");
                    Answer answer = client.read();
                    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
                    assertThat(answer.isReplayed()).isEqualTo(time == 1);
                    scopes.put(name, answer.body());
                }
            }
            assertThat(scopes.values()).doesNotHaveDuplicates();
            assertThat(scopes.get("alice")).isEqualTo("alice");
            assertThat(scopes.get("x".repeat(300))).matches("sha256:[A-Za-z0-9_-]{43}");
            // Nobody is called what a digest is.
            client.send("POST /scope HTTP/1.1\r\nHost: localhost\r\nX-Caller: " + scopes.get("x".repeat(300))
                    + "\r\nIdempotency-Key: names\r\nContent-Length: 0\r\n\r\n");
            assertThat(client.read().isReplayed()).isFalse();
        }
    }

    @Test
    void tenThousandHostileRequestsMakeNoErrorOfOursAndLeaveNothingBehind() throws Exception {
        Fuzz warmUp = new Fuzz(SEED - 1);
        warmUp.run(REQUESTS / 10);
        assertThat(warmUp.wrong).isEmpty();
        IdempotencyRecords operations = server.bean(IdempotencyRecords.class);
        awaitNothingHeld(operations);
        long heapBefore = heapInUse();
        int threadsBefore = serverThreads();
        long begin = System.nanoTime();

        Fuzz fuzz = new Fuzz(SEED);
        fuzz.run(REQUESTS);

        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        awaitNothingHeld(operations);
        long grown = heapInUse() - heapBefore;
        System.out.printf(
                "%d hostile requests in %d ms: %s; refused as unreadable though a bare handler takes them: %s; heap"
                        + " %+d KB, threads %d, then %d%n",
                REQUESTS,
                took.toMillis(),
                new TreeMap<>(fuzz.statuses),
                fuzz.refusedByUsAlone,
                grown / 1_024,
                threadsBefore,
                serverThreads());
        assertThat(fuzz.wrong).as("of %s", fuzz.statuses).isEmpty();
        assertThat(fuzz.statuses.keySet()).contains(200, 400, 413, 422);
        assertThat(operations.list(RecordQuery.abandoned())).isEmpty();
        assertThat(serverThreads()).as("threads").isLessThanOrEqualTo(threadsBefore);
        assertThat(grown).as("bytes of heap").isLessThan(8_000_000L);
    }

    private static void awaitNothingHeld(IdempotencyRecords operations) {
        Awaitility.await("no key is held")
                .atMost(Duration.ofSeconds(20))
                .until(() ->
                        operations.list(RecordQuery.inProgress(Duration.ZERO)).isEmpty());
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static int serverThreads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.getName().startsWith("pool-"))
                .count();
    }

    /** Many requests, each made at random of what hurts. */
    private static final class Fuzz {

        private static final String[] METHODS = {"POST", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"};

        private static final String[] PATHS = {"/bytes", "/text", "/form", "/parameters", "/raw", "/json", "/callable"};

        private static final String[] TYPES = {
            "application/json",
            "application/json",
            "application/json",
            "application/json; charset=utf-16",
            "application/json; charset=no-charset",
            "application/json; charset=\"",
            "application/vnd.x+json",
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=no-charset",
            "multipart/form-data; boundary=b",
            "multipart/form-data; boundary=b; charset=no-charset",
            "multipart/form-data",
            "multipart/form-data; boundary=" + "b".repeat(1_000),
            "multipart/mixed; boundary=b",
            "text/plain; charset=utf-7",
            "text/plain;;;",
            "a/b/c",
            "/json",
            "*/*",
            "",
            "application/json; x=\"" + "\\\"".repeat(2_000) + "\"",
            "\u00ff\u00fe/\u0080"
        };

        private static final String[] QUERIES = {
            "",
            "",
            "",
            "?a&b=1",
            "?a=%zz",
            "?%",
            "?a=%00",
            "?a=%ff%fe",
            "?a=%ed%a0%80",
            "?=x&&&",
            "?" + "a=1&".repeat(1_500),
            "?a[" + "b".repeat(3_000) + "]=1"
        };

        private static final String[] JSON = {
            "1e-99999999999",
            "1e99999999999",
            "1e400",
            "-0",
            "1".repeat(400),
            "1".repeat(2_000),
            "1." + "0".repeat(3_000) + "1",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "\"\u00ff\u00fe\"",
            "\"" + "x".repeat(30_000) + "\"",
            "[".repeat(400) + "]".repeat(400),
            "[".repeat(600) + "]".repeat(600),
            "[".repeat(20_000),
            "{\"a\":".repeat(900) + "1" + "}".repeat(900),
            "{\"a\":1,\"a\":2}",
            "{\"" + "n".repeat(60_000) + "\":1}",
            "{} {}",
            "{\"a\":}",
            "NaN",
            "\u00ef\u00bb\u00bf{}",
            "\u00fe\u00ff\u0000{\u0000}",
            "/* */ {}",
            "",
            "\u0000",
            "[" + "1,".repeat(10_000) + "1]"
        };

        private static final String[] FORMS = {
            "a&b=1",
            "a=%",
            "a=%zz",
            "=&=&&",
            "a=%00",
            "a=%ed%a0%80",
            "a=1&".repeat(1_500),
            "%".repeat(1_000),
            "a=" + "x".repeat(40_000),
            "--b\r\n\r\nx\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\u0000/../\u00ff\"\r\n"
                    + "Content-Type: ;;;\r\n\r\nx\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends",
            "--b\r\n" + "X: y\r\n".repeat(500) + "\r\nx\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n".repeat(120) + "--b--\r\n",
            "\u0001\u0002\u0003",
            "x".repeat(70_000)
        };

        private static final String[] HEADERS = {
            "Accept: ;;;",
            "Accept: image/*;q=banana",
            "Accept-Language: *;q=9, \u00ff",
            "Accept-Charset: no-charset",
            "Accept-Encoding: ;",
            "Content-Encoding: gzip",
            "Content-Encoding: no-coding, gzip;;",
            "Content-Language: \u00ff",
            "Range: bytes=-1-2,x",
            "If-Match: \"",
            "If-None-Match: *",
            "If-Modified-Since: yesterday",
            "Expect: 100-continue",
            "Expect: the-unexpected",
            "Origin: null",
            "Origin: http://[",
            "Access-Control-Request-Method: X",
            "Cookie: =;;\"; a=\u00ff",
            "X-HTTP-Method-Override: DELETE",
            "X-Forwarded-Host: [",
            "Forwarded: for=\"[",
            "X-Caller: sha256:x",
            "Content-Disposition: x",
            "Connection: Idempotency-Key, close",
            "Upgrade: h2c",
            "X-Long: " + "x".repeat(3_000)
        };

        private static final String[] PARAMETERS = {
            "",
            "",
            "",
            "",
            ";a=\"" + "x".repeat(1_900) + "\"",
            ";a=\"" + "x".repeat(6_000) + "\"",
            ";a=\"" + "\\\"".repeat(900) + "\"",
            ";a".repeat(900),
            ";a=:" + "=".repeat(1_500) + ":",
            ";a=1.5;b=?1;c=tok/en",
            ";a=1.",
            ";a=\"",
            ";;"
        };

        private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
        private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
        private final AtomicInteger refusedByUsAlone = new AtomicInteger();
        private final long seed;

        Fuzz(long seed) {
            this.seed = seed;
        }

        void run(int requests) throws Exception {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            List<Future<?>> clients = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                Random random = new Random(seed * THREADS + thread);
                clients.add(threads.submit(() -> {
                    send(random, requests / THREADS);
                    return null;
                }));
            }
            for (Future<?> client : clients) {
                client.get();
            }
            threads.shutdown();
        }

        private void send(Random random, int requests) throws IOException {
            for (int count = 0; count < requests; count++) {
                // A connection for each: what is not read of a body that was refused would be taken for the next
                // request.
                try (RawClient client = new RawClient(server.uri("/").getPort())) {
                    send(client, random);
                }
            }
        }

        private void send(RawClient client, Random random) throws IOException {
            String method = any(METHODS, random);
            String path = any(PATHS, random) + any(QUERIES, random);
            String key = "Idempotency-Key: \"" + Long.toHexString(random.nextLong()) + "\"" + any(PARAMETERS, random)
                    + "\r\n";
            String rest = rest(random);
            if (random.nextInt(20) == 0) {
                // Whoever goes away in the middle of what it sends.
                client.send((method + " " + path + " HTTP/1.1\r\n" + key + rest)
                        .substring(0, 20 + random.nextInt(rest.length())));
                client.breakOff();
                return;
            }
            String request = method + " " + path + " HTTP/1.1\r\n" + key + rest;
            Answer answer = ask(client, request);
            count(answer);
            boolean unreadable = answer.body().contains(OURS + "request-unreadable");
            if (answer.status() >= 500 || unreadable) {
                Answer bare = ask(client, method + " /bare" + path + " HTTP/1.1\r\n" + rest);
                if (answer.status() >= 500 && bare.status() < 500) {
                    wrong.add(shortened(request) + " got " + answer + ", without a key " + bare);
                } else if (unreadable && bare.status() < 300) {
                    refusedByUsAlone.incrementAndGet();
                }
            } else if (answer.status() == 200 && !method.equals("OPTIONS") && random.nextInt(4) == 0) {
                Answer again = ask(client, request);
                if (!again.isReplayed() || !again.body().equals(answer.body())) {
                    wrong.add(shortened(request) + " got " + answer + ", then " + again);
                }
                if (ask(client, request.replace("X-Caller: ", "X-Caller: other "))
                        .isReplayed()) {
                    wrong.add(shortened(request) + " was answered to another caller");
                }
                count(ask(
                        client,
                        method + " " + path + (path.contains("?") ? "&" : "?") + "z HTTP/1.1\r\n" + key + rest));
            }
        }

        private void count(Answer answer) {
            statuses.computeIfAbsent(answer.status(), status -> new AtomicInteger())
                    .incrementAndGet();
        }

        private Answer ask(RawClient client, String request) throws IOException {
            client.send(request);
            try {
                Answer answer = client.read();
                return answer.status() == 100 ? client.read() : answer;
            } catch (IOException failure) {
                wrong.add(shortened(request) + " was not answered: " + failure);
                client.breakOff();
                return new Answer(0, Map.of(), "");
            }
        }

        private static String rest(Random random) {
            StringBuilder head = new StringBuilder("Host: localhost\r\nX-Caller: alice\r\n");
            String type = any(TYPES, random);
            if (!type.isEmpty()) {
                head.append("Content-Type: ").append(type).append("\r\n");
            }
            if (random.nextInt(3) == 0) {
                head.append(any(HEADERS, random)).append("\r\n");
            }
            String body = type.contains("json") || random.nextInt(3) == 0 ? json(random) : any(FORMS, random);
            return switch (random.nextInt(12)) {
                case 0 ->
                    head + "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(body.length()) + "\r\n" + body
                            + (body.isEmpty() ? "" : "\r\n0\r\n") + "\r\n";
                case 1 -> head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nxyz\r\n";
                case 2 -> head + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
                default -> head + "Content-Length: " + body.length() + "\r\n\r\n" + body;
            };
        }

        private static String json(Random random) {
            return switch (random.nextInt(4)) {
                case 0 -> "{\"a\":" + any(JSON, random) + ",\"b\":[" + any(JSON, random) + "]}";
                case 1 -> "[" + any(JSON, random) + "]";
                case 2 -> any(JSON, random).replace('"', (char) random.nextInt(256));
                default -> any(JSON, random);
            };
        }

        private static String any(String[] choices, Random random) {
            return choices[random.nextInt(choices.length)];
        }

        private static String shortened(String text) {
            return text.length() > 700 ? text.substring(0, 700) + "…" : text;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {

        @Bean
        Handlers handlers() {
            return new Handlers();
        }

        /** Lets reading the body fail as a request's header says. */
        @Bean
        static FilterRegistrationBean<Filter> failures() {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) -> {
                String failure = ((HttpServletRequest) request).getHeader("X-Fail");
                chain.doFilter(
                        failure == null ? request : new Failing((HttpServletRequest) request, failure), response);
            });
            registration.setOrder(IdempotencyFilter.ORDER - 1);
            return registration;
        }

        /** Knows a caller by its header, whose name may have any characters. */
        @Bean
        static IdempotencyScopeResolver callers() {
            return request -> {
                String name = request.getHeader("X-Caller");
                return name == null
                        ? null
                        : name.replace("%0A", "\n").replace("%00", "\0").replace("%uD800", "\ud800");
            };
        }
    }

    /** A request whose body cannot be read. */
    private static final class Failing extends HttpServletRequestWrapper {

        private final String failure;

        Failing(HttpServletRequest request, String failure) {
            super(request);
            this.failure = failure;
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            throw switch (failure) {
                case "no-such-file" -> new NoSuchFileException("upload_1.tmp");
                case "reset" -> new IOException("Connection reset by peer");
                case "timeout" -> new SocketTimeoutException();
                default -> new IOException("unknown");
            };
        }
    }

    /** Each for itself, and protected. */
    @RestController
    static class Handlers {

        @RequestMapping("/bytes")
        @IdempotentEndpoint
        String bytes(@RequestBody(required = false) byte[] body) {
            return bareBytes(body);
        }

        @RequestMapping("/bare/bytes")
        String bareBytes(@RequestBody(required = false) byte[] body) {
            return body == null ? "none" : body.length + " bytes";
        }

        @RequestMapping("/text")
        @IdempotentEndpoint
        String text(@RequestBody(required = false) String body) {
            return bareText(body);
        }

        @RequestMapping("/bare/text")
        String bareText(@RequestBody(required = false) String body) {
            return body == null ? "none" : body.length() + " characters";
        }

        @RequestMapping("/json")
        @IdempotentEndpoint
        String json(@RequestBody Object body) {
            return bareJson(body);
        }

        @RequestMapping("/bare/json")
        String bareJson(@RequestBody Object body) {
            return body.getClass().getSimpleName();
        }

        @RequestMapping("/form")
        @IdempotentEndpoint
        String form(@RequestBody MultiValueMap<String, String> form) {
            return bareForm(form);
        }

        @RequestMapping("/bare/form")
        String bareForm(@RequestBody MultiValueMap<String, String> form) {
            return form.keySet().toString();
        }

        @RequestMapping("/parameters")
        @IdempotentEndpoint
        String parameters(@RequestParam MultiValueMap<String, String> parameters) {
            return bareParameters(parameters);
        }

        @RequestMapping("/bare/parameters")
        String bareParameters(@RequestParam MultiValueMap<String, String> parameters) {
            return parameters.size() + " parameters";
        }

        @RequestMapping("/raw")
        @IdempotentEndpoint
        String raw(HttpServletRequest request) throws IOException {
            return bareRaw(request);
        }

        @RequestMapping("/bare/raw")
        String bareRaw(HttpServletRequest request) throws IOException {
            return request.getInputStream().readAllBytes().length + " bytes";
        }

        @RequestMapping("/callable")
        @IdempotentEndpoint
        Callable<String> callable(@RequestBody(required = false) byte[] body) {
            return bareCallable(body);
        }

        @RequestMapping("/bare/callable")
        Callable<String> bareCallable(@RequestBody(required = false) byte[] body) {
            return () -> bareBytes(body);
        }

        @RequestMapping("/scope")
        @IdempotentEndpoint
        String scope() {
            return IdempotencyContext.current().key().scope();
        }
    }
}
