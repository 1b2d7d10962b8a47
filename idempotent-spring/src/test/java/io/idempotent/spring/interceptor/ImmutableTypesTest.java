package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Clock;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Currency;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings({"unused", "ArrayRecordComponent", "JavaUtilDate"})
class ImmutableTypesTest {

    record Money(BigDecimal amount, Currency currency) {}

    record Payment(String id, Money money, Optional<Instant> due) {}

    record Tree(String name, Tree left, Tree right) {}

    record Ping(Pong pong) {}

    record Pong(Ping ping, List<String> names) {}

    record Lines(List<String> lines) {}

    record HoldsLines(String id, Lines lines) {}

    record Digest(byte[] bytes) {}

    record SaysWhatIsEqual(String id, int amount) {
        @Override
        public boolean equals(Object other) {
            return other instanceof SaysWhatIsEqual same && same.id.equals(id);
        }

        @Override
        public int hashCode() {
            return id.hashCode();
        }
    }

    record Box<T>(T value) {}

    record Pair<A, B>(A first, B second) {}

    record BoxOfBox<T>(Box<T> box) {}

    record TwoBoxes(BoxOfBox<String> first, BoxOfBox<List<String>> second) {}

    record Node<T>(T value, Node<T> next) {}

    record Raw(@SuppressWarnings("rawtypes") Box box) {}

    sealed interface Shape permits Circle, Square {}

    record Circle(int radius) implements Shape {}

    record Square(int side) implements Shape {}

    sealed interface Leaky permits Sound, Open {}

    record Sound(int radius) implements Leaky {}

    static non-sealed class Open implements Leaky {}

    sealed interface Expression permits Constant, Sum {}

    record Constant(int value) implements Expression {}

    record Sum(Expression left, Expression right) implements Expression {}

    interface Anything {}

    static final class Bean {
        private String name;
    }

    enum Color {
        RED,
        GREEN {
            @Override
            public String toString() {
                return "green";
            }
        }
    }

    interface Types<T> {
        Stream<Object> yes(
                int a,
                boolean b,
                Integer c,
                Character d,
                String e,
                BigDecimal f,
                BigInteger g,
                UUID h,
                URI i,
                Currency j,
                Locale k,
                OptionalInt l,
                Color m,
                DayOfWeek n,
                Instant o,
                LocalDate p,
                LocalDateTime q,
                OffsetDateTime r,
                ZonedDateTime s,
                Duration t,
                Year u,
                Money v,
                Payment w,
                Tree x,
                Optional<String> y,
                Optional<Money> z,
                Box<String> aa,
                Box<Box<Instant>> ab,
                Pair<String, Integer> ac,
                BoxOfBox<UUID> ad,
                Node<String> ae,
                Shape af,
                Expression ag,
                Box<Shape> ah);

        Stream<Object> no(
                Object a,
                List<String> b,
                Set<String> c,
                Map<String, String> d,
                int[] e,
                String[] f,
                List<String>[] g,
                Date h,
                Clock i,
                AtomicInteger j,
                StringBuilder k,
                CharSequence l,
                Number m,
                Anything n,
                Bean o,
                Lines p,
                HoldsLines q,
                Digest r,
                Ping s,
                Pong t,
                Raw u,
                Leaky v,
                Open w,
                Box<List<String>> x,
                Box<?> y,
                Box<T> z,
                T aa,
                Optional<?> ab,
                Optional<Lines> ac,
                Pair<String, Bean> ad,
                Node<Bean> ae,
                TwoBoxes af,
                @SuppressWarnings("rawtypes") Box ag,
                Enum<?> ah,
                Record ai,
                SaysWhatIsEqual aj,
                Box<SaysWhatIsEqual> ak);
    }

    static Stream<Arguments> types() {
        return Arrays.stream(Types.class.getDeclaredMethods()).flatMap(ImmutableTypesTest::types);
    }

    private static Stream<Arguments> types(Method method) {
        return Arrays.stream(method.getGenericParameterTypes())
                .map(type -> Arguments.of(type, method.getName().equals("yes")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("types")
    void tellsWhichTypesNeverChangeHoweverDeepOneLooks(Type type, boolean immutable) {
        assertThat(ImmutableTypes.isDeeplyImmutable(type)).isEqualTo(immutable);
        assertThat(ImmutableTypes.isDeeplyImmutable(type)).isEqualTo(immutable);
    }
}
