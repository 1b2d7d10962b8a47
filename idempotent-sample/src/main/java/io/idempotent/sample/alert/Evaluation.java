package io.idempotent.sample.alert;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * A monitoring rule was evaluated, and its threshold exceeded.
 *
 * @param ruleId the rule
 * @param evaluatedAt the time that it was evaluated for
 * @param value what it found
 */
@JsonPropertyOrder({"ruleId", "evaluatedAt", "value"})
record Evaluation(
        @NotBlank @Pattern(regexp = "\\P{Cntrl}{1,64}") String ruleId,
        @NotNull Instant evaluatedAt,

        @NotNull @JsonFormat(shape = JsonFormat.Shape.STRING)
        BigDecimal value) {}
