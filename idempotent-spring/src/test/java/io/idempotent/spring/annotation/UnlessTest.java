package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.test.CallCounter;
import io.idempotent.spring.test.IdempotencyTestConfiguration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

@ExtendWith(OutputCaptureExtension.class)
class UnlessTest {

    static class Service {

        @Idempotent(key = "#id", unless = "#result == null")
        public String sometimes(String id, boolean found) {
            return found ? "IBAN-SECRET" : null;
        }

        @Idempotent(key = "#id", unless = "#result")
        public String neitherTrueNorFalse(String id) {
            return "IBAN-SECRET";
        }

        @Idempotent(key = "#id", unless = "T(Integer).parseInt(#result) > 5")
        public String failing(String id) {
            return "IBAN-SECRET";
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @Import(IdempotencyTestConfiguration.class)
    static class Enabled {}

    private static final AnnotationConfigApplicationContext CONTEXT =
            new AnnotationConfigApplicationContext(Enabled.class, Service.class);

    private final Service service = CONTEXT.getBean(Service.class);

    private final CallCounter calls = CONTEXT.getBean(CallCounter.class);

    @AfterAll
    static void close() {
        CONTEXT.close();
    }

    @Test
    void releasesTheKeyWhereItIsTrue() {
        assertThat(service.sometimes("missing", false)).isNull();
        assertThat(service.sometimes("missing", false)).isNull();
        assertThat(calls.executions("service-sometimes")).isEqualTo(2);
        assertThat(service.sometimes("found", true)).isEqualTo(service.sometimes("found", true));
        assertThat(calls.executions("service-sometimes")).isEqualTo(3);
    }

    @Test
    void recordsTheResultWhereItIsNeitherTrueNorFalseAndSaysSoWithoutIt(CapturedOutput output) {
        assertThat(service.neitherTrueNorFalse("a")).isEqualTo(service.neitherTrueNorFalse("a"));
        assertThat(calls.executions("service-neither-true-nor-false")).isEqualTo(1);
        assertThat(output).contains("service-neither-true-nor-false:a").doesNotContain("SECRET");
    }

    @Test
    void recordsTheResultWhereItFailsAndSaysSoWithoutIt(CapturedOutput output) {
        assertThat(service.failing("a")).isEqualTo(service.failing("a"));
        assertThat(calls.executions("service-failing")).isEqualTo(1);
        assertThat(output).contains("service-failing:a").doesNotContain("SECRET");
    }
}
