package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import jakarta.servlet.http.HttpServletRequest;
import java.math.BigDecimal;
import java.security.Principal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.validation.BindingResult;
import org.springframework.validation.MapBindingResult;
import org.springframework.web.bind.annotation.RequestHeader;

class FingerprintTest {

    record Request(String id, BigDecimal amount) {}

    /** Equal to another of the same id. */
    record Entity(String id, BigDecimal amount) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Entity entity && entity.id.equals(id);
        }

        @Override
        public int hashCode() {
            return id.hashCode();
        }
    }

    static class Card {
        private final String id;

        @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
        private final String number;

        Card(String id, String number) {
            this.id = id;
            this.number = number;
        }

        public String getId() {
            return id;
        }

        public String getNumber() {
            return number;
        }
    }

    public static class Draft {
        private final List<String> lines;

        Draft(List<String> lines) {
            this.lines = lines;
        }

        public List<String> getLines() {
            return lines;
        }
    }

    abstract static class Handler<T> {
        private int runs;

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        public String handle(T request) {
            return "handled " + ++runs;
        }
    }

    static class RequestHandler extends Handler<Request> {}

    static class Service {
        private int runs;

        @Idempotent(key = "#id")
        public String all(String id, int amount, String note) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#request.id")
        public String one(Request request) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#entity.id")
        public String entity(Entity entity) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#card.id")
        public String charge(Card card) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#id")
        public String header(String id, @RequestHeader("X-Trace") String trace) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#id")
        public String framework(String id, Principal user, HttpServletRequest http, BindingResult errors) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        public String mutable(Draft draft) {
            draft.lines.add("changed by the method");
            return "ran " + ++runs;
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        public String map(Map<String, Integer> content) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#request.id", fingerprint = "#request.amount")
        public String expression(Request request, String note) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#request.id", fingerprint = "{#request.amount, #note}")
        public String listed(Request request, String note, String trace) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()", fingerprint = "#draft.lines")
        public String mutableExpression(Draft draft) {
            draft.lines.add("changed by the method");
            return "ran " + ++runs;
        }

        @Idempotent(key = "#id", fingerprint = Idempotent.NONE)
        public String none(String id, int amount) {
            return "ran " + ++runs;
        }
    }

    public static final class Throwing {

        private final boolean throwing;

        // Read by its getter.
        private final transient String note = "note";

        Throwing(boolean throwing) {
            this.throwing = throwing;
        }

        public String getNote() {
            if (throwing) {
                throw new UnsupportedOperationException("secret");
            }
            return note;
        }
    }

    static class ThrowingService {

        private int runs;

        @Idempotent(key = "#id")
        public String all(String id, Throwing draft) {
            return "ran " + ++runs;
        }

        @Idempotent(key = "#id", fingerprint = "#draft.note")
        public String some(String id, Throwing draft) {
            return "ran " + ++runs;
        }
    }

    @Test
    void aGetterThatThrowsIsNotReportedAsABadKey() {
        try (AnnotationConfigApplicationContext throwing =
                new AnnotationConfigApplicationContext(Enabled.class, ThrowingService.class)) {
            ThrowingService bean = throwing.getBean(ThrowingService.class);
            // The third time, the expression is compiled.
            for (int call = 0; call < 3; call++) {
                assertThat(bean.some("fine", new Throwing(false))).isEqualTo("ran 1");
                assertThatIllegalStateException()
                        .isThrownBy(() -> bean.some("a", new Throwing(true)))
                        .withMessageContaining("'throwing-service-some' was not run")
                        .withMessageContaining("fingerprint")
                        .satisfies(failure -> assertThat(failure).hasStackTraceContaining("UnsupportedOperation"));
            }
            assertThatIllegalStateException()
                    .isThrownBy(() -> bean.all("a", new Throwing(true)))
                    .withMessageContaining("'throwing-service-all' was not run");
            assertThatExceptionOfType(IdempotencyKeyException.class).isThrownBy(() -> bean.some("a", null));
            assertThat(bean.some("a", new Throwing(false))).isEqualTo("ran 2");
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final AnnotationConfigApplicationContext context =
            new AnnotationConfigApplicationContext(Enabled.class, Service.class, RequestHandler.class);

    private final Service service = context.getBean(Service.class);

    @AfterEach
    void close() {
        context.close();
    }

    private static void assertReused(ThrowingCallable call) {
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(call)
                .withMessageContaining("has been used for a request with other content");
    }

    @Test
    void isOfAllArguments() {
        assertThat(service.all("a", 1, "x")).isEqualTo("ran 1");
        assertThat(service.all("a", 1, "x")).isEqualTo("ran 1");
        assertReused(() -> service.all("a", 2, "x"));
        assertReused(() -> service.all("a", 1, "y"));
        assertReused(() -> service.all("a", 1, null));
        assertThat(service.all("b", 2, null)).isEqualTo("ran 2");
        assertThat(service.all("b", 2, null)).isEqualTo("ran 2");
    }

    @Test
    void ofOneArgumentIsItsContent() {
        assertThat(service.one(new Request("a", BigDecimal.ONE))).isEqualTo("ran 1");
        assertThat(service.one(new Request("a", new BigDecimal("1")))).isEqualTo("ran 1");
        assertReused(() -> service.one(new Request("a", BigDecimal.TEN)));
    }

    @Test
    void ofAnArgumentThatSaysItselfWhatIsEqualIsStillItsContent() {
        assertThat(service.entity(new Entity("a", BigDecimal.ONE))).isEqualTo("ran 1");
        assertThat(service.entity(new Entity("a", BigDecimal.ONE))).isEqualTo("ran 1");
        assertReused(() -> service.entity(new Entity("a", BigDecimal.TEN)));
    }

    @Test
    void seesWhatTheWebDoesNotShow() {
        assertThat(service.charge(new Card("a", "4111"))).isEqualTo("ran 1");
        assertThat(service.charge(new Card("a", "4111"))).isEqualTo("ran 1");
        assertReused(() -> service.charge(new Card("a", "5500")));
    }

    @Test
    void leavesOutHeaders() {
        assertThat(service.header("a", "one")).isEqualTo("ran 1");
        assertThat(service.header("a", "two")).isEqualTo("ran 1");
    }

    @Test
    void leavesOutWhatAFrameworkFillsIn() {
        assertThat(service.framework("a", () -> "Ada", new MockHttpServletRequest(), errors()))
                .isEqualTo("ran 1");
        assertThat(service.framework("a", () -> "Bob", new MockHttpServletRequest(), errors()))
                .isEqualTo("ran 1");
        assertThat(service.framework("a", null, null, null)).isEqualTo("ran 1");
    }

    private static BindingResult errors() {
        return new MapBindingResult(new HashMap<>(), "request");
    }

    @Test
    void isTakenBeforeTheMethodChangesItsArguments() {
        assertThat(service.mutable(draft("x"))).isEqualTo("ran 1");
        assertThat(service.mutable(draft("x"))).isEqualTo("ran 1");
        assertReused(() -> service.mutable(draft("y")));
        assertReused(() -> service.mutable(draft("x", "changed by the method")));
    }

    @Test
    void ofAnExpressionIsTakenBeforeTheMethodChangesItsArguments() {
        assertThat(service.mutableExpression(draft("x"))).isEqualTo("ran 1");
        assertThat(service.mutableExpression(draft("x"))).isEqualTo("ran 1");
        assertReused(() -> service.mutableExpression(draft("y")));
        assertReused(() -> service.mutableExpression(draft("x", "changed by the method")));
    }

    private static Draft draft(String... lines) {
        return new Draft(new ArrayList<>(List.of(lines)));
    }

    @Test
    void knowsNoOrderOfMaps() {
        Map<String, Integer> forth = new LinkedHashMap<>();
        forth.put("a", 1);
        forth.put("b", 2);
        Map<String, Integer> back = new LinkedHashMap<>();
        back.put("b", 2);
        back.put("a", 1);
        assertThat(service.map(forth)).isEqualTo("ran 1");
        assertThat(service.map(back)).isEqualTo("ran 1");
        assertReused(() -> service.map(Map.of("a", 2, "b", 2)));
    }

    @Test
    void isNarrowedByAnExpression() {
        assertThat(service.expression(new Request("a", BigDecimal.ONE), "x")).isEqualTo("ran 1");
        assertThat(service.expression(new Request("a", BigDecimal.ONE), "y")).isEqualTo("ran 1");
        assertReused(() -> service.expression(new Request("a", BigDecimal.TEN), "x"));
        assertReused(() -> service.expression(new Request("a", null), "x"));
    }

    @Test
    void isNarrowedByAListOfExpressions() {
        assertThat(service.listed(new Request("a", BigDecimal.ONE), "x", "t1")).isEqualTo("ran 1");
        assertThat(service.listed(new Request("a", BigDecimal.ONE), "x", "t2")).isEqualTo("ran 1");
        assertReused(() -> service.listed(new Request("a", BigDecimal.ONE), "y", "t1"));
        assertReused(() -> service.listed(new Request("a", BigDecimal.TEN), "x", "t1"));
    }

    @Test
    void isSwitchedOff() {
        assertThat(service.none("a", 1)).isEqualTo("ran 1");
        assertThat(service.none("a", 2)).isEqualTo("ran 1");
    }

    @Test
    void isOfTheTypeThatASubclassChooses() {
        RequestHandler handler = context.getBean(RequestHandler.class);
        assertThat(handler.handle(new Request("a", BigDecimal.ONE))).isEqualTo("handled 1");
        assertThat(handler.handle(new Request("a", new BigDecimal("1")))).isEqualTo("handled 1");
        assertReused(() -> handler.handle(new Request("a", BigDecimal.TEN)));
    }
}
