package io.idempotent.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.store.IdempotencyRecord;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpStatus;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.server.ResponseStatusException;

/** No container finishes the requests of MockMvc, nor makes pages of errors: keys are settled all the same. */
@SpringBootTest(
        classes = MockMvcTest.Application.class,
        properties = {"idempotent.store=caffeine", "idempotent.web.scope=shared", "idempotent.web.released-statuses=503"
        })
@AutoConfigureMockMvc
class MockMvcTest {

    private static final AtomicInteger KEYS = new AtomicInteger();

    @Autowired
    private MockMvcTester mvc;

    @Autowired
    private Handlers handlers;

    @Autowired
    private IdempotencyRecords operations;

    private final String key = "k" + KEYS.incrementAndGet();

    @BeforeEach
    void begin() {
        handlers.runs.set(0);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Handlers.class)
    static class Application {}

    @ResponseStatus(HttpStatus.LOCKED)
    static final class Locked extends RuntimeException {

        private static final long serialVersionUID = 1;
    }

    @RestController
    static class Handlers {

        private final AtomicInteger runs = new AtomicInteger();

        @PostMapping("/direct")
        @IdempotentEndpoint(operation = "direct")
        String direct(@RequestParam String kind, HttpServletResponse response) throws IOException {
            runs.incrementAndGet();
            return end(kind, response);
        }

        @PostMapping("/callable")
        @IdempotentEndpoint(operation = "callable")
        Callable<String> callable(@RequestParam String kind, HttpServletResponse response) {
            runs.incrementAndGet();
            return () -> end(kind, response);
        }

        @PostMapping("/deferred")
        @IdempotentEndpoint(operation = "deferred")
        DeferredResult<String> deferred(@RequestParam String kind, HttpServletResponse response) throws IOException {
            runs.incrementAndGet();
            DeferredResult<String> result = new DeferredResult<>();
            try {
                result.setResult(end(kind, response));
            } catch (RuntimeException failure) {
                result.setErrorResult(failure);
            }
            return result;
        }

        private static String end(String kind, HttpServletResponse response) throws IOException {
            switch (kind) {
                case "exception" -> throw new IllegalStateException("failed");
                case "annotated" -> throw new Locked();
                case "status" -> throw new ResponseStatusException(HttpStatus.CONFLICT);
                case "unavailable" -> throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE);
                case "error" -> response.sendError(410, "gone");
                default -> response.setStatus(201);
            }
            return kind;
        }
    }

    private MvcTestResult post(String path, String kind) {
        return mvc.post()
                .uri("/" + path)
                .param("kind", kind)
                .header("Idempotency-Key", key)
                .exchange();
    }

    private @Nullable IdempotencyRecord record(String path) {
        return operations.find(IdempotencyKey.of(path, key));
    }

    @ParameterizedTest
    @CsvSource({
        "direct, fine, 201", "direct, annotated, 423", "direct, status, 409", "direct, error, 410",
        "callable, fine, 201", "callable, annotated, 423", "callable, status, 409", "callable, error, 410",
        "deferred, fine, 201", "deferred, annotated, 423", "deferred, status, 409"
    })
    void givesTheSameStatusAgain(String path, String kind, int expected) {
        assertThat(post(path, kind)).hasStatus(expected);
        assertThat(post(path, kind)).hasStatus(expected).hasHeader(IdempotencyFilter.REPLAYED, "true");

        assertThat(handlers.runs).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "callable", "deferred"})
    void recordsAnExceptionThatNobodyHandlesAsAnErrorOfTheServer(String path) {
        assertThat(post(path, "exception")).hasFailed();
        assertThat(record(path)).extracting(IdempotencyRecord::state).isInstanceOf(IdempotencyRecord.Completed.class);
        assertThat(post(path, "exception")).hasStatus(500).hasHeader(IdempotencyFilter.REPLAYED, "true");

        assertThat(handlers.runs).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "callable", "deferred"})
    void releasesTheKeyWhereTheStatusSaysSo(String path) {
        assertThat(post(path, "unavailable")).hasStatus(503);
        assertThat(record(path)).isNull();
        assertThat(post(path, "fine")).hasStatus(201);

        assertThat(handlers.runs).hasValue(2);
    }
}
