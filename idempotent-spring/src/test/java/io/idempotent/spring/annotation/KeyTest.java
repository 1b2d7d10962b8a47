package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.RedactedException;
import java.math.BigDecimal;
import java.net.URI;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

class KeyTest {

    /** Without a text of its own. */
    static final class Nameless {}

    record Tenant(String name) {}

    /** Under which keys methods ran. */
    static class Ran {
        private final List<String> keys = new ArrayList<>();
    }

    static class Service {
        private final Ran ran;

        Service(Ran ran) {
            this.ran = ran;
        }

        @Idempotent(key = "#key", fingerprint = Idempotent.NONE)
        public void run(Object key) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }

        @Idempotent(key = "{#first, #second}", fingerprint = Idempotent.NONE)
        public void pair(Object first, Object second) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()", scope = "#scope", fingerprint = Idempotent.NONE)
        public void scoped(Object scope) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }

        @Idempotent(key = "#tenant.name.trim()", fingerprint = Idempotent.NONE)
        public void failing(Tenant tenant) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                scope = "#tenant.name.trim()",
                fingerprint = "#tenant.name.length()")
        public void failingParts(Tenant tenant) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()", fingerprint = "#tenant.name.length()")
        public void failingFingerprint(Tenant tenant) {
            ran.keys.add(IdempotencyContext.current().key().toString());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private static final AnnotationConfigApplicationContext CONTEXT =
            new AnnotationConfigApplicationContext(Enabled.class, Ran.class, Service.class);

    private final Service service = CONTEXT.getBean(Service.class);
    private final List<String> seen = CONTEXT.getBean(Ran.class).keys;

    @AfterAll
    static void close() {
        CONTEXT.close();
    }

    @BeforeEach
    void forgetKeys() {
        seen.clear();
    }

    static List<Arguments> keys() {
        return List.of(
                Arguments.of("o-1", "o-1"),
                Arguments.of(4711, "4711"),
                Arguments.of(4712L, "4712"),
                Arguments.of(new BigDecimal("12.50"), "12.50"),
                Arguments.of(true, "true"),
                Arguments.of('c', "c"),
                Arguments.of(
                        UUID.fromString("00000000-0000-0001-0000-000000000002"),
                        "00000000-0000-0001-0000-000000000002"),
                Arguments.of(DayOfWeek.MONDAY, "MONDAY"),
                Arguments.of(LocalDate.of(2026, 2, 3), "2026-02-03"),
                Arguments.of(Instant.EPOCH, "1970-01-01T00:00:00Z"),
                Arguments.of(URI.create("urn:a:b"), "urn:a:b"),
                Arguments.of(List.of("a,b", "c"), "a\\,b,c"),
                Arguments.of(List.of("a", 1, DayOfWeek.FRIDAY), "a,1,FRIDAY"),
                Arguments.of("x".repeat(255), "x".repeat(255)));
    }

    @ParameterizedTest
    @MethodSource("keys")
    void isTheTextOfWhatNamesIt(Object key, String value) {
        service.run(key);
        service.run(key);
        assertThat(seen).containsExactly("service-run:" + value);
    }

    @Test
    void ofTwoElementsNeverMeetsThatOfTwoOthers() {
        service.pair("a,b", "c");
        service.pair("a", "b,c");
        service.pair("a\\", "b");
        service.pair("a", "\\b");
        service.pair(1, "1");
        service.pair("1", 1);
        assertThat(seen)
                .containsExactly(
                        "service-pair:a\\,b,c",
                        "service-pair:a,b\\,c",
                        "service-pair:a\\\\,b",
                        "service-pair:a,\\\\b",
                        "service-pair:1,1");
    }

    @Test
    void isKeptApartByItsScope() {
        service.scoped("acme");
        service.scoped("acme");
        service.scoped(7);
        assertThat(seen).containsExactly("service-scoped@acme:k", "service-scoped@7:k");
    }

    static List<Arguments> unacceptable() {
        return List.of(
                Arguments.of(null, "the key is null"),
                Arguments.of("", "the key is blank"),
                Arguments.of(" \t ", "the key is blank"),
                Arguments.of("x".repeat(256), "the key has 256 characters, at most 255"),
                Arguments.of("a\nb", "the key has a control character at position 1"),
                Arguments.of("a\ud800", "unpaired surrogate"),
                Arguments.of(new Nameless(), "the key is of type " + Nameless.class.getName()),
                Arguments.of(new int[] {1}, "whose text need not be the same for equal values"),
                Arguments.of(new String[] {"a"}, "whose text need not be the same for equal values"),
                Arguments.of(new Tenant("acme"), "the key is of type " + Tenant.class.getName()),
                Arguments.of(new AtomicInteger(1), "the key is of type " + AtomicInteger.class.getName()),
                Arguments.of(Map.of("a", "b"), "whose text need not be the same for equal values"),
                Arguments.of(Set.of("a"), "whose text need not be the same for equal values"),
                Arguments.of(Optional.of("a"), "whose text need not be the same for equal values"),
                Arguments.of(List.of(), "the list that makes the key has no elements"),
                Arguments.of(Arrays.asList("a", null), "the key's element 1 is null"),
                Arguments.of(List.of(" ", "a"), "element 0 of the key is blank"),
                Arguments.of(List.of("a", new Nameless()), "the key's element 1 is of type"),
                Arguments.of(List.of("a", List.of("b")), "the key's element 1 is of type"),
                Arguments.of(List.of("x".repeat(200), "y".repeat(200)), "the key has 401 characters"));
    }

    @ParameterizedTest
    @MethodSource("unacceptable")
    void isRefusedWhereItNamesNothing(Object key, String problem) {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.run(key))
                .withMessageContaining("Operation 'service-run' was not run: ")
                .withMessageContaining(problem)
                .satisfies(refusal -> assertThat(refusal.operation()).isEqualTo("service-run"));
        assertThat(seen).isEmpty();
    }

    @Test
    void isRefusedWhereAnElementOfItsListIsNullOrBlank() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.pair(null, "b"))
                .withMessageContaining("the key's element 0 is null");
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.pair("a", " "))
                .withMessageContaining("element 1 of the key is blank");
        assertThat(seen).isEmpty();
    }

    @Test
    void isRefusedWithoutAScope() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.scoped(null))
                .withMessageContaining("the scope is null");
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.scoped(""))
                .withMessageContaining("the scope is blank");
        assertThat(seen).isEmpty();
    }

    @Test
    void isRefusedWithWhatHappenedAndNoContentWhereItsExpressionFails() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.failing(null))
                .withMessageContaining("the expression of its key failed: ")
                .withMessageContaining("_ON_NULL")
                .withCauseInstanceOf(RedactedException.class);
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.failingParts(new Tenant(null)))
                .withMessageContaining("the expression of its scope failed")
                .withCauseInstanceOf(RedactedException.class);
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> service.failingFingerprint(new Tenant(null)))
                .withMessageContaining("the expression of its fingerprint failed")
                .withCauseInstanceOf(RedactedException.class);
        assertThat(seen).isEmpty();
    }
}
