package io.idempotent.spring.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.resilience.annotation.Retryable;

/** Retries of others are outside of ours, which is said at startup. */
@ExtendWith(OutputCaptureExtension.class)
class OuterRetryTest {

    @ParameterizedTest
    @ValueSource(classes = {AnnotatedClasses.Retried.class, ClassLevel.Retried.class})
    void retryableOnTheMethodOrItsClassIsSaidAtStartup(Class<?> service, CapturedOutput output) {
        Way.CGLIB.start(OtherAdvice.class, service).close();

        assertThat(output)
                .contains("Retried.pay(PaymentRequest) is also annotated with @Retryable", "@Idempotent(retry");
    }

    @Test
    void nothingIsSaidOfAServiceWithoutIt(CapturedOutput output) {
        Way.CGLIB.start(OtherAdvice.class, AnnotatedClasses.Alone.class).close();

        assertThat(output).doesNotContain("@Retryable");
    }

    /** Has it on its class. */
    static final class ClassLevel {

        private ClassLevel() {}

        @Retryable(maxRetries = 3, delay = 1)
        static class Retried {

            @Idempotent(key = "#request.id")
            public Receipt pay(PaymentRequest request) {
                return new Receipt(UUID.randomUUID(), request.id());
            }
        }
    }
}
