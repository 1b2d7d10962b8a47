package io.idempotent.spring.slice;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.autoconfigure.AutoConfigureIdempotency;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.test.autoconfigure.DataRedisTest;
import org.springframework.boot.jdbc.test.autoconfigure.JdbcTest;
import org.springframework.boot.restclient.test.autoconfigure.RestClientTest;
import org.springframework.boot.test.autoconfigure.OverrideAutoConfiguration;
import org.springframework.boot.test.autoconfigure.json.JsonTest;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.webmvc.test.autoconfigure.WebMvcTest;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;

/** In the test of a slice annotated methods and endpoints are protected as they are in the application. */
class SliceTest {

    private static final String UNPROTECTED = "nothing in this application context protects them";

    private static void assertRunsOnce(Payments payments) {
        assertThat(payments.pay("1")).isEqualTo("paid 1");
        assertThat(payments.pay("1")).isEqualTo("paid 1");
    }

    @Nested
    @WebMvcTest
    @Import(Payments.class)
    class OfSpringMvc {

        @Test
        void runsAnEndpointOnce(@Autowired MockMvcTester mvc) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThat(mvc.post()
                                .uri("/payments")
                                .header("Idempotency-Key", "k1")
                                .content("one"))
                        .hasStatusOk()
                        .hasBodyTextEqualTo("ran 1");
            }
            assertThat(mvc.post()
                            .uri("/payments")
                            .header("Idempotency-Key", "k1")
                            .content("other"))
                    .hasStatus(422);
            assertThat(mvc.post().uri("/payments").content("one")).hasStatus(400);
        }

        @Test
        void runsAMethodOnce(@Autowired Payments payments) {
            assertRunsOnce(payments);
        }
    }

    @Nested
    @WebMvcTest
    @TestPropertySource(
            properties = {
                "idempotent.store=jdbc",
                "idempotent.jdbc.data-source=elsewhere",
                "idempotent.operations.of-another-slice.retention=1h"
            })
    class OfSpringMvcWithTheSettingsOfProduction {

        @Test
        void usesTheStoreThatThereIs(@Autowired MockMvcTester mvc, @Autowired OperationRegistry operations) {
            assertThat(mvc.post()
                            .uri("/payments")
                            .header("Idempotency-Key", "k1")
                            .content("one"))
                    .hasStatusOk();
            assertThat(operations.store("jdbc")).isInstanceOf(CaffeineIdempotencyStore.class);
        }
    }

    @Nested
    @JdbcTest(properties = "idempotent.store=redis")
    @Import(Payments.class)
    class OfJdbc {

        @Test
        void runsAMethodOnce(@Autowired Payments payments, @Autowired OperationRegistry operations) {
            assertRunsOnce(payments);
            assertThat(operations.store(null)).isInstanceOf(JdbcIdempotencyStore.class);
        }
    }

    @Nested
    @DataRedisTest(properties = "idempotent.store=caffeine")
    @Import(Payments.class)
    class OfRedis {

        @Test
        void runsAMethodOnce(@Autowired Payments payments, @Autowired List<IdempotencyStore> stores) {
            assertRunsOnce(payments);
            assertThat(stores).hasSize(2);
        }
    }

    @Nested
    @RestClientTest
    @Import(Payments.class)
    class OfRestClient {

        @Test
        void runsAMethodOnce(@Autowired Payments payments) {
            assertRunsOnce(payments);
        }
    }

    @Nested
    @JsonTest
    @Import(Payments.class)
    class OfJson {

        @Test
        void runsAMethodOnce(@Autowired Payments payments) {
            assertRunsOnce(payments);
        }
    }

    /** Stands for the slices that do not import what protects. */
    @Nested
    @SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.NONE)
    @OverrideAutoConfiguration(enabled = false)
    @AutoConfigureIdempotency
    class OfAnythingElse {

        @Test
        void runsAMethodOnceWhereTheTestSaysSo(@Autowired Payments payments) {
            assertRunsOnce(payments);
        }
    }

    @EnableAutoConfiguration
    @Import({Payments.class, PaymentController.class})
    static class Bare {}

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void saysThatNothingProtects(CapturedOutput output) {
        try (var context = new SpringApplicationBuilder(Bare.class)
                .web(WebApplicationType.NONE)
                .run("--spring.boot.enableautoconfiguration=false")) {
            assertThat(context.getBean(Payments.class).pay("1")).isEqualTo("paid 1");
        }
        assertThat(output)
                .contains(UNPROTECTED)
                .contains("Payments.pay")
                .contains("PaymentController.pay")
                .contains("@AutoConfigureIdempotency");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void saysNothingWhereMethodsAreProtectedOrSwitchedOff(CapturedOutput output) {
        new SpringApplicationBuilder(Payments.class, Automatic.class)
                .web(WebApplicationType.NONE)
                .run("--idempotent.enabled=false", "--spring.autoconfigure.exclude=" + DATA_SOURCE)
                .close();

        assertThat(output).doesNotContain(UNPROTECTED);
    }

    private static final String DATA_SOURCE = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration";

    @EnableAutoConfiguration
    static class Automatic {}

    @Test
    void everySliceImportsAllThatAnApplicationDoes() throws IOException {
        Resource[] resources = new PathMatchingResourcePatternResolver()
                .getResources("classpath*:META-INF/spring/*.AutoConfigure*.imports");
        List<String> expected = new ArrayList<>(lines(new PathMatchingResourcePatternResolver()
                .getResource("classpath:META-INF/spring/" + EnableAutoConfiguration.class.getPackageName()
                        + ".AutoConfiguration.imports")));
        // What operators ask for, and what is sent to brokers, is no part of a slice.
        assertThat(expected.removeAll(List.of(
                        "io.idempotent.spring.autoconfigure.KafkaMessagingAutoConfiguration",
                        "io.idempotent.spring.autoconfigure.RabbitMessagingAutoConfiguration",
                        "io.idempotent.spring.autoconfigure.IdempotencyEndpointAutoConfiguration",
                        "io.idempotent.spring.autoconfigure.IdempotencyObservationAutoConfiguration",
                        "io.idempotent.spring.autoconfigure.StoreHealthAutoConfiguration")))
                .isTrue();
        assertThat(expected).hasSizeGreaterThan(1);
        expected.add("io.idempotent.spring.autoconfigure.SliceAutoConfiguration");
        int slices = 0;
        for (Resource resource : resources) {
            List<String> lines = lines(resource);
            if (lines.contains("io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration")) {
                slices++;
                assertThat(lines).as(resource.toString()).containsAll(expected);
            }
        }
        assertThat(slices).isEqualTo(9);
    }

    private static List<String> lines(Resource resource) throws IOException {
        return Arrays.asList(resource.getContentAsString(StandardCharsets.UTF_8).split("\\R"));
    }
}
