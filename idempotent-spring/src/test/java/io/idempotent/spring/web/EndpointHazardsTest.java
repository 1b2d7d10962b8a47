package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.operation.Reconciler;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.web.HttpServer.Answer;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.store.RecordQuery;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.task.SyncTaskExecutor;
import org.springframework.core.task.support.TaskExecutorAdapter;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.context.request.async.AsyncRequestTimeoutException;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.servlet.config.annotation.AsyncSupportConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** What threads, filters, advice and resolvers do that an endpoint has to live with. One thread serves all requests. */
class EndpointHazardsTest {

    /** More than a container keeps back by itself. */
    private static final int LARGE = 100_000;

    private static volatile @Nullable Boolean committedWhenCompleted;

    private static HttpServer server;

    @BeforeAll
    static void start() {
        server =
                HttpServer.start(Application.class, "server.tomcat.threads.max=1", "server.tomcat.threads.min-spare=1");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer post(String path, String key) throws IOException, InterruptedException {
        return server.post(path, key, "{}");
    }

    private static void assertThatNothingIsLeft() throws Exception {
        assertThat(server.send(HttpRequest.newBuilder(server.uri("/context")).build())
                        .body())
                .isEqualTo("none");
    }

    private static void assertThatRepetitionIsReplayed(String path, String key) throws Exception {
        Answer first = post(path, key);
        assertThat(first.status()).as(first.toString()).isEqualTo(200);
        Answer second = post(path, key);
        assertThat(second.isReplayed()).as(second.toString()).isTrue();
        assertThat(second.comparable()).isEqualTo(first.comparable());
    }

    @Test
    @Timeout(60)
    void aCallableThatRunsInTheThreadOfItsRequestLeavesNothingBehindThere() throws Exception {
        assertThatRepetitionIsReplayed("/callable", "callable-1");
        assertThatNothingIsLeft();
        assertThatRepetitionIsReplayed("/callable", "callable-2");
    }

    @Test
    @Timeout(60)
    void aRequestThatIsDispatchedBeforeItIsClaimedIsRecordedAndLeavesNothingBehind() throws Exception {
        assertThatRepetitionIsReplayed("/redispatched", "redispatched");
        assertThatNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/files/b", "/files/a;version=2", "/files/a?version=2"})
    void anotherPathIsAnotherRequestWhateverItsPattern(String path) throws Exception {
        String key = "path-" + path.hashCode();
        assertThat(post("/files/a", key).status()).isEqualTo(200);
        assertThat(post(path, key).status()).isEqualTo(422);
    }

    @Test
    void aHandlerThatIsMappedLaterIsProtected() throws Exception {
        RequestMappingHandlerMapping mapping =
                server.bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class);
        mapping.registerMapping(
                RequestMappingInfo.paths("/later")
                        .options(mapping.getBuilderConfiguration())
                        .build(),
                new Later(),
                Later.class.getDeclaredMethod("later"));
        assertThatRepetitionIsReplayed("/later", "later");
    }

    @Test
    void aConflictOfAnotherKeyIsNotTheAnswerForGood() throws Exception {
        Answer first = post("/conflict", "conflict");
        assertThat(first.status()).isEqualTo(409);
        assertThat(first.headers()).containsKey("Retry-After");
        assertThatRepetitionIsReplayed("/conflict", "conflict");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stream", "reader"})
    void aHandlerReadsTheBodyInItsOwnWayThoughAResolverHasReadIt(String way) throws Exception {
        for (String handler : new String[] {"/body", "/reader"}) {
            Answer answer = server.post(handler, "read-" + way, "hello", "X-Read", way);
            assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("hello");
        }
    }

    @Test
    void aKeyIsCompletedBeforeAnythingOfTheResponseIsSent() throws Exception {
        committedWhenCompleted = null;
        assertThat(post("/large", "large").body()).hasSize(LARGE);
        assertThat(committedWhenCompleted).isFalse();
    }

    @Test
    void adviceThatHandlesEverythingDoesNotAnswerForThisLibrary() throws Exception {
        assertThat(server.post("/body", null, "hello").status()).isEqualTo(400);
        assertThat(server.post("/body", "catch-all", "hello").status()).isEqualTo(200);
        assertThat(server.post("/body", "catch-all", "other").status()).isEqualTo(422);
        assertThat(post("/broken", "broken").status()).as("but for the rest").isEqualTo(507);
    }

    @Test
    void parametersOfAKeyAreWellFormed() throws Exception {
        for (String key :
                new String[] {"\"p\";a", "\"p\";a=1;b=\"x\\\"y\"; c=?1", "\"p\" ;a=tok/en", "\"p\"; *x.y-z_1=-1.5"}) {
            assertThat(server.post("/body", key, "hello").status()).as(key).isEqualTo(200);
        }
        for (String key : new String[] {
            "\"p\";a, \"q\"", "\"p\";", "\"p\";A", "\"p\";a=", "\"p\";a=\"x", "\"p\";a=1.2.3", "\"p\"a"
        }) {
            assertThat(server.post("/body", key, "hello").status()).as(key).isEqualTo(400);
        }
    }

    @Test
    void longJsonIsComparedByItsMeaning() throws Exception {
        String text = "\"" + "x".repeat(100_000) + "\"";
        assertThat(server.post("/body", "long", "{\"b\":1,\"a\":" + text + "}").status())
                .isEqualTo(200);
        assertThat(server.post("/body", "long", "{ \"a\": " + text + ", \"b\": 1.0 }")
                        .isReplayed())
                .isTrue();
        assertThat(server.post("/body", "long", "{\"b\":2,\"a\":" + text + "}").status())
                .isEqualTo(422);
    }

    @Test
    @Timeout(60)
    void aCallableThatGoesOnAfterItsTimeHoldsItsKeyUntilItReturns() throws Exception {
        try (HttpServer patient = HttpServer.start(LateApplication.class)) {
            IdempotencyRecords operations = patient.bean(IdempotencyRecords.class);
            Late late = patient.bean(Late.class);
            assertThat(patient.post("/late", "late", "{}").status()).isEqualTo(504);
            assertThat(patient.post("/late", "late", "{}").status()).isEqualTo(409);
            assertThat(late.reconciliations).hasValue(0);
            late.end.countDown();
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .until(() -> !operations.list(RecordQuery.abandoned()).isEmpty());
            assertThat(patient.post("/late", "late", "{}").status()).isEqualTo(409);
            assertThat(late.reconciliations).hasValue(1);
            assertThat(late.runs).hasValue(1);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({Handlers.class, CatchAll.class})
    static class Application implements WebMvcConfigurer {

        @Override
        public void configureAsyncSupport(AsyncSupportConfigurer configurer) {
            // As a pool does that is full, and lets callers run what it cannot.
            configurer.setTaskExecutor(new TaskExecutorAdapter(new SyncTaskExecutor()));
        }

        @Bean
        static IdempotencyScopeResolver scopeResolver() {
            return request -> {
                String read = request.getHeader("X-Read");
                if (read != null) {
                    try {
                        if (read.equals("stream")) {
                            request.getInputStream().readAllBytes();
                        } else {
                            request.getReader().readLine();
                        }
                    } catch (IOException failure) {
                        throw new IllegalStateException(failure);
                    }
                }
                return "everybody";
            };
        }

        @Bean
        static IdempotencyListener completionListener() {
            return new IdempotencyListener() {
                @Override
                public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
                    if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes
                            && attributes.getResponse() != null) {
                        committedWhenCompleted = attributes.getResponse().isCommitted();
                    }
                }
            };
        }

        @Bean
        static FilterRegistrationBean<Filter> redispatchingFilter() {
            FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>((request, response, chain) -> {
                if (((HttpServletRequest) request).getRequestURI().equals("/redispatched")
                        && request.getDispatcherType() == DispatcherType.REQUEST) {
                    request.startAsync().dispatch();
                } else {
                    chain.doFilter(request, response);
                }
            });
            registration.setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC);
            registration.setOrder(IdempotencyFilter.ORDER + 1);
            return registration;
        }
    }

    @RestController
    static class Handlers {

        private final AtomicInteger runs = new AtomicInteger();

        @GetMapping("/context")
        String context() {
            IdempotencyContext context = IdempotencyContext.currentOrNull();
            return context == null ? "none" : context.key().toString();
        }

        @PostMapping("/callable")
        @IdempotentEndpoint
        Callable<String> callable() {
            return () -> IdempotencyContext.current().key().value() + runs.incrementAndGet();
        }

        @PostMapping("/redispatched")
        @IdempotentEndpoint
        String redispatched() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/files/*")
        @IdempotentEndpoint
        String files() {
            return "run " + runs.incrementAndGet();
        }

        @PostMapping("/conflict")
        @IdempotentEndpoint
        String conflict() {
            if (runs.getAndIncrement() % 2 == 0) {
                runs.set(1);
                throw new IdempotencyInProgressException(
                        IdempotencyKey.of("another", "1"),
                        IdempotencyInProgressException.Reason.NOT_WAITING,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(1));
            }
            return "done";
        }

        @PostMapping("/body")
        @IdempotentEndpoint
        String body(@RequestBody byte[] body) {
            return body.length > 100 ? "long" : new String(body, StandardCharsets.UTF_8);
        }

        @PostMapping("/reader")
        @IdempotentEndpoint
        void reader(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.getWriter().write(request.getReader().readLine());
        }

        @PostMapping("/large")
        @IdempotentEndpoint
        String large() {
            return "x".repeat(LARGE);
        }

        @PostMapping("/broken")
        @IdempotentEndpoint
        String broken() {
            throw new IllegalStateException("broken");
        }
    }

    /** Mapped by hand. */
    static class Later {

        private final AtomicInteger runs = new AtomicInteger();

        @IdempotentEndpoint
        @ResponseBody
        public String later() {
            return "run " + runs.incrementAndGet();
        }
    }

    @ControllerAdvice
    static class CatchAll {

        @ExceptionHandler(Exception.class)
        ResponseEntity<String> handle(Exception failure) {
            return ResponseEntity.status(HttpStatus.INSUFFICIENT_STORAGE).body("whatever");
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({Late.class, Timeouts.class})
    static class LateApplication {

        @Bean
        static IdempotencyScopeResolver scopeResolver() {
            return request -> "everybody";
        }

        @Bean
        static Reconciler reconciler(Late late) {
            return new Reconciler() {
                @Override
                public boolean supports(String operation) {
                    return true;
                }

                @Override
                public Reconciliation<?> reconcile(IdempotencyContext context, @Nullable Object[] arguments) {
                    late.reconciliations.incrementAndGet();
                    return Reconciliation.unknown();
                }
            };
        }
    }

    @RestController
    static class Late {

        private final AtomicInteger runs = new AtomicInteger();
        private final AtomicInteger reconciliations = new AtomicInteger();
        private final CountDownLatch end = new CountDownLatch(1);

        @PostMapping("/late")
        @IdempotentEndpoint(whenAbandoned = WhenAbandoned.RECONCILE)
        WebAsyncTask<String> late() {
            return new WebAsyncTask<>(200L, () -> {
                runs.incrementAndGet();
                // Whoever does not listen to interrupts goes on.
                while (end.getCount() > 0) {
                    try {
                        end.await(1, TimeUnit.MINUTES);
                    } catch (InterruptedException ignored) {
                        // As said.
                    }
                }
                return "too late";
            });
        }
    }

    @ControllerAdvice
    static class Timeouts {

        @ExceptionHandler
        ResponseEntity<String> handle(AsyncRequestTimeoutException failure) {
            return ResponseEntity.status(HttpStatus.GATEWAY_TIMEOUT).body("late");
        }
    }
}
