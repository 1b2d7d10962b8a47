package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import java.io.Reader;
import java.lang.reflect.Method;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterator;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReturnTypesTest {

    interface Refused {

        Reader reader();

        Enumeration<String> enumeration();

        Spliterator<String> spliterator();

        Optional<Stream<String>> streamInside();

        Map<String, List<CompletableFuture<String>>> futureDeepInside();
    }

    interface Accepted {

        void nothing();

        String text();

        Optional<List<String>> list();

        Object whatever();
    }

    static Stream<Method> refused() {
        return Stream.of(Refused.class.getMethods());
    }

    static Stream<Method> accepted() {
        return Stream.of(Accepted.class.getMethods());
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatIsDoneLaterOrReadOnceIsRefusedHoweverDeepItIs(Method method) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> ReturnTypes.check(method.getGenericReturnType(), "The method"))
                .withMessageContaining("its work is not done, or its result can be read only once");
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void whatIsThereWhenTheMethodReturnsIsAccepted(Method method) {
        assertThatCode(() -> ReturnTypes.check(method.getGenericReturnType(), "The method"))
                .doesNotThrowAnyException();
    }
}
