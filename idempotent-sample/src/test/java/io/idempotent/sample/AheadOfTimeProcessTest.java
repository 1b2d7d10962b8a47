package io.idempotent.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** The sample itself as {@code process-aot} processed it, and not a test's own context: its main method starts it. */
@AheadOfTime
@EnabledIfSystemProperty(named = "spring.aot.enabled", matches = "true")
class AheadOfTimeProcessTest {

    @Test
    void theProcessedApplicationChargesOnce(@TempDir Path data) throws IOException {
        try (SampleProcess sample = SampleProcess.start("default", 0, data, Duration.ofSeconds(30))) {
            assertThat(sample.output()).contains("Starting AOT-processed SampleApplication");
            SampleClient client = sample.client();

            assertThat(client.pay("req-aot", "12.50").body())
                    .isEqualTo(client.pay("req-aot", "12.50").body());
            assertThat(client.charges("req-aot")).isEqualTo(1);
        }
    }
}
