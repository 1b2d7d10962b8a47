package io.idempotent.spring.reactive;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.DurableBackend;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@OnOneJdk("what a JDK can change, AsyncTableTest shows")
@ParameterizedClass(name = "{0} on {1}")
@MethodSource("table")
final class DurableAsyncTableTest extends AsyncTableContract {

    DurableAsyncTableTest(Way way, String backend) {
        super(way, backend);
    }

    static Stream<Arguments> table() {
        return ways(DurableBackend.wanted().map(Enum::name));
    }
}
