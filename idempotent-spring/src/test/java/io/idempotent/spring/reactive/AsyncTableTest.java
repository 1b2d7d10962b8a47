package io.idempotent.spring.reactive;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass(name = "{0} on {1}")
@MethodSource("table")
final class AsyncTableTest extends AsyncTableContract {

    AsyncTableTest(Way way, String backend) {
        super(way, backend);
    }

    static Stream<Arguments> table() {
        return ways(Stream.of("CAFFEINE"));
    }
}
