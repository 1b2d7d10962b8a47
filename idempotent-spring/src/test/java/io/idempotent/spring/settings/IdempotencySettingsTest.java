package io.idempotent.spring.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdempotencySettingsTest {

    private static final OperationSettings SECOND = EnvironmentSettings.ofOperation(Map.of("lease", "1s"));

    private static IdempotencySettings ofOperations(Map<String, OperationSettings> operations) {
        IdempotencySettings unsaid = IdempotencySettings.of(Map.of());
        return new IdempotencySettings(
                unsaid.defaults(),
                unsaid.global(),
                unsaid.async(),
                unsaid.caffeine(),
                unsaid.jdbc(),
                unsaid.messaging(),
                unsaid.nearCache(),
                unsaid.observation(),
                unsaid.recovery(),
                unsaid.redis(),
                unsaid.web(),
                operations);
    }

    @Test
    void differentSettingsForTwoNamesOfOneOperationAreRefused() {
        OperationSettings other = EnvironmentSettings.ofOperation(Map.of("lease", "2s"));
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> ofOperations(Map.of("pay-now", SECOND, "payNow", other)))
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains("'pay-now'").contains("'payNow'");
                    assertThat(refusal.action()).isEqualTo("Keep one of them");
                });
    }

    @Test
    void twoNamesWithTheSameSettingsAreOneOperation() {
        IdempotencySettings settings = ofOperations(Map.of("pay-now", SECOND, "payNow", SECOND));
        assertThat(settings.operation("PAY_NOW")).isEqualTo(SECOND);
        assertThat(settings.unknownOperations(Set.of())).hasSize(1);
    }
}
