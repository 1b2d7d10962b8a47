package io.idempotent.spring.expression;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.interceptor.CallExpression;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;

class SpelCallExpressionTest {

    public interface Named {
        String getId();
    }

    public record Final(String id) {}

    public record First(String id) {}

    public record Second(String id) {}

    public record Holder(Object held) {}

    public static class Service {
        public String byFinal(Final request, String note, int number) {
            return "ran";
        }

        public String byHolder(Holder holder) {
            return "ran";
        }

        public String byAny(Object request, Object other) {
            return "ran";
        }
    }

    private static SpelCallExpression parse(String method, String text) {
        return (SpelCallExpression) new SpelCallExpressions(new DefaultListableBeanFactory())
                .parse(Purpose.KEY, text, TestCall.method(Service.class, method), Service.class);
    }

    private static Object evaluate(SpelCallExpression expression, String method, Object... arguments) {
        return expression.evaluate(
                new TestCall(new Service(), TestCall.method(Service.class, method), arguments), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"#request.id", "#note + ''", "#request.id + #note + #number", "'constant' + #note"})
    void finalTypesHaveOneForm(String text) {
        SpelCallExpression expression = parse("byFinal", text);
        for (int round = 0; round < 20; round++) {
            evaluate(expression, "byFinal", round % 3 == 0 ? new Final(null) : new Final("a"), "n", round);
        }
        assertThat(expression.forms()).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {"#note", "#p1", "#a1"})
    void anArgumentItselfNeedsNoForm(String text) {
        CallExpression expression = new SpelCallExpressions(new DefaultListableBeanFactory())
                .parse(Purpose.KEY, text, TestCall.method(Service.class, "byFinal"), Service.class);
        assertThat(expression).isNotInstanceOf(SpelCallExpression.class);
        TestCall call = new TestCall(new Service(), TestCall.method(Service.class, "byFinal"), null, "n", 1);
        assertThat(expression.evaluate(call, null)).isEqualTo("n");
    }

    @Test
    void nullArgumentsOfFinalTypesStayRight() {
        SpelCallExpression expression = parse("byFinal", "#request?.id");
        for (int round = 0; round < 4; round++) {
            assertThat(evaluate(expression, "byFinal", null, null, 1)).isNull();
            assertThat(evaluate(expression, "byFinal", new Final("a"), null, 1)).isEqualTo("a");
            assertThat(evaluate(expression, "byFinal", new Final(null), null, 1))
                    .isNull();
        }
    }

    @Test
    void openTypesHaveAFormForEachCombinationOfClasses() {
        SpelCallExpression expression = parse("byAny", "#request.id");
        for (int round = 0; round < 4; round++) {
            assertThat(evaluate(expression, "byAny", new First("a"), "x")).isEqualTo("a");
            assertThat(evaluate(expression, "byAny", new Second("b"), 1)).isEqualTo("b");
            // What the expression does not name makes no form.
            assertThat(evaluate(expression, "byAny", new First("c"), 2L)).isEqualTo("c");
        }
        assertThat(expression.forms()).isEqualTo(2);
    }

    @Test
    void nullIsAClassOfItsOwn() {
        SpelCallExpression expression = parse("byAny", "#request?.id + #other");
        for (int round = 0; round < 4; round++) {
            assertThat(evaluate(expression, "byAny", null, "x")).isEqualTo("nullx");
            assertThat(evaluate(expression, "byAny", new First("a"), "x")).isEqualTo("ax");
            assertThat(evaluate(expression, "byAny", new Second("b"), null)).isEqualTo("bnull");
        }
        assertThat(expression.forms()).isEqualTo(3);
    }

    @Test
    void anExpressionOverTheRootIsInterpreted() {
        SpelCallExpression expression = parse("byAny", "#root.args[0].id");
        assertThat(evaluate(expression, "byAny", new First("a"), null)).isEqualTo("a");
        assertThat(evaluate(expression, "byAny", new Second("b"), null)).isEqualTo("b");
        assertThat(expression.forms()).isZero();
    }

    @Test
    void aPropertyDeeperDownThatIsOfAnotherClassStaysRight() {
        SpelCallExpression expression = parse("byHolder", "#holder.held.id");
        for (int round = 0; round < 6; round++) {
            assertThat(evaluate(expression, "byHolder", new Holder(new First("a" + round))))
                    .isEqualTo("a" + round);
            assertThat(evaluate(expression, "byHolder", new Holder(new Second("b" + round))))
                    .isEqualTo("b" + round);
        }
        assertThat(expression.forms()).isOne();
    }

    @Test
    void anOperatorWhoseOperandsAreOfOtherClassesNowStaysRight() {
        SpelCallExpression expression = parse("byHolder", "#holder.held == 1 ? 'one' : #holder.held + '!'");
        for (int round = 0; round < 4; round++) {
            assertThat(evaluate(expression, "byHolder", new Holder(1))).isEqualTo("one");
            assertThat(evaluate(expression, "byHolder", new Holder(2))).isEqualTo("2!");
            assertThat(evaluate(expression, "byHolder", new Holder("x"))).isEqualTo("x!");
            assertThat(evaluate(expression, "byHolder", new Holder(1L))).isEqualTo("one");
        }
    }

    @Test
    void beyondSixteenClassesExpressionsAreInterpreted() throws Exception {
        SpelCallExpression expression = parse("byAny", "#request.id");
        for (Object request : manyClasses(20)) {
            assertThat(evaluate(expression, "byAny", request, null)).isEqualTo(request.toString());
            assertThat(evaluate(expression, "byAny", request, null)).isEqualTo(request.toString());
        }
        assertThat(expression.forms())
                .isEqualTo(SpelCallExpression.MAXIMUM_FORMS)
                .isEqualTo(16);
    }

    @Test
    void manyThreadsGetRightValuesAndMakeNoMoreFormsThanAllowed() throws Exception {
        List<Object> requests = manyClasses(24);
        Method method = TestCall.method(Service.class, "byAny");
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 10; round++) {
                SpelCallExpression expression = parse("byAny", "#request.id");
                CyclicBarrier start = new CyclicBarrier(threads);
                List<Future<?>> running = IntStream.range(0, threads)
                        .<Future<?>>mapToObj(thread -> executor.submit(() -> {
                            start.await();
                            for (int index = 0; index < 200; index++) {
                                Object request = requests.get((index + thread % 2) % requests.size());
                                Object value =
                                        expression.evaluate(new TestCall(new Service(), method, request, null), null);
                                assertThat(value).isEqualTo(request.toString());
                            }
                            return null;
                        }))
                        .toList();
                for (Future<?> one : running) {
                    one.get();
                }
                assertThat(expression.forms()).isEqualTo(SpelCallExpression.MAXIMUM_FORMS);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void manyThreadsShareOneFormOverAPropertyOfChangingClass() throws Exception {
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            SpelCallExpression expression = parse("byHolder", "#holder.held.id");
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<?>> running = IntStream.range(0, threads)
                    .<Future<?>>mapToObj(thread -> executor.submit(() -> {
                        start.await();
                        for (int index = 0; index < 500; index++) {
                            String id = thread + "-" + index;
                            Holder holder = new Holder((index + thread) % 2 == 0 ? new First(id) : new Second(id));
                            assertThat(evaluate(expression, "byHolder", holder)).isEqualTo(id);
                        }
                        return null;
                    }))
                    .toList();
            for (Future<?> one : running) {
                one.get();
            }
        } finally {
            executor.shutdownNow();
        }
    }

    /** One object each of so many classes, with an id that is its text: one class file, loaded so many times. */
    private static List<Object> manyClasses(int count) throws Exception {
        String resource = Sample.class.getName().replace('.', '/') + ".class";
        byte[] bytes;
        try (var in = Sample.class.getClassLoader().getResourceAsStream(resource)) {
            bytes = in.readAllBytes();
        }
        List<Object> objects = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            Class<?> type = new DefiningLoader().define(bytes);
            objects.add(type.getConstructor(String.class).newInstance("sample-" + index));
        }
        return objects;
    }

    /** Loaded many times; implements what the test's own loader knows, so that compiled forms can call it. */
    public static final class Sample implements Named {
        private final String id;

        public Sample(String id) {
            this.id = id;
        }

        @Override
        public String getId() {
            return id;
        }

        @Override
        public String toString() {
            return id;
        }
    }

    private static final class DefiningLoader extends ClassLoader {
        DefiningLoader() {
            super(SpelCallExpressionTest.class.getClassLoader());
        }

        Class<?> define(byte[] bytes) {
            return defineClass(null, bytes, 0, bytes.length);
        }
    }
}
