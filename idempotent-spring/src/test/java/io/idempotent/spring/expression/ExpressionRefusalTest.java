package io.idempotent.spring.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import java.lang.reflect.Method;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;

/** What can be told of an expression before any call is refused before any call. */
class ExpressionRefusalTest {

    public enum Kind {
        CARD,
        CASH;

        public String label() {
            return name();
        }
    }

    public record Line(String sku, Optional<String> note) {}

    public record Envelope<T>(T payload, String traceId) {}

    @SuppressWarnings("ArrayRecordComponent")
    public record Request(String id, Kind kind, List<Line> lines, byte[] signature, Optional<String> reference) {}

    public static class Open {

        public static final String NAME = "open";

        public String getId() {
            return "id";
        }
    }

    public static class Caller {

        public String current() {
            return "caller";
        }

        public static String ofThread() {
            return "caller";
        }
    }

    public static class Service<T> {

        public String run(
                Request request,
                Open open,
                T payload,
                Envelope<Request> envelope,
                Kind kind,
                UUID uuid,
                int number,
                String[] array,
                Set<String> set,
                Map<String, String> map,
                Collection<String> collection,
                List<String> list,
                Optional<String> optional,
                Stream<String> stream,
                Object object) {
            return "ran";
        }
    }

    public static class RequestService extends Service<Request> {}

    private final DefaultListableBeanFactory beans = new DefaultListableBeanFactory();

    private final SpelCallExpressions expressions = new SpelCallExpressions(beans);

    ExpressionRefusalTest() {
        beans.registerSingleton("caller", new Caller());
        beans.registerSingleton("clock", Clock.systemUTC());
    }

    private void parse(Purpose purpose, String text) {
        Method method = TestCall.method(Service.class, "run");
        assertThat(expressions.parse(purpose, text, method, RequestService.class))
                .isNotNull();
    }

    private void assertRefused(Purpose purpose, String text, String... said) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .as(text)
                .isThrownBy(() -> parse(purpose, text))
                .withMessageContaining(purpose.attribute() + " = \"" + text + "\"")
                .satisfies(refusal -> assertThat(refusal).hasMessageContainingAll(said));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'pay'",
                "1",
                "'a' + 'b'",
                "{'a', 'b'}",
                "{'a'}",
                "'pay'.toUpperCase()",
                "true ? 'a' : 'b'",
                "#root.method.name",
                "method.name",
                "#root.method.declaringClass.simpleName + '-pay'",
                "T(io.idempotent.spring.expression.ExpressionRefusalTest$Kind).CARD",
                "T(io.idempotent.spring.expression.ExpressionRefusalTest$Kind).CARD.name()",
                "T(io.idempotent.spring.expression.ExpressionRefusalTest$Open).NAME",
                "T(String).valueOf(1)",
                "T(java.lang.Integer).MAX_VALUE",
                "null"
            })
    void aConstantKeyIsRefused(String text) {
        assertRefused(Purpose.KEY, text, "is the same for all calls");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "T(java.util.UUID).randomUUID()",
                "T(java.util.UUID).randomUUID().toString()",
                "T(java.time.Instant).now()",
                "T(java.time.Instant).now().toEpochMilli()",
                "T(java.time.LocalDateTime).now()",
                "T(java.time.ZonedDateTime).now(T(java.time.ZoneOffset).UTC)",
                "T(System).nanoTime()",
                "T(java.lang.System).currentTimeMillis() + ''",
                "T(Math).random()",
                "T(java.util.concurrent.ThreadLocalRandom).current().nextLong()",
                "new java.util.Date()",
                "new java.util.Random().nextInt()",
                "new java.security.SecureRandom().nextInt()",
                "T(java.util.Calendar).getInstance()",
                "T(java.time.Clock).systemUTC().millis()",
                "@clock.millis()",
                "@clock.instant()",
                "#request.id + T(java.util.UUID).randomUUID()",
                "{#request.id, T(java.time.Instant).now()}",
                "#request.id ?: T(java.util.UUID).randomUUID()",
                "#request.id.concat(T(java.util.UUID).randomUUID())"
            })
    void whatIsRandomOrTheTimeIsRefused(String text) {
        for (Purpose purpose : List.of(Purpose.KEY, Purpose.SCOPE, Purpose.FINGERPRINT)) {
            assertRefused(purpose, text, "has another value for each repetition of a call");
        }
        parse(Purpose.UNLESS, text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "#request.id",
                "#p0.id",
                "#root.args[0].id",
                "args[0].id",
                "#root.target.toString()",
                "'pay-' + #request.id",
                "{'pay', #request.id}",
                "{#request.id, T(java.time.LocalDate).now()}",
                "T(java.time.LocalDate).now()",
                "@caller.current()",
                "T(io.idempotent.spring.expression.ExpressionRefusalTest$Caller).ofThread()",
                "T(java.util.UUID).nameUUIDFromBytes(#request.signature)",
                "T(String).valueOf(#number)",
                "T(java.util.Objects).hash(#request.id, #number)",
                "'a'.concat(#request.id)",
                "#request.lines.![sku]",
                "#request?.id",
                "#request.kind",
                "#request.kind.label()",
                "#request.kind.name()",
                "#request.lines[0].sku",
                "#envelope.payload.id",
                "#envelope.traceId",
                "#payload.id",
                "#kind",
                "#uuid",
                "#number",
                "#list",
                "#collection",
                "#object",
                "#object.anything",
                "#open.id",
                "#open.anything",
                "#open.anything()",
                "#optional.get()",
                "#optional.orElse('none')",
                "#map['id']",
                "#map.id",
                "#array[0]",
                "#array.length",
                "#set.size()"
            })
    void whatMayBeAKeyIsNot(String text) {
        assertThatNoException().isThrownBy(() -> parse(Purpose.KEY, text));
    }

    @ParameterizedTest
    @CsvSource({
        "#optional, java.util.Optional",
        "#request.reference, java.util.Optional",
        "#array, java.lang.String[]",
        "#request.signature, byte[]",
        "#stream, java.util.stream.Stream",
        "#map, java.util.Map",
        "#set, java.util.Set",
        "#request, Request",
        "#payload, Request",
        "#envelope, Envelope",
        "#envelope.payload, Request",
        "#envelope.payload.reference, java.util.Optional",
        "#payload.reference, java.util.Optional"
    })
    void aTypeThatIsNoKeyIsRefused(String text, String type) {
        assertRefused(Purpose.KEY, text, type, "one of its properties");
    }

    @ParameterizedTest
    @CsvSource({"#list, java.util.List", "#optional, java.util.Optional"})
    void aListOrAnOptionalIsNoElementOfAKey(String element, String type) {
        assertRefused(Purpose.KEY, "{#request.id, " + element + "}", type);
    }

    @Test
    void aListIsNoScope() {
        assertRefused(Purpose.SCOPE, "#list", "java.util.List");
    }

    @ParameterizedTest
    @CsvSource({
        "#request.idd, id",
        "#request.knd, kind",
        "#request?.idd, id",
        "#p0.idd, id",
        "#envelope.payload.idd, id",
        "#envelope.paylod.id, payload",
        "#payload.referense, reference",
        "#request.kind.labell, label",
        "#kind.labels(), label",
        "#request.idd.trim(), id",
        "#request.id.lenght(), length"
    })
    void aPropertyThatAFinalTypeHasNotIsRefusedWithTheNearest(String text, String nearest) {
        for (String whole : List.of(text, "{#kind, " + text + "}", "'a' + " + text)) {
            for (Purpose purpose : List.of(Purpose.KEY, Purpose.FINGERPRINT)) {
                assertRefused(purpose, whole, "has not", "Did you mean '" + nearest + "'? Known are [");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Purpose.class)
    void aPropertyThatIsLikeNoOtherIsRefusedWithAllThatThereAre(Purpose purpose) {
        assertRefused(purpose, "#request.amountInCents", "'amountInCents'", "has not. Known are [");
    }

    @Test
    void aTypeThatThereIsNotIsRefused() {
        assertRefused(Purpose.KEY, "T(com.acme.Nothing).of(#request.id)", "names the type com.acme.Nothing");
    }

    @ParameterizedTest
    @CsvSource({"id, id, 0", "idd, id, 1", "knid, kind, 2", "'', abc, 3", "abc, '', 3", "kitten, sitting, 3"})
    void theDistanceIsThatOfChangedAddedAndMissingLetters(String one, String other, int distance) {
        assertThat(ExpressionTypes.distance(one, other)).isEqualTo(distance);
        assertThat(ExpressionTypes.distance(other, one)).isEqualTo(distance);
    }
}
