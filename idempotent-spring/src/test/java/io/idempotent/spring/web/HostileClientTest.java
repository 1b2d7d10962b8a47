package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.OnOneJdk;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.web.HttpServer.Answer;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.store.RecordQuery;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** 10,000 requests of clients that mean no good, or are on a bad line. */
@OnOneJdk("what is parsed here is parsed by the server and by us")
class HostileClientTest {

    private static final int REQUESTS = 10_000;

    private static final int THREADS = 16;

    private static final int LONGEST_BODY = 4_096;

    private static final int LARGE = 400_000;

    private static final long SEED = 20_261_121L;

    private static final String[] CALLERS = {"alice", "bob", "carol"};

    /** What was done, by who was allowed to have it done. */
    private static final Map<String, Effect> EFFECTS = new ConcurrentHashMap<>();

    /** What was found wrong, of all threads. */
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();

    /** One logical request, and how often it was done. */
    private record Effect(String caller, String path, String key, String body, AtomicInteger count) {}

    @Test
    void getsNothingDoneTwiceAndNobodyElsesAnswerAndLeavesNoKeyStuck() throws Exception {
        try (HttpServer server = HttpServer.start(
                Application.class,
                "idempotent.web.maximum-body-size=" + LONGEST_BODY + "B",
                "server.tomcat.connection-timeout=2s")) {
            int port = server.uri("/").getPort();
            long heapBefore = heapInUse();
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            List<Future<?>> clients = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                HostileClient client = new HostileClient(port, new Random(SEED + thread));
                clients.add(threads.submit(() -> {
                    client.run(REQUESTS / THREADS);
                    return null;
                }));
            }
            for (Future<?> client : clients) {
                client.get();
            }
            threads.shutdown();

            IdempotencyRecords operations = server.bean(IdempotencyRecords.class);
            Awaitility.await("no key is held")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> operations
                            .list(RecordQuery.inProgress(Duration.ZERO))
                            .isEmpty());
            assertThat(wrong).as("of %s", statuses).isEmpty();
            assertThat(EFFECTS.values())
                    .as("effects")
                    .hasSizeGreaterThan(2_000)
                    .allSatisfy(effect -> assertThat(effect.count()).hasValue(1));
            assertThat(statuses.keySet()).contains(201, 400, 413, 422);
            try (RawClient honest = new RawClient(port)) {
                for (Effect effect : EFFECTS.values()) {
                    honest.send(request(effect.path(), effect.caller(), '"' + effect.key() + '"', effect.body()));
                    Answer answer = honest.read();
                    assertThat(answer.status()).as("%s: %s", effect, answer).isEqualTo(201);
                    assertThat(answer.isReplayed()).isTrue();
                    assertThat(answer.body()).startsWith(answer(effect.caller(), effect.key(), effect.body()));
                }
            }
            assertThat(heapInUse() - heapBefore).as("bytes of heap kept").isLessThan(perRecord() + 32_000_000L);
        }
    }

    /** What recorded responses may keep, the large ones among them. */
    private static long perRecord() {
        return EFFECTS.values().stream()
                .mapToLong(effect -> effect.path().equals("/large") ? LARGE + 4_000L : 4_000L)
                .sum();
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static String request(String path, String caller, String key, String body) {
        return head(path, caller, "Idempotency-Key: " + key + "\r\nContent-Length: " + body.length()) + body;
    }

    private static String head(String path, String caller, String headers) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Caller: " + caller
                + "\r\nContent-Type: text/plain\r\n" + headers + "\r\n\r\n";
    }

    private static String answer(String caller, String key, String body) {
        return caller + " " + key + " " + body.length() + " " + body.hashCode();
    }

    /** One of them. */
    private final class HostileClient {

        private final Random random;
        private final RawClient line;

        HostileClient(int port, Random random) throws IOException {
            this.random = random;
            this.line = new RawClient(port);
        }

        void run(int requests) throws IOException {
            for (int count = 0; count < requests; count++) {
                switch (random.nextInt(10)) {
                    case 0, 1 -> repeat();
                    case 2 -> malformedKey();
                    case 3 -> tooLong(true);
                    case 4 -> tooLong(false);
                    case 5 -> somebodyElsesKey();
                    case 6 -> reuse();
                    case 7 -> slowBody();
                    case 8 -> leaveInMidResponse();
                    default -> leaveAtOnce();
                }
            }
            line.close();
        }

        private void repeat() throws IOException {
            String caller = caller();
            String key = newKey();
            String body = body();
            Answer first = ask(request("/orders", caller, key, body));
            Answer second = ask(request("/orders", caller, '"' + key + '"', body));
            if (first.status() != 201
                    || !first.body().equals(answer(caller, key, body))
                    || !second.isReplayed()
                    || !second.comparable().equals(first.comparable())) {
                wrong.add("repeated " + key + ": " + first + ", " + second);
            }
        }

        private void malformedKey() throws IOException {
            String key = newKey();
            String[] keys = {
                "",
                "\"\"",
                "\"" + key,
                key + "\"",
                "\"" + key + "\" x",
                "\"" + key + "\\x\"",
                key + " " + key,
                key + ",",
                "\"" + key + "\", \"" + key + "\"",
                "\"" + key + "\u00e9\"",
                key + "\u00ff",
                "k".repeat(256),
                "\"" + "k".repeat(256) + "\"",
                key + "\r\nIdempotency-Key: " + key,
                "' OR 1=1 --; DROP",
                "${jndi:ldap://localhost/" + key + "} " + "x"
            };
            expect(400, ask(request("/orders", caller(), keys[random.nextInt(keys.length)], body())));
        }

        private void tooLong(boolean declared) throws IOException {
            String body = "x".repeat(LONGEST_BODY + 1 + random.nextInt(20_000));
            String key = "Idempotency-Key: " + newKey() + "\r\n";
            expect(
                    413,
                    ask(
                            declared
                                    ? head("/orders", caller(), key + "Content-Length: " + body.length()) + body
                                    : head("/orders", caller(), key + "Transfer-Encoding: chunked")
                                            + Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n"));
        }

        /** A key that each of the callers uses, for one body or another. */
        private void somebodyElsesKey() throws IOException {
            String caller = caller();
            String key = "shared-" + random.nextInt(200);
            String body = "shared body " + random.nextInt(2);
            Answer answer = ask(request("/orders", caller, key, body));
            if (answer.status() == 201
                    ? !answer.body().equals(answer(caller, key, body))
                    : answer.status() != 422 && answer.status() != 409) {
                wrong.add(caller + " " + key + ": " + answer);
            }
        }

        private void reuse() throws IOException {
            String caller = caller();
            String key = newKey();
            expect(201, ask(request("/orders", caller, key, "the first")));
            expect(422, ask(request("/orders", caller, key, "another")));
            expect(422, ask(request("/orders?page=2", caller, key, "the first")));
        }

        private void slowBody() throws IOException {
            String key = newKey();
            line.send(
                    head("/orders", caller(), "Idempotency-Key: " + key + "\r\nContent-Length: 100") + "x".repeat(50));
            if (random.nextBoolean()) {
                line.breakOff();
                if (EFFECTS.values().stream().anyMatch(effect -> effect.key().equals(key))) {
                    wrong.add("half a body was enough for " + key);
                }
                return;
            }
            line.send("x".repeat(50));
            expect(201, read());
        }

        private void leaveInMidResponse() throws IOException {
            if (random.nextInt(8) > 0) {
                leaveAtOnce();
                return;
            }
            line.send(request("/large", caller(), newKey(), body()));
            line.readSome(200);
            line.breakOff();
        }

        private void leaveAtOnce() throws IOException {
            line.send(request("/orders", caller(), newKey(), body()));
            line.breakOff();
        }

        private Answer ask(String request) throws IOException {
            line.send(request);
            return read();
        }

        private Answer read() throws IOException {
            Answer answer = line.read();
            statuses.computeIfAbsent(answer.status(), status -> new AtomicInteger())
                    .incrementAndGet();
            return answer;
        }

        private void expect(int status, Answer answer) {
            if (answer.status() != status) {
                wrong.add("expected " + status + ", and got " + answer);
            }
        }

        private String caller() {
            return CALLERS[random.nextInt(CALLERS.length)];
        }

        private String newKey() {
            String key = Long.toHexString(random.nextLong());
            return key;
        }

        private String body() {
            return "body " + random.nextInt(1_000);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {

        @Bean
        Orders orders() {
            return new Orders();
        }

        @Bean
        CallerFilter callerFilter() {
            return new CallerFilter();
        }
    }

    /** Believes what it is told of callers. */
    static final class CallerFilter implements Filter, Ordered {

        @Override
        public int getOrder() {
            return IdempotencyFilter.ORDER - 1;
        }

        @Override
        public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
                throws IOException, ServletException {
            HttpServletRequest httpRequest = (HttpServletRequest) request;
            String caller = httpRequest.getHeader("X-Caller");
            chain.doFilter(
                    new HttpServletRequestWrapper(httpRequest) {
                        @Override
                        public Principal getUserPrincipal() {
                            return () -> caller;
                        }
                    },
                    response);
        }
    }

    @RestController
    static class Orders {

        @PostMapping("/orders")
        @IdempotentEndpoint
        ResponseEntity<String> order(@RequestBody String body, Principal principal) {
            return ResponseEntity.status(HttpStatus.CREATED).body(done("/orders", principal, body));
        }

        @PostMapping("/large")
        @IdempotentEndpoint
        ResponseEntity<String> large(@RequestBody String body, Principal principal) {
            return ResponseEntity.status(HttpStatus.CREATED).body(done("/large", principal, body) + "x".repeat(LARGE));
        }

        private static String done(String path, Principal principal, String body) {
            IdempotencyContext context = IdempotencyContext.current();
            String key = context.key().value();
            EFFECTS.computeIfAbsent(
                            context.key().toString(),
                            unused -> new Effect(principal.getName(), path, key, body, new AtomicInteger()))
                    .count()
                    .incrementAndGet();
            return answer(principal.getName(), key, body);
        }
    }
}
