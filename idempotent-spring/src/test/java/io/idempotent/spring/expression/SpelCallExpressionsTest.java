package io.idempotent.spring.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.interceptor.CallExpression;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.expression.EvaluationException;

class SpelCallExpressionsTest {

    public record Line(String sku, int amount) {}

    public record Order(String id, Account account, List<Line> lines, Map<String, String> tags) {}

    public static final class Account {
        // read as a public field
        public final String number;
        private final String owner;

        public Account(String number, String owner) {
            this.number = number;
            this.owner = owner;
        }

        public String getOwner() {
            return owner;
        }

        public boolean isClosed() {
            return false;
        }
    }

    public static class Tenants {
        public String current() {
            return "acme";
        }

        public String of(String id) {
            return "tenant-of-" + id;
        }
    }

    public static class Service {
        public String getRegion() {
            return "eu";
        }

        public String run(Order order, String note, long count) {
            return "ran";
        }

        public String runWithResult(String result, String root) {
            return "ran";
        }
    }

    private static final Method RUN = TestCall.method(Service.class, "run");
    private static final Order ORDER = new Order(
            "o-1",
            new Account("a-7", "Ada"),
            List.of(new Line("x", 1), new Line("y", 3)),
            Map.of("channel", "web", "o-1", "found"));

    private final DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
    private final SpelCallExpressions expressions = new SpelCallExpressions(beans);

    SpelCallExpressionsTest() {
        beans.registerSingleton("tenants", new Tenants());
        beans.registerSingleton("tenant-source", new Tenants());
        beans.registerSingleton("tenant.source", new Tenants());
    }

    private CallExpression parse(Purpose purpose, String text) {
        return expressions.parse(purpose, text, RUN, Service.class);
    }

    private Object value(String text) {
        // A key must not be constant, and most of these are to show what an expression can be.
        CallExpression expression = parse(Purpose.FINGERPRINT, text);
        TestCall call = new TestCall(new Service(), RUN, ORDER, "hello", 5L);
        Object first = expression.evaluate(call, null);
        // The second time, what could be compiled is.
        assertThat(expression.evaluate(call, null)).isEqualTo(first);
        assertThat(expression.evaluate(call, null)).isEqualTo(first);
        return first;
    }

    static List<Arguments> expressions() {
        return List.of(
                Arguments.of("#note", "hello"),
                Arguments.of("#p1", "hello"),
                Arguments.of("#a1", "hello"),
                Arguments.of("#root.args[1]", "hello"),
                Arguments.of("#root.method.name", "run"),
                Arguments.of("#root.target.region", "eu"),
                Arguments.of("args[1]", "hello"),
                Arguments.of("target.region + method.name", "eurun"),
                Arguments.of("@tenants.current()", "acme"),
                Arguments.of("@tenants.of(#order.id)", "tenant-of-o-1"),
                Arguments.of("@'tenant-source'.current()", "acme"),
                Arguments.of("@'tenant.source'.current()", "acme"),
                // properties
                Arguments.of("#order.id", "o-1"),
                Arguments.of("#order.id()", "o-1"),
                Arguments.of("#order.account.number", "a-7"),
                Arguments.of("#order.account.owner", "Ada"),
                Arguments.of("#order.account.closed", false),
                Arguments.of("#order.account.owner.length()", 3),
                Arguments.of("#order?.account?.owner", "Ada"),
                // collections
                Arguments.of("#order.lines[1].sku", "y"),
                Arguments.of("#order.lines.![sku]", List.of("x", "y")),
                Arguments.of("#order.lines.?[amount > 2].![sku]", List.of("y")),
                Arguments.of("#order.lines.?[amount < #count].![sku + '-' + #this.amount]", List.of("x-1", "y-3")),
                Arguments.of("#order.lines.^[amount > 0].sku", "x"),
                Arguments.of("#order.lines.$[amount > 0].sku", "y"),
                Arguments.of("#order.tags['channel']", "web"),
                Arguments.of("#order.tags[channel]", "web"),
                Arguments.of("#order.tags[#order.id]", "found"),
                Arguments.of("{id: #order.id, 'n': #count}", Map.of("id", "o-1", "n", 5L)),
                // operators and types
                Arguments.of("T(java.lang.Math).max(#count, 7L)", 7L),
                Arguments.of("T(java.math.BigDecimal).valueOf(#count)", BigDecimal.valueOf(5)),
                Arguments.of("#count > 3 ? 'many' : 'few'", "many"),
                Arguments.of("#order.tags['none'] ?: 'default'", "default"),
                Arguments.of("#order.id + ':' + #note", "o-1:hello"),
                Arguments.of("'literal'", "literal"),
                Arguments.of("new java.lang.String('made')", "made"),
                Arguments.of("#note matches 'h.*' and !#order.account.closed", true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("expressions")
    void readsWhatTheCallHas(String text, Object expected) {
        assertThat(value(text)).isEqualTo(expected);
    }

    static List<Arguments> lists() {
        return List.of(
                Arguments.of("{#order.id, #note}", List.of("o-1", "hello")),
                Arguments.of(" { #order.id , 'a, b' } ", List.of("o-1", "a, b")),
                Arguments.of("{#note, \"it's, \"}", List.of("hello", "it's, ")),
                Arguments.of("{#note, 'it''s, so'}", List.of("hello", "it's, so")),
                Arguments.of("{#note}", List.of("hello")),
                Arguments.of("{(#count > 3 ? 'many' : 'few') + '!', #note}", List.of("many!", "hello")),
                Arguments.of("{#count > 3 ? 'many' : 'few', #note ?: 'none'}", List.of("many", "hello")),
                Arguments.of("{(#note ?: 'x') + 'y', -#count + 1}", List.of("helloy", -4L)),
                Arguments.of("{#note, 5000000000L}", List.of("hello", 5_000_000_000L)),
                Arguments.of("{#note, 1.5f, 1.5}", List.of("hello", 1.5f, 1.5)),
                Arguments.of("{@'tenant-source'.current(), #note}", List.of("acme", "hello")),
                Arguments.of("{@tenants.of(#order.id), #note}", List.of("tenant-of-o-1", "hello")),
                Arguments.of("{#order.tags['channel'], #order.lines[0].sku}", List.of("web", "x")),
                Arguments.of("{#order.lines.?[amount > 2].![sku], #note}", List.of(List.of("y"), "hello")),
                Arguments.of("{#note, {#count, 1}}", List.of("hello", List.of(5L, 1))),
                Arguments.of("({#note, #count})", List.of("hello", 5L)),
                Arguments.of("{'a', 'b'}", List.of("a", "b")),
                Arguments.of("{#root.target.region, #root.args[1]}", List.of("eu", "hello")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("lists")
    void takesListsApartWithoutChangingWhatTheySay(String text, Object expected) {
        assertThat(value(text)).isEqualTo(expected);
    }

    @Test
    void aListMayHoldNulls() {
        CallExpression expression = parse(Purpose.FINGERPRINT, "{#order, #note}");
        assertThat(expression.evaluate(new TestCall(new Service(), RUN, null, "x", 1L), null))
                .isEqualTo(Arrays.asList(null, "x"));
    }

    @Test
    void unlessReadsTheResult() {
        CallExpression expression = parse(Purpose.UNLESS, "#result == 'failed' and #note == 'hello'");
        TestCall call = new TestCall(new Service(), RUN, ORDER, "hello", 5L);
        for (int round = 0; round < 3; round++) {
            assertThat(expression.evaluate(call, "failed")).isEqualTo(true);
            assertThat(expression.evaluate(call, null)).isEqualTo(false);
            assertThat(expression.evaluate(call, 7)).isEqualTo(false);
        }
    }

    @Test
    void aParameterNamedResultIsTheParameterBeforeTheMethodRan() {
        Method method = TestCall.method(Service.class, "runWithResult");
        CallExpression expression = expressions.parse(Purpose.KEY, "#result", method, Service.class);
        assertThat(expression.evaluate(new TestCall(new Service(), method, "mine", "x"), null))
                .isEqualTo("mine");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "#order. | cannot be parsed | Correct it",
                "#note + | cannot be parsed | Correct it",
                "#ordr.id | names #ordr, which is no parameter of the method | Known are [#a0, #a1, #a2, #count,"
                        + " #note,",
                "{#note, #nobody} | names #nobody, which is no parameter | Known are",
                "#order.lines.?[amount > #minimum] | names #minimum, which is no parameter | Known are",
                "@tenants.of(#nobody) | names #nobody | Known are",
                "@nobody.current() | names the bean @nobody, which there is not | Declare the bean",
                "@'no-body'.current() | names the bean @no-body, which there is not | Declare the bean",
                "#result | names #result, which there is not before the method ran | Use it in unless only",
                "note | names 'note', which is no property of #root | Write #note for the parameter",
                "nonsense | names 'nonsense', which is no property of #root | Known are",
                "#root.nonsense | names 'nonsense', which is no property of #root | #root.args, #root.method and",
                "#root.note.length() | names 'note', which is no property of #root | Write #note for the parameter",
                "#hash(#note) | calls a function, #hash(#note) | Call a method of a bean",
            })
    void refusesWhatItCannotRead(String text, String problem, String action) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> parse(Purpose.KEY, text))
                .satisfies(refusal -> {
                    assertThat(refusal.description())
                            .startsWith("The expression key = \"" + text + "\" of " + Service.class.getName() + ".run")
                            .contains(problem);
                    assertThat(refusal.action()).contains(action);
                });
    }

    @Test
    void assignmentIsNotPossible() {
        CallExpression expression = parse(Purpose.KEY, "#note = 'other'");
        assertThatThrownBy(() -> expression.evaluate(new TestCall(new Service(), RUN, ORDER, "hello", 5L), null))
                .isInstanceOf(EvaluationException.class);
    }

    @Test
    void whatFailsInterpretedFailsCompiledToo() {
        CallExpression expression = parse(Purpose.KEY, "#note.length()");
        TestCall good = new TestCall(new Service(), RUN, ORDER, "hello", 5L);
        TestCall bad = new TestCall(new Service(), RUN, ORDER, null, 5L);
        for (int round = 0; round < 3; round++) {
            assertThat(expression.evaluate(good, null)).isEqualTo(5);
            assertThatThrownBy(() -> expression.evaluate(bad, null)).isInstanceOf(EvaluationException.class);
        }
    }
}
