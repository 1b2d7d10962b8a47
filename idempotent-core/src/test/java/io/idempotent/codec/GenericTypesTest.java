package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GenericTypesTest {

    interface Repository<T> {
        T one();

        List<T> many();

        Map<String, Optional<T>> nested();

        T[] array();

        List<T>[] generics();

        List<? extends T> wildcard();

        List<? super T> lower();

        <R> Map<T, R> own();
    }

    interface Listed<E> extends Repository<List<E>> {}

    abstract static class Base<A, B> implements Listed<Map<B, A>> {}

    abstract static class Concrete extends Base<Integer, String> {}

    abstract static class Plain implements Repository<String> {}

    static class Outer<O> {
        abstract class Inner implements Work<O> {}
    }

    interface Work<W> {
        W work();
    }

    static class OfOuter extends Outer<Long> {
        abstract class Innermost extends Inner {}
    }

    private static String resolved(String method, Class<?> context) throws NoSuchMethodException {
        return resolve(method, context).getTypeName();
    }

    private static Type resolve(String method, Class<?> context) throws NoSuchMethodException {
        return GenericTypes.resolve(Repository.class.getMethod(method).getGenericReturnType(), context);
    }

    @Test
    void variablesAreReplacedWhereverTheyStand() throws NoSuchMethodException {
        assertThat(resolved("one", Plain.class)).isEqualTo("java.lang.String");
        assertThat(resolved("many", Plain.class)).isEqualTo("java.util.List<java.lang.String>");
        assertThat(resolved("nested", Plain.class))
                .isEqualTo("java.util.Map<java.lang.String, java.util.Optional<java.lang.String>>");
        assertThat(resolve("array", Plain.class)).isEqualTo(String[].class);
        assertThat(resolved("generics", Plain.class)).isEqualTo("java.util.List<java.lang.String>[]");
        assertThat(resolved("wildcard", Plain.class)).isEqualTo("java.util.List<? extends java.lang.String>");
        assertThat(resolved("lower", Plain.class)).isEqualTo("java.util.List<? super java.lang.String>");
    }

    @Test
    void argumentsAreFollowedThroughAllSuperclasses() throws NoSuchMethodException {
        String map = "java.util.Map<java.lang.String, java.lang.Integer>";
        assertThat(resolved("one", Concrete.class)).isEqualTo("java.util.List<" + map + ">");
        assertThat(resolved("many", Concrete.class)).isEqualTo("java.util.List<java.util.List<" + map + ">>");
        assertThat(resolved("array", Concrete.class)).isEqualTo("java.util.List<" + map + ">[]");
    }

    @Test
    void argumentsOfAnEnclosingClassAreKnown() throws NoSuchMethodException {
        Type work = Work.class.getMethod("work").getGenericReturnType();

        assertThat(GenericTypes.resolve(work, OfOuter.Innermost.class)).isEqualTo(Long.class);
    }

    @Test
    void variablesOfWhichNothingIsSaidStay() throws NoSuchMethodException {
        assertThat(resolved("own", Plain.class)).isEqualTo("java.util.Map<java.lang.String, R>");
        assertThat(resolved("one", Repository.class)).isEqualTo("T");
    }

    interface Written {
        Map<String, Optional<String>> nested();

        List<? extends String> wildcard();
    }

    @Test
    void aResolvedTypeEqualsTheSameTypeAsItIsWritten() throws NoSuchMethodException {
        for (String method : List.of("nested", "wildcard")) {
            Type written = Written.class.getMethod(method).getGenericReturnType();

            assertThat(resolve(method, Plain.class)).isEqualTo(written).hasSameHashCodeAs(written);
            assertThat(written).isEqualTo(resolve(method, Plain.class));
        }
    }
}
