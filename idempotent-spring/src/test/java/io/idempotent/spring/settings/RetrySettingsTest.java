package io.idempotent.spring.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which settings of retries say something. */
class RetrySettingsTest {

    static Iterable<String> names() {
        return SettingRecords.names(RetrySettings.class);
    }

    @ParameterizedTest
    @MethodSource("names")
    void eachSettingSaysSomething(String name) {
        String value = name.matches(".*cludes")
                ? "java.io.IOException"
                : name.matches(".*(delay|jitter|timeout)") ? "1s" : "1";

        assertThat(EnvironmentSettings.ofOperation(Map.of("retry." + name, value))
                        .retry()
                        .isUnsaid())
                .isFalse();
    }

    @Test
    void noneSaysNothing() {
        assertThat(RetrySettings.UNSAID.isUnsaid()).isTrue();
        assertThat(RetrySettings.ofMaxRetries(1).isUnsaid()).isFalse();
    }
}
