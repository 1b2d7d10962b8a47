package io.idempotent.spring.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import java.net.URI;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.util.unit.DataSize;

/** What can be configured for HTTP endpoints. */
public class WebSettingsTest {

    /** All of them, each other than by default. */
    public static String[] properties() {
        return new String[] {
            "idempotent.web.header=X-Request-Key",
            "idempotent.web.scope=shared",
            "idempotent.web.maximum-body-size=2KB",
            "idempotent.web.maximum-response-size=3KB",
            "idempotent.web.fingerprint-headers=X-Tenant, Accept",
            "idempotent.web.recorded-headers=Location",
            "idempotent.web.released-statuses=503,4XX",
            "idempotent.web.unknown-statuses=5xx",
            "idempotent.web.problem-base=https://example.com/problems/",
            "idempotent.web.documentation=https://example.com/keys"
        };
    }

    /** What they come to. */
    public static final WebSettings EXPECTED = new WebSettings(
            "X-Request-Key",
            WebSettings.Scope.SHARED,
            DataSize.ofKilobytes(2),
            DataSize.ofKilobytes(3),
            List.of("X-Tenant", "Accept"),
            List.of("Location"),
            List.of("503", "4xx"),
            List.of("5xx"),
            URI.create("https://example.com/problems/"),
            URI.create("https://example.com/keys"));

    private static WebSettings read(String... properties) {
        MockEnvironment environment = new MockEnvironment();
        for (String property : properties) {
            int equals = property.indexOf('=');
            environment.setProperty(property.substring(0, equals), property.substring(equals + 1));
        }
        return EnvironmentSettings.read(environment, WebSettingsTest.class.getClassLoader())
                .web();
    }

    @Test
    void nothingSaidIsEveryDefault() {
        assertThat(read()).isEqualTo(WebSettings.DEFAULTS);
    }

    @Test
    void readsEachOfThem() {
        assertThat(read(properties())).isEqualTo(EXPECTED);
    }

    @ParameterizedTest
    @CsvSource({
        "header, a key",
        "header, ''",
        "fingerprint-headers, 'Accept, ,X'",
        "recorded-headers, Location:",
        "scope, everybody",
        "maximum-body-size, big",
        "maximum-body-size, -1B",
        "maximum-response-size, 2GB",
        "released-statuses, 5yy",
        "released-statuses, 600",
        "unknown-statuses, 503",
        "unknown-statuses, 5",
        "problem-base, 'not an address'",
    })
    void whatCannotBeIsRefused(String property, String value) {
        if (value.isEmpty()) {
            // Blank is not said, in properties; a bean may say it.
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> new WebSettings(
                            "",
                            WebSettings.Scope.CALLER,
                            DataSize.ofBytes(1),
                            DataSize.ofBytes(1),
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(),
                            URI.create("https://example.com/"),
                            null));
            return;
        }
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> read("idempotent.web." + property + "=" + value))
                .withMessageContaining("idempotent.web." + property);
    }

    @Test
    void namesOfNoPropertyAreRefused() {
        assertThat(Stream.of("web.headers", "web.scopes", "web"))
                .allSatisfy(name -> assertThatExceptionOfType(IdempotencyConfigurationException.class)
                        .isThrownBy(() -> read("idempotent." + name + "=x")));
    }
}
